// What a log holds, counted in one pass.

import { categoryOf } from '../domain/streams.ts'
import type { EventStore, Position, RecordedEvent } from './port.ts'

interface Count {
  events: number
  /** Of data, body and metadata as JSON, in UTF-8. An engine's file takes more, for its indexes. */
  bytes: number
}

export interface LogStats extends Readonly<Count> {
  /** The most frequent first. */
  readonly types: readonly ({ readonly type: string } & Readonly<Count>)[]
  readonly categories: readonly ({ readonly category: string; readonly streams: number } & Readonly<Count>)[]
  /** When the first and the last event happened; absent where the log is empty. */
  readonly first?: string
  readonly last?: string
}

interface StatsOptions {
  readonly store: EventStore
  /** Called after each page with how far it has come. */
  readonly onProgress: (progress: { readonly events: number; readonly position: Position }) => void
  readonly signal: AbortSignal
}

/** @throws the signal's reason */
export async function statsOf({ store, onProgress, signal }: StatsOptions): Promise<LogStats> {
  const all: Count = { events: 0, bytes: 0 }
  const types = new Map<string, Count>()
  const categories = new Map<string, Count & { streams: Set<string> }>()
  let [first, last]: (string | undefined)[] = []
  for await (const page of store.readAll({ signal })) {
    for (const event of page) {
      const bytes = bytesOf(event)
      const category = categoryOf(event.stream)
      const ofType = types.get(event.type) ?? { events: 0, bytes: 0 }
      const ofCategory = categories.get(category) ?? { events: 0, bytes: 0, streams: new Set() }
      types.set(event.type, ofType)
      categories.set(category, ofCategory)
      ofCategory.streams.add(event.stream)
      for (const count of [all, ofType, ofCategory]) {
        count.events += 1
        count.bytes += bytes
      }
      const { occurredAt } = event.metadata
      first ??= occurredAt
      last = occurredAt ?? last
    }
    const position = page.at(-1)?.position
    if (position !== undefined) onProgress({ events: all.events, position })
  }
  const frequent = (a: Count, b: Count): number => b.events - a.events
  return {
    ...all,
    types: [...types].map(([type, count]) => ({ type, ...count })).sort(frequent),
    categories: [...categories]
      .map(([category, { streams, ...count }]) => ({ category, streams: streams.size, ...count }))
      .sort(frequent),
    ...(first === undefined ? {} : { first }),
    ...(last === undefined ? {} : { last }),
  }
}

function bytesOf({ data, body, metadata }: RecordedEvent): number {
  const parts = body === undefined ? [data, metadata] : [data, body, metadata]
  return parts.reduce((bytes, part) => bytes + Buffer.byteLength(JSON.stringify(part)), 0)
}
