// How one document is put into the table of its collection, and written over: `slot.ts` says what a row must keep to.

import type { DatabaseSync, SQLOutputValue, StatementSync } from 'node:sqlite'
import { docBytesFor, emptyRow, rowBytes } from './slot.ts'

export interface TableStatements {
  readonly insert: StatementSync
  readonly stored: StatementSync
  readonly storedRow: StatementSync
  readonly update: StatementSync
  readonly empty: StatementSync
}

type Stored = Record<string, SQLOutputValue>

interface Row {
  readonly h: number
  readonly id: string
  readonly revision: number
  readonly position: string
  readonly removed: number
  /** UTF-8 */
  readonly doc: Uint8Array
}

/** @param table its quoted name */
export function prepare(database: DatabaseSync, table: string): TableStatements {
  // The JSON comes as bytes, and has to be a text to be read as JSON.
  const columns = '(h, id, revision, position, removed, doc)'
  const values = '?1, ?2, ?3, ?4, ?5, CAST(?6 AS TEXT)'
  return {
    insert: database.prepare(`INSERT INTO ${table} ${columns} VALUES (${values})`),
    stored: database.prepare(
      `SELECT n, revision, octet_length(position) AS positionBytes, octet_length(doc) AS docBytes FROM ${table}
       WHERE h = ? AND id = ?`,
    ),
    storedRow: database.prepare(
      `SELECT n, id, revision, octet_length(position) AS positionBytes, octet_length(doc) AS docBytes FROM ${table}
       WHERE n = ?`,
    ),
    // Without the columns of an index that stays as it is.
    update: database.prepare(
      `UPDATE ${table} SET revision = ?, position = ?, removed = ?, doc = CAST(? AS TEXT) WHERE n = ?`,
    ),
    empty: database.prepare(
      `UPDATE ${table} SET h = NULL, id = NULL, revision = 0, position = ?, removed = 1, doc = ? WHERE n = ?`,
    ),
  }
}

/** The one of these rows in which this document stands. */
export function storedIn(rows: readonly number[], id: string, { storedRow }: TableStatements): Stored | undefined {
  for (const n of rows) {
    const row = storedRow.get(n)
    if (row?.id === id) return row
  }
  return undefined
}

/** @returns the number of the new row */
export function append({ insert }: TableStatements, { h, id, revision, position, removed, doc }: Row): number {
  return Number(insert.run(h, id, revision, position, removed, doc).lastInsertRowid)
}

/**
 * Writes over the stored row where the new revision is higher, in place or, where it has no room, at the end of the table.
 * @returns the number of the new row there
 */
export function overwrite(statements: TableStatements, old: Stored, row: Row): number | undefined {
  if (row.revision <= Number(old.revision)) return undefined
  const { update, empty } = statements
  const beside = { hash: row.h, idBytes: Buffer.byteLength(row.id) }
  const size = rowBytes({
    ...beside,
    revision: Number(old.revision),
    positionBytes: Number(old.positionBytes),
    docBytes: Number(old.docBytes),
  })
  const needed = row.doc.byteLength
  const room = docBytesFor(size, { ...beside, revision: row.revision, positionBytes: Buffer.byteLength(row.position) })
  const n = Number(old.n)
  if (room !== undefined && room >= needed) {
    update.run(row.revision, row.position, row.removed, filled(row.doc, room), n)
    return undefined
  }
  const left = emptyRow(size)
  empty.run(left.position, left.doc, n)
  // With room to grow, so that the places it leaves behind add up to a few times its size, however often it grows.
  const roomy = filled(row.doc, needed + 16 + (needed >> 2))
  return append(statements, { ...row, doc: roomy })
}

/** The JSON with spaces after it. */
function filled(doc: Uint8Array, bytes: number): Uint8Array {
  if (doc.byteLength === bytes) return doc
  const whole = new Uint8Array(bytes).fill(0x20)
  whole.set(doc)
  return whole
}
