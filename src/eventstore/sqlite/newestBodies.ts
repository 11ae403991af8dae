// The body of a stream that keeps only its newest event. No row of `bodies` may be deleted or change its size (see
// schema.ts), so such a stream writes each body over the one before, padded with spaces, which JSON ignores. A body
// that is too long for the row gets a new one of twice the size: what lies unused is less than what is used.

import type { DatabaseSync } from 'node:sqlite'

const smallest = 64

/** For each append to such a stream, after its events were inserted and before the older ones are deleted. */
export function newestBodies(database: DatabaseSync) {
  const rowOf = database.prepare(`
    SELECT b.slot, octet_length(b.text) AS bytes FROM events e JOIN bodies b ON b.slot = e.body
    WHERE e.stream = ? AND e.revision = ?
  `)
  const overwrite = database.prepare('UPDATE bodies SET text = ? WHERE slot = ?')
  const add = database.prepare('INSERT INTO bodies VALUES (?, ?)')
  const refer = database.prepare('UPDATE events SET body = ? WHERE position = ?')

  /** Stores the body (JSON, or null) of the event at a position; `older` is the revision of the one it replaces. */
  return (stream: number, older: number, position: number, body: string | null): void => {
    const row = older === -1 ? undefined : rowOf.get(stream, older)
    const needed = body === null ? 0 : Buffer.byteLength(body)
    if (row === undefined) {
      if (body !== null) add.run(position, padded(body, needed, sizeFor(needed)))
      return
    }
    const slot = Number(row.slot)
    const bytes = Number(row.bytes)
    if (body !== null && needed <= bytes) {
      overwrite.run(padded(body, needed, bytes), slot)
    } else {
      overwrite.run(new Uint8Array(bytes), slot)
      if (body !== null) add.run(position, padded(body, needed, sizeFor(needed)))
    }
    // An event without a body refers to the row too, so that the next one finds it.
    if (body === null || needed <= bytes) refer.run(slot, position)
  }
}

function sizeFor(bytes: number): number {
  let size = smallest
  while (size < bytes) size *= 2
  return size
}

const padded = (text: string, bytes: number, to: number): string => text + ' '.repeat(to - bytes)
