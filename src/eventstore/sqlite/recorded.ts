// Stored strings as the events that Parley sees.

import type { Json, Metadata, RecordedEvent } from '../port.ts'
import { messageOf } from './failure.ts'
import { positionOf } from './positions.ts'
import { columnsOfRow, type Rows, type StoredEvent } from './protocol.ts'

/** What is delivered went through JSON, live as from the file: `undefined` is gone, dates are strings. */
export function recorded(event: StoredEvent): RecordedEvent {
  const place = {
    id: event.id,
    type: event.type,
    stream: event.stream,
    revision: event.revision,
    position: positionOf(event.position),
  }
  try {
    const data = objectOf(event.data)
    // Metadata are strings only, by the port's contract.
    const metadata = objectOf(event.metadata) as Metadata
    if (event.body === null) return { ...place, data, metadata }
    return { ...place, data, body: objectOf(event.body), metadata }
  } catch (error) {
    return { ...place, data: {}, metadata: {}, damaged: messageOf(error) }
  }
}

/** The events of a page; those among `withoutBody` (ids) come without their bodies. */
export function eventsOf(rows: Rows, withoutBody?: ReadonlySet<string>): RecordedEvent[] {
  const events: RecordedEvent[] = []
  for (let at = 0; at < rows.length; at += columnsOfRow) {
    const id = String(rows[at + 3])
    const body = rows[at + 6]
    events.push(
      recorded({
        position: Number(rows[at]),
        stream: String(rows[at + 1]),
        revision: Number(rows[at + 2]),
        id,
        type: String(rows[at + 4]),
        data: String(rows[at + 5]),
        body: typeof body !== 'string' || withoutBody?.has(id) ? null : body,
        metadata: String(rows[at + 7]),
      }),
    )
  }
  return events
}

function objectOf(text: string): Json {
  const value: unknown = JSON.parse(text)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new SyntaxError('What is stored is JSON, but no object.')
  }
  return value as Json // an object that came out of JSON.parse
}
