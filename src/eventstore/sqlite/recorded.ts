// Stored strings as the events that Parley sees.

import { Canonical } from '../canonical.ts'
import type { Json, Metadata, RecordedEvent } from '../port.ts'
import { messageOf } from './failure.ts'
import { positionOf } from './positions.ts'
import { columnsOfRow, type Rows, type StoredEvent } from './protocol.ts'

/** Of the log: many events share them. */
const streams = new Canonical(4_096)
const types = new Canonical(512)

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

/** The events of a page that came as one text; undefined where it is not of the form that it should have. */
export function eventsOfText(text: string, withoutBody?: ReadonlySet<string>): RecordedEvent[] | undefined {
  let rows: unknown
  try {
    rows = JSON.parse(text)
  } catch {
    return undefined
  }
  if (!Array.isArray(rows)) return undefined
  const events: RecordedEvent[] = []
  for (const row of rows as unknown[]) {
    const event = eventOfRow(row, withoutBody)
    if (event === undefined) return undefined
    events.push(event)
  }
  return events
}

function eventOfRow(row: unknown, withoutBody: ReadonlySet<string> | undefined): RecordedEvent | undefined {
  if (!Array.isArray(row) || row.length !== columnsOfRow) return undefined
  const [count, name, revision, id, kind, data, body, metadata] = row as unknown[]
  if (typeof count !== 'number' || typeof revision !== 'number') return undefined
  if (typeof name !== 'string' || typeof id !== 'string' || typeof kind !== 'string') return undefined
  if (!isObject(data) || !isObject(metadata) || !(body === null || isObject(body))) return undefined
  const position = positionOf(count)
  const stream = streams.of(name)
  const type = types.of(kind)
  // Metadata are strings only, by the port's contract. Fields stand as in `recorded`, so that all events have one shape.
  const strings = metadata as Metadata
  if (body === null || withoutBody?.has(id)) return { id, type, stream, revision, position, data, metadata: strings }
  return { id, type, stream, revision, position, data, body, metadata: strings }
}

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)

function objectOf(text: string): Json {
  const value: unknown = JSON.parse(text)
  if (!isObject(value)) throw new SyntaxError('What is stored is JSON, but no object.')
  return value
}
