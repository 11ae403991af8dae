// An event as strings: made once, on the main thread, to be measured, written and delivered.

import { AppendTooLarge, maxAppendBytes, type NewEvent } from '../port.ts'
import { isId } from './ids.ts'
import type { StoredEvent } from './protocol.ts'

/**
 * @throws {AppendTooLarge}
 * @throws {TypeError} where an id is no lower-case UUID
 */
export function encode(stream: string, events: readonly NewEvent[]): StoredEvent[] {
  const encoded = events.map((event): StoredEvent => {
    if (!isId(event.id)) throw new TypeError(`"${event.id}" is no id of an event: a lower-case UUID is needed.`)
    return {
      stream,
      id: event.id,
      type: event.type,
      data: JSON.stringify(event.data),
      body: event.body === undefined ? null : JSON.stringify(event.body),
      metadata: JSON.stringify(event.metadata),
      position: 0,
      revision: 0,
    }
  })
  measure(encoded)
  return encoded
}

/** UTF-16 code units of all strings of an event. */
export function lengthOf(event: StoredEvent): number {
  return event.type.length + event.data.length + event.metadata.length + (event.body?.length ?? 0)
}

function measure(events: readonly StoredEvent[]): void {
  let length = 0
  for (const event of events) length += lengthOf(event)
  // A code unit takes three bytes at most: so most appends need not be counted exactly.
  if (length * 3 <= maxAppendBytes) return
  let bytes = 0
  for (const { type, data, body, metadata } of events) {
    bytes += Buffer.byteLength(type) + Buffer.byteLength(data) + Buffer.byteLength(metadata)
    if (body !== null) bytes += Buffer.byteLength(body)
  }
  if (bytes > maxAppendBytes) throw new AppendTooLarge(bytes)
}
