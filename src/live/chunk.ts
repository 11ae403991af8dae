// Neighbouring events of one conversation as the frames of one group show them: bytes that can be cut between any two of them.

import { type FeedEvent, tellsFrom } from './event.ts'
import type { MadeFrame } from './madeFrame.ts'

export interface Chunk {
  /** Revisions of its first event and of its last. */
  readonly from: number
  readonly through: number
  /** Where the feed stands after it. */
  readonly cursor: string
  /** JSON of its events in UTF-8, with commas between them. */
  readonly bytes: Uint8Array
  readonly events: readonly ChunkEvent[]
  /** Revisions that sent the messages that it shows. */
  readonly shows: ReadonlySet<number>
  /** Something in it is as it was at the moment of its making, whatever happens. */
  readonly passing: boolean
}

interface ChunkEvent {
  readonly revision: number
  /** Where it begins among the bytes. */
  readonly start: number
  /** The earliest revision that this one, or one after it, tells something of. */
  readonly earliest: number
}

/** @param events one after the other, which the frame shows one by one. @returns undefined where the frame cannot be cut */
export function chunkOf(events: readonly FeedEvent[], { cuts }: MadeFrame): Chunk | undefined {
  const [first, last] = [events[0], events.at(-1)]
  if (!first || !last || cuts?.starts.length !== events.length) return undefined
  const begin = cuts.starts[0] ?? 0
  const parts: ChunkEvent[] = []
  let earliest = Number.POSITIVE_INFINITY
  for (let index = events.length - 1; index >= 0; index--) {
    const event = events[index]
    const start = cuts.starts[index]
    if (!event || start === undefined) return undefined
    earliest = Math.min(earliest, tellsFrom(event))
    parts.push({ revision: event.revision, start: start - begin, earliest })
  }
  return {
    from: first.revision,
    through: last.kind === 'skipped' ? last.throughRevision : last.revision,
    cursor: last.cursor,
    bytes: cuts.bytes.subarray(begin, cuts.end),
    events: parts.reverse(),
    shows: new Set(events.map(tellsFrom).filter(Number.isFinite)),
    // It shows the time of its delivery.
    passing: events.some(({ kind }) => kind === 'skipped'),
  }
}

const comma = Buffer.from(',')

/**
 * The same bytes in memory of their own. Small buffers are pieces of much larger ones, all of which would stay with each of them.
 */
export const owned = (bytes: Uint8Array): Uint8Array => new Uint8Array(bytes)

/** Both as one. @param after begins where the first ends */
export function joined(before: Chunk, after: Chunk): Chunk {
  const shift = before.bytes.byteLength + comma.byteLength
  const earliestAfter = after.events[0]?.earliest ?? Number.POSITIVE_INFINITY
  const bytes = new Uint8Array(shift + after.bytes.byteLength)
  bytes.set(before.bytes)
  bytes.set(comma, before.bytes.byteLength)
  bytes.set(after.bytes, shift)
  return {
    from: before.from,
    through: after.through,
    cursor: after.cursor,
    bytes,
    events: [
      ...before.events.map((event) => ({ ...event, earliest: Math.min(event.earliest, earliestAfter) })),
      ...after.events.map((event) => ({ ...event, start: event.start + shift })),
    ],
    shows: before.shows.union(after.shows),
    passing: before.passing || after.passing,
  }
}

export interface Cut {
  /** With commas between them. */
  readonly parts: readonly Uint8Array[]
  readonly earliest: number
}

/** What follows a place. @param chunks one right after the other. @returns undefined where no event begins at the revision */
export function cutFrom(chunks: readonly Chunk[], revision: number): Cut | undefined {
  const [first, ...rest] = chunks
  const at = first && eventAt(first, revision)
  if (!at) return undefined
  const parts = [first.bytes.subarray(at.start)]
  let { earliest } = at
  for (const { bytes, events } of rest) {
    parts.push(comma, bytes)
    earliest = Math.min(earliest, events[0]?.earliest ?? Number.POSITIVE_INFINITY)
  }
  return { parts, earliest }
}

function eventAt({ events }: Chunk, revision: number): ChunkEvent | undefined {
  let [low, high] = [0, events.length - 1]
  while (low <= high) {
    const middle = (low + high) >> 1
    const event = events[middle]
    if (!event || event.revision === revision) return event
    if (event.revision < revision) low = middle + 1
    else high = middle - 1
  }
  return undefined
}
