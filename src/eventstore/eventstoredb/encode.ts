// An event as the client sends it: facts and metadata as JSON, the body sealed among the metadata.

import type { EventData } from '@eventstore/db-client'
import { AppendTooLarge, maxAppendBytes, type NewEvent } from '../port.ts'
import { isId } from './ids.ts'
import { seal } from './sealing.ts'

/** Where the sealed body stands in the metadata. */
export const sealedField = 'sealedBody'
/**
 * Where the metadata of an event in a stream that keeps only its newest names the sealed event that it has superseded: that one's
 * key goes, and whoever was to remove it may have died before.
 */
export const supersededField = 'supersedesSealed'

/** An event that was checked and measured. */
export interface Encoded {
  readonly event: NewEvent
  /** JSON */
  readonly body: string | undefined
  /** Of type, data and metadata, in UTF-8. */
  readonly bytes: number
}

/**
 * @throws {AppendTooLarge}
 * @throws {TypeError} where an id is no lower-case UUID
 */
export function encode(events: readonly NewEvent[]): Encoded[] {
  let total = 0
  const encoded = events.map((event): Encoded => {
    if (!isId(event.id)) throw new TypeError(`"${event.id}" is no id of an event: a lower-case UUID is needed.`)
    const body = event.body === undefined ? undefined : JSON.stringify(event.body)
    const bytes = [event.type, JSON.stringify(event.data), JSON.stringify(event.metadata)].reduce(
      (sum, text) => sum + Buffer.byteLength(text),
      0,
    )
    total += bytes + (body === undefined ? 0 : Buffer.byteLength(body))
    return { event, body, bytes }
  })
  if (total > maxAppendBytes) throw new AppendTooLarge(total)
  return encoded
}

/** The server counts a type twice, once for each byte of its UTF-16; and about this much for what stands around a body. */
const aroundBody = sealedField.length + 6
const aroundId = supersededField.length + 42

/**
 * Seals the bodies; one without a key is left out, for it was forgotten before it was written.
 *
 * @param superseded the sealed event that the last one supersedes
 * @throws {AppendTooLarge} sealing makes bodies longer: together they are more than the server takes
 */
export function sealed(
  events: readonly Encoded[],
  keys: ReadonlyMap<string, Uint8Array>,
  superseded?: string,
): EventData[] {
  let total = superseded === undefined ? 0 : aroundId
  const proposed = events.map(({ event, body, bytes }, index): EventData => {
    const { id, type, data, metadata } = event
    const key = keys.get(id)
    const text = body === undefined || key === undefined ? undefined : seal(body, id, key)
    total += bytes + type.length + (text === undefined ? 0 : text.length + aroundBody)
    const own = {
      ...(text !== undefined && { [sealedField]: text }),
      ...(superseded !== undefined && index === events.length - 1 && { [supersededField]: superseded }),
    }
    return { ...{ id, type, data, contentType: 'application/json' }, metadata: { ...metadata, ...own } }
  })
  if (total > maxAppendBytes) throw new AppendTooLarge(total)
  return proposed
}
