// An export, line by line: what it is, the events in the order of the log, and how many there were.

import { keepsOnlyNewest } from '../domain/streams.ts'
import type { Json, Metadata, NewEvent, RecordedEvent, Revision } from '../eventstore/port.ts'

/** The version that is written, and the highest that is understood. A changed meaning is a new version. */
export const formatVersion = 1

/** The first line. Nothing in it is of this export alone: the same log always makes the same file. */
export const header = `{"format":"parley-log","version":${formatVersion}}`

/** An event without its place in the log, which every log gives anew. */
export interface TransferredEvent extends NewEvent {
  readonly stream: string
  /** Absent where the stream keeps only its newest event: such revisions begin anew in another log. */
  readonly revision?: Revision
}

/** The last line: without it an export is not complete. */
export interface Trailer {
  readonly events: number
  /** Of all bytes before this line, in hexadecimal. */
  readonly sha256: string
}

export type Content = { readonly event: TransferredEvent } | { readonly end: Trailer }

/** An export or import cannot be done. The message says what to do. */
export class CannotTransfer extends Error {
  override readonly name = 'CannotTransfer'
}

/** A line is no event and no end. The message says what is wrong with it. */
export class BadLine extends Error {
  override readonly name = 'BadLine'
}

/**
 * One line, without its end. The facts of a damaged event cannot be read: it goes without them, and is as unreadable
 * in the other log as it is in this one.
 */
export function lineOf({ id, stream, revision, type, metadata, data, body }: TransferredEvent): string {
  const place = keepsOnlyNewest(stream) ? { id, stream } : { id, stream, revision }
  // `body` comes last, so that it can be taken away without moving anything; undefined is left out.
  return JSON.stringify({ ...place, type, metadata, data, body })
}

/** What of a stored event goes along. */
export function transferred({ position: _, damaged: __, ...event }: RecordedEvent): TransferredEvent {
  if (!keepsOnlyNewest(event.stream)) return event
  const { revision: ___, ...rest } = event
  return rest
}

export const trailerOf = (end: Trailer): string => JSON.stringify({ end })

/** @throws {CannotTransfer} where this is not the first line of an export, or of one that cannot be read by this version */
export function checkHeader(text: string, path: string): void {
  const line = objectOf(text)
  if (line?.format !== 'parley-log' || typeof line.version !== 'number')
    throw new CannotTransfer(
      `${path} is no export of Parley, or its beginning is missing. Give a file that "parley export" made.`,
    )
  if (line.version > formatVersion)
    throw new CannotTransfer(
      `${path} was written by a newer Parley (format ${line.version}; this one knows ${formatVersion}). Use that one, or a later one.`,
    )
}

/** @throws {BadLine} */
export function contentOf(text: string): Content {
  const line = objectOf(text)
  if (line === undefined) throw new BadLine('It is no JSON object.')
  if ('end' in line) return { end: endOf(line.end) }
  const { id, stream, revision, type, metadata, data, body } = line
  if (typeof id !== 'string' || !uuid.test(id)) throw new BadLine('Its id is no lower-case UUID.')
  if (typeof stream !== 'string' || stream === '') throw new BadLine('It names no stream.')
  if (typeof type !== 'string' || type === '') throw new BadLine('It has no type.')
  if (!isObject(metadata) || !Object.values(metadata).every((value) => typeof value === 'string'))
    throw new BadLine('Its metadata are no texts.')
  if (!isObject(data)) throw new BadLine('Its data are no object.')
  if (body !== undefined && !isObject(body)) throw new BadLine('Its body is no object.')
  // Each value was looked at above.
  const facts = { id, type, metadata: metadata as Metadata, data, stream, ...(body === undefined ? {} : { body }) }
  if (keepsOnlyNewest(stream)) return { event: facts }
  if (typeof revision !== 'number' || !Number.isSafeInteger(revision) || revision < 0)
    throw new BadLine('It has no revision.')
  return { event: { ...facts, revision } }
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)

function objectOf(text: string): Json | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

function endOf(end: unknown): Trailer {
  if (isObject(end) && typeof end.events === 'number' && typeof end.sha256 === 'string')
    return { events: end.events, sha256: end.sha256 }
  throw new BadLine('It ends the export, but does not say with how many events.')
}
