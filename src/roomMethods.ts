// What the command line can ask about rooms.

import { z } from 'zod'
import { rooms } from '../projections/rooms.ts'
import type { Commands } from './commands/commands.ts'
import { unlessUnavailable } from './commands/input.ts'
import { newUuid } from './commands/occasion.ts'
import { RoomCommands } from './commands/rooms.ts'
import type { ReadModels } from './projecting/readModels.ts'

type Method = (params: unknown) => Promise<unknown>

export interface RoomMethodsOptions {
  readonly commands: Commands
  readonly readModels: ReadModels
}

const created = z.object({ name: z.string(), slug: z.string().optional(), topic: z.string().optional() })
const listed = z.object({
  /** Private and archived rooms too. */
  all: z.boolean().default(false),
  skip: z.number().int().min(0).default(0),
})

/** Rooms in one answer. */
const pageSize = 1_000

export function roomMethodsOf({ commands, readModels }: RoomMethodsOptions): Readonly<Record<string, Method>> {
  const create: Method = async (params) => {
    const asked = created.parse(params)
    // Nobody made it: events of the operator have no actor.
    const outcome = await unlessUnavailable(() =>
      new RoomCommands(commands).createByOperator(asked, { correlationId: newUuid() }),
    )
    if (outcome.kind === 'refused') return { refused: { code: outcome.code, detail: outcome.detail } }
    const { roomId, state } = outcome
    if (state.status === 'none') throw new Error('There is no room after the command.')
    return {
      room: {
        id: roomId,
        name: 'name' in state ? state.name : asked.name,
        slug: 'slug' in state ? (state.slug ?? null) : null,
      },
    }
  }

  const list: Method = async (params) => {
    const { all, skip } = listed.parse(params)
    const found = await readModels.find(rooms, {
      ...(all ? undefined : { filter: { visibility: 'PUBLIC', archived: false } }),
      sort: { nameKey: 1 },
      skip,
      limit: pageSize + 1,
    })
    return {
      rooms: found.slice(0, pageSize).map(({ id, document }) => ({
        ...{ id, name: document.name, slug: document.slug ?? null, visibility: document.visibility },
        ...{ archived: document.archived, members: document.memberCount, messages: document.lastNumber },
        ...{ createdAt: document.createdAt, activeAt: document.activeAt },
      })),
      more: found.length > pageSize,
    }
  }

  return { 'rooms.create': create, 'rooms.list': list }
}
