// The log as lines of an export.

import { categoryOf } from '../domain/streams.ts'
import { type EventStore, type Position, type RecordedEvent, start } from '../eventstore/port.ts'
import type { Mark } from './census.ts'
import { CannotTransfer, lineOf, transferred } from './format.ts'

interface ReadingOptions {
  readonly store: EventStore
  /** Begins behind this event. */
  readonly after?: Mark | undefined
  readonly signal: AbortSignal
}

export interface LinesOfLog {
  readonly lines: readonly string[]
  /** Of the last of them. */
  readonly position: Position
  /** Events among them whose stored bytes cannot be read: each as `room-…, revision 5`. */
  readonly damaged: readonly string[]
}

/** Characters handed on at once, about: they travel through a socket as one message. */
const enough = 262_144

/**
 * All events after the mark, to the end of the log as it is when it is reached. So the newest event of each stream is
 * among them, however many are appended meanwhile.
 *
 * @throws {CannotTransfer} the log does not hold the event that it is to begin behind
 */
export async function* linesOfLog({
  store,
  after,
  signal,
}: ReadingOptions): AsyncGenerator<LinesOfLog, void, undefined> {
  const from = after === undefined ? start : await positionOf(store, after)
  for await (const page of store.readAll({ after: from, signal })) {
    let lines: string[] = []
    let damaged: string[] = []
    let length = 0
    for (const event of page) {
      const line = lineOf(transferred(event))
      if (event.damaged !== undefined) damaged.push(placeOf(event))
      lines.push(line)
      length += line.length
      if (length < enough) continue
      yield { lines, position: event.position, damaged }
      lines = []
      damaged = []
      length = 0
    }
    const position = page.at(-1)?.position
    if (position !== undefined && lines.length > 0) yield { lines, position, damaged }
  }
}

async function positionOf(store: EventStore, { stream, revision, id }: Mark): Promise<Position> {
  for await (const page of store.readStream(stream, { from: revision, limit: 1 })) {
    const event = page[0]
    if (event?.id === id && event.revision === revision) return event.position
  }
  throw new CannotTransfer(
    `The file ends with an event of a ${categoryOf(stream)} that this log does not have: it was exported from another log, or from a later state of this one. Export into another file.`,
  )
}

const placeOf = ({ stream, revision }: RecordedEvent): string => `${stream}, revision ${revision}`
