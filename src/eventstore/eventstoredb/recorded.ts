// What the client delivers, as the events that Parley sees. Whatever somebody else wrote among Parley's streams, and
// what has been damaged, becomes an event that says so: it is for others to skip it.

import type { AllStreamResolvedEvent, ResolvedEvent } from '@eventstore/db-client'
import type { Json, Metadata, Position, RecordedEvent } from '../port.ts'
import { sealedField, supersededField } from './encode.ts'
import { isId } from './ids.ts'
import { type Place, positionOf } from './positions.ts'
import { unseal } from './sealing.ts'

/** An event whose body has not been opened. */
export interface Stored {
  readonly id: string
  readonly type: string
  readonly stream: string
  readonly revision: number
  readonly position: Position
  readonly data: Json
  readonly metadata: Metadata
  readonly sealed?: string
  /** Id of the sealed event that this one has superseded. */
  readonly superseded?: string
  readonly damaged?: string
}

/** A server that does not say where the events of a stream stand in the log. */
export class NoPosition extends Error {
  override readonly name = 'NoPosition'
  constructor() {
    super('The server does not say where events stand in the log: EventStoreDB 22.6 or later is needed.')
  }
}

/** As servers before 22.6 write that they do not know: -1 in 64 bits. */
const unknownOffset = 2n ** 64n - 1n

/** Where it stands, whoever wrote it. @throws {NoPosition} */
export function placeIn({ event, link }: AllStreamResolvedEvent | ResolvedEvent): Place {
  const position = (event ?? link)?.position
  if (position === undefined || position.commit === unknownOffset) throw new NoPosition()
  return position
}

/** Undefined where it stands in no stream of Parley's. @throws {NoPosition} */
export function storedIn(resolved: AllStreamResolvedEvent | ResolvedEvent, prefix: string): Stored | undefined {
  const { event } = resolved
  if (event === undefined || !event.streamId.startsWith(prefix)) return undefined
  const place = {
    id: event.id,
    type: event.type,
    stream: event.streamId.slice(prefix.length),
    revision: Number(event.revision),
    position: positionOf(placeIn(resolved)),
  }
  const damaged = (why: string): Stored => ({ ...place, data: {}, metadata: {}, damaged: why })
  // Where JSON cannot be parsed, the client delivers data as a text and metadata as bytes, and says nothing.
  if (!event.isJson) return damaged('Its content is no JSON: Parley did not write it.')
  if (!isObject(event.data)) return damaged('Its data is no JSON object.')
  const { metadata = {} } = event
  if (!isObject(metadata)) return damaged('Its metadata is no JSON object.')
  const { [sealedField]: sealed, [supersededField]: superseded } = metadata
  return {
    ...{ ...place, data: event.data, metadata: strings(metadata) },
    ...(typeof sealed === 'string' && { sealed }),
    ...(typeof superseded === 'string' && isId(superseded) && { superseded }),
  }
}

/** Events with their bodies, where there is a key. */
export const opened = (events: readonly Stored[], keys: ReadonlyMap<string, Uint8Array>): RecordedEvent[] =>
  events.map((event) => open(event, keys.get(event.id)))

function open({ sealed, superseded: _, ...event }: Stored, key: Uint8Array | undefined): RecordedEvent {
  if (sealed === undefined || key === undefined) return event
  const { id, type, stream, revision, position, data, metadata } = event
  const unsealed = unseal(sealed, id, key)
  if (unsealed.kind === 'forgotten') return event
  const body = unsealed.kind === 'json' ? objectOf(unsealed.json) : undefined
  if (body === undefined) return { ...event, data: {}, metadata: {}, damaged: 'Its sealed body is damaged.' }
  // Fields stand as in the embedded engine, so that all events have one shape.
  return { id, type, stream, revision, position, data, body, metadata }
}

function objectOf(json: string): Json | undefined {
  try {
    const value: unknown = JSON.parse(json)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

function strings(metadata: Json): Metadata {
  const found: Record<string, string> = {}
  for (const [name, value] of Object.entries(metadata)) {
    if (typeof value === 'string' && name !== sealedField && name !== supersededField) found[name] = value
  }
  return found
}

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array)
