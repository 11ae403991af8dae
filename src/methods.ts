// What the command line can ask of a server, or of a data folder on which none runs.

import { z } from 'zod'
import { reservations } from './commands/aggregate.ts'
import type { Commands } from './commands/commands.ts'
import { lookAtStores } from './doctor/stores.ts'
import type { Documents } from './documents/port.ts'
import { parseId } from './domain/ids.ts'
import { conversationStream, slugStream } from './domain/streams.ts'
import type { EventStore, Position, RecordedEvent } from './eventstore/port.ts'
import { start } from './eventstore/port.ts'
import { statsOf } from './eventstore/stats.ts'
import { logProgress } from './logProgress.ts'
import type { Forgetting } from './processes/forgetting.ts'
import type { Projecting } from './projecting/projecting.ts'
import { roomMethodsOf } from './roomMethods.ts'
import { transferMethodsOf } from './transferMethods.ts'
import { userMethodsOf } from './userMethods.ts'

type Method = (params: unknown, emit: (progress: object) => Promise<void>, signal: AbortSignal) => Promise<unknown>

export interface MethodsOptions {
  readonly store: EventStore
  readonly documents: Documents
  readonly projecting: Projecting
  readonly commands: Commands
  readonly forgetting?: Forgetting
  /** Events in a batch of a rebuild: large where nobody else is served. */
  readonly batch: number
}

const choice = z.union([z.object({ all: z.literal(true) }), z.object({ names: z.array(z.string()) })])
const eventsRead = z.object({
  stream: z.string().optional(),
  conversation: z.string().optional(),
  type: z.string().optional(),
  after: z.string().optional(),
  limit: z.number().int().positive().optional(),
  follow: z.boolean().optional(),
})

/** Events that are looked through before those that match are sent on. */
const pageSize = 500

export function methodsOf(options: MethodsOptions): Readonly<Record<string, Method>> {
  const { store, documents, projecting, commands, forgetting, batch } = options

  const list: Method = async () => ({
    projections: await Promise.all(
      projecting.status().map(async ({ collection, parked, ...status }) => ({
        ...status,
        documents: collection === undefined ? 0 : await documents.count(collection, {}),
        parked: parked.length,
      })),
    ),
  })

  const rebuild: Method = async (params, emit, signal) => {
    const report = await logProgress(store, emit)
    const began = performance.now()
    const results = await projecting.rebuild(chosen(params), { onProgress: report, signal, batch })
    const seconds = (performance.now() - began) / 1_000
    return {
      projections: await Promise.all(
        results.map(async ({ name, events, collection }) => ({
          name,
          events,
          documents: await documents.count(collection, {}),
          seconds,
        })),
      ),
    }
  }

  const verify: Method = async (params, emit, signal) => {
    const names = chosen(params)
    const report = await logProgress(store, emit)
    const hold = forgetting ? { hold: () => forgetting.hold() } : {}
    const results = await projecting.verify(names, { onProgress: report, signal, ...hold })
    const compared = results.map(({ name, documents: count, differences, differenceCount, parked }) => ({
      name,
      compared: count,
      differences: differenceCount + parked.length,
      examples: [...differences.map(({ id, kind }) => `${id} (${kind})`), ...parked.map((id) => `${id} (parked)`)],
    }))
    if (names !== 'all') return { projections: compared }
    const snapshots = await commands.verifySnapshots()
    const found = { name: 'snapshots', compared: snapshots.compared, differences: snapshots.different.length }
    return { projections: [...compared, { ...found, examples: snapshots.different }] }
  }

  const read: Method = async (params, emit, signal) => {
    const asked = eventsRead.parse(params)
    const stream =
      asked.stream ?? (asked.conversation === undefined ? undefined : await streamOf(commands, asked.conversation))
    let left = asked.limit ?? Number.POSITIVE_INFINITY
    const send = async (page: readonly RecordedEvent[]): Promise<void> => {
      const events = page
        .filter(
          (event) =>
            (stream === undefined || event.stream === stream) &&
            (asked.type === undefined || event.type === asked.type),
        )
        .slice(0, left)
      left -= events.length
      if (events.length > 0) await emit({ events })
    }
    const pages = asked.follow ? following(store, asked.after, signal) : stored(store, stream, asked.after, signal)
    for await (const page of pages) {
      await send(page)
      if (left <= 0) break
    }
    return {}
  }

  return {
    'projections.list': list,
    'projections.rebuild': rebuild,
    'projections.verify': verify,
    'events.read': read,
    'events.stats': async (_, emit, signal) =>
      await statsOf({ store, onProgress: await logProgress(store, emit), signal }),
    'doctor.look': async () => ({ pid: process.pid, ...(await lookAtStores({ store, documents, commands })) }),
    ...transferMethodsOf({ store, forgetting }),
    ...userMethodsOf({ commands, readModels: projecting.readModels }),
    ...roomMethodsOf({ commands, readModels: projecting.readModels }),
  }
}

function chosen(params: unknown): readonly string[] | 'all' {
  const parsed = choice.parse(params)
  return 'all' in parsed ? 'all' : parsed.names
}

async function* stored(store: EventStore, stream: string | undefined, after: string | undefined, signal: AbortSignal) {
  if (stream === undefined) yield* store.readAll({ after: positionOf(store, after), pageSize, signal })
  else yield* store.readStream(stream, { from: after === undefined ? 0 : revisionOf(after) + 1, pageSize, signal })
}

async function* following(store: EventStore, after: string | undefined, signal: AbortSignal) {
  const from = after === undefined ? await store.end() : positionOf(store, after)
  for await (const { events } of store.subscribe({ after: from, pageSize, signal })) yield events
}

function positionOf(store: EventStore, after: string | undefined): Position {
  if (after === undefined) return start
  if (store.isPosition(after)) return after
  throw new Error(`"${after}" is no position. Give the "position" of an event, as "events cat --json" shows it.`)
}

function revisionOf(after: string): number {
  const revision = Number(after)
  if (Number.isSafeInteger(revision) && revision >= -1) return revision
  throw new Error(`"${after}" is no revision. With a stream, --after takes the revision of an event: 0, 1, 2 …`)
}

/** By id or slug. */
async function streamOf(commands: Commands, conversation: string): Promise<string> {
  const parsed = parseId(conversation)
  if (parsed?.type === 'room' || parsed?.type === 'dm') return conversationStream(parsed.id)
  const { state } = await commands.load(reservations, slugStream(conversation))
  const owner = state.status === 'claimed' ? parseId(state.owner) : undefined
  if (owner?.type === 'room') return conversationStream(owner.id)
  throw new Error(`There is no conversation "${conversation}". Give a room's slug or id.`)
}
