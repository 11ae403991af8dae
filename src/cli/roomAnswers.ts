// What the methods about rooms answer with.

import { z } from 'zod'

/** Result of `rooms.create`. */
export const roomAnswer = z.union([
  z.object({ room: z.object({ id: z.string(), name: z.string(), slug: z.string().nullable() }) }),
  z.object({ refused: z.object({ code: z.string(), detail: z.string() }) }),
])

/** Result of `rooms.list`: some of them by name, and whether there are more after these. */
export const roomList = z.object({
  rooms: z.array(
    z.object({
      id: z.string(),
      name: z.string(),
      slug: z.string().nullable(),
      visibility: z.string(),
      archived: z.boolean(),
      members: z.number(),
      messages: z.number(),
      createdAt: z.string(),
      activeAt: z.string(),
    }),
  ),
  more: z.boolean(),
})
