// What the methods about accounts answer, on a running server or without one.

import { z } from 'zod'

const account = z.object({
  id: z.string(),
  username: z.string(),
  displayName: z.string(),
  kind: z.string(),
  serverRole: z.string(),
  disabled: z.boolean(),
})

/** `users.list` */
export const userList = z.object({
  users: z.array(account.extend({ createdAt: z.string() })),
  /** The first name of the next page; null on the last one. */
  next: z.string().nullable(),
})

/** All others: the account as it is after, or why the command was refused. */
export const userAnswer = z.union([
  z.object({ refused: z.object({ code: z.string(), detail: z.string() }) }),
  z.object({
    user: account,
    /** False where it was so before. */
    changed: z.boolean(),
  }),
])
