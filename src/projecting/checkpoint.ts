// How far something has followed the log, and how it knows the log again.

import type { Document } from '../documents/port.ts'
import { keepsOnlyNewest } from '../domain/streams.ts'
import { type EventStore, type Position, type RecordedEvent, start } from '../eventstore/port.ts'

/** An event that stays in the log for ever: a log without it is another log. */
export interface Anchor {
  readonly position: Position
  readonly id: string
}

export interface Checkpoint {
  /** Everything up to here has been taken in. */
  readonly position: Position
  /** The newest event at or before it in a stream that keeps everything; undefined before the first. */
  readonly anchor: Anchor | undefined
}

export const atStart: Checkpoint = { position: start, anchor: undefined }

/** The checkpoint after these events, which follow it and end at `position`. */
export function advanced(from: Checkpoint, events: readonly RecordedEvent[], position: Position): Checkpoint {
  const newest = events.findLast((event) => !keepsOnlyNewest(event.stream))
  return { position, anchor: newest ? { position: newest.position, id: newest.id } : from.anchor }
}

export const toRecord = ({ position, anchor }: Checkpoint): Document => ({ position, anchor: anchor ?? null })

export function fromRecord(value: Document): Checkpoint {
  // `toRecord` wrote it.
  const { position, anchor } = value as { readonly position: Position; readonly anchor: Anchor | null }
  return { position, anchor: anchor ?? undefined }
}

/** False when the checkpoint was made on another log. */
export async function isOfLog(store: EventStore, { anchor }: Checkpoint): Promise<boolean> {
  if (anchor === undefined) return true
  const event = await store.at(anchor.position)
  return event?.id === anchor.id
}
