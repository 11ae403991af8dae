// A document whose fold failed is put aside, with its later events, so that the rest can go on.

import type { Document } from '../documents/port.ts'
import type { Revision } from '../eventstore/port.ts'

export interface Parked {
  readonly projection: string
  /** The collection it lies in. */
  readonly build: string
  /** `stream:<stream>` where not even the document could be told: then all documents of that stream are parked. */
  readonly documentId: string
  readonly stream: string
  /** Revision of the event that could not be folded. */
  readonly fromRevision: Revision
  /** Revision of the newest event that was left out. */
  throughRevision: Revision
  /** How many events were left out. */
  events: number
  /** What went wrong and where in the code; never a text that someone wrote. */
  readonly error: string
}

export const parkedKey = (build: string, documentId: string): string => `parked/${build}/${documentId}`
export const parkedPrefix = (build: string): string => `parked/${build}/`
export const parkedStreamId = (stream: string): string => `stream:${stream}`

export const parkedToRecord = (parked: Parked): Document => ({ ...parked })

/** `parkedToRecord` wrote it. */
export const parkedFromRecord = (value: Document): Parked => ({ ...value }) as unknown as Parked

/** The kind of an error and where it was thrown. Its message is left out: it may quote what someone wrote. */
export function whatAndWhere(error: unknown): string {
  if (!(error instanceof Error)) return 'something that is no Error was thrown'
  const frame = error.stack?.split('\n').find((line) => line.startsWith('    at '))
  return frame === undefined ? error.name : `${error.name} ${frame.trim()}`
}
