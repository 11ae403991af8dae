// What the writer thread does to the file.

import type { DatabaseSync, SQLOutputValue, StatementSync } from 'node:sqlite'
import type { Index } from '../port.ts'
import { createIndex, createTable, tableOf } from './file.ts'
import { idHash } from './idHash.ts'
import type { Outcome, RecordRow, WriteTask } from './message.ts'
import type { Rows } from './packing.ts'
import { Seen } from './seen.ts'
import { docBytesFor, emptyRow, rowBytes } from './slot.ts'

interface TableStatements {
  readonly insert: StatementSync
  readonly stored: StatementSync
  readonly update: StatementSync
  readonly empty: StatementSync
}

export class Applier {
  readonly #database: DatabaseSync
  readonly #tables = new Map<string, TableStatements>()
  /** Of collections that are being filled: of those made since the start, and without indexes yet. */
  readonly #seen = new Map<string, Seen>()
  readonly #recordVersion: StatementSync
  readonly #setRecord: StatementSync
  readonly #removeRecord: StatementSync

  constructor(database: DatabaseSync) {
    this.#database = database
    this.#recordVersion = database.prepare('SELECT version FROM records WHERE key = ?')
    this.#setRecord = database.prepare('INSERT OR REPLACE INTO records VALUES (?, ?, ?)')
    this.#removeRecord = database.prepare('DELETE FROM records WHERE key = ?')
  }

  /** Whether a collection is being filled that was made since the start. */
  get filling(): boolean {
    return this.#seen.size > 0
  }

  /**
   * Carries out calls that wait together in one transaction; each of them by itself is done or undone.
   *
   * @throws what SQLite throws where the file cannot be written: then none is done
   */
  write(tasks: readonly WriteTask[]): readonly Outcome[] {
    return this.#transaction(() => {
      if (tasks.length === 1) {
        // Alone it needs no savepoint: the transaction is undone with it.
        return tasks.map((task) => this.#writeOne(task))
      }
      return tasks.map((task) => {
        this.#database.exec('SAVEPOINT one')
        try {
          return this.#writeOne(task)
        } catch (error) {
          // A full disk ends the whole transaction, and with it those before this one.
          if (!this.#database.isTransaction || !(error instanceof Undo)) throw error
          this.#database.exec('ROLLBACK TO one')
          return error.outcome
        } finally {
          if (this.#database.isTransaction) this.#database.exec('RELEASE one')
        }
      })
    })
  }

  createCollection(collection: string): void {
    if (!this.#isThere(collection)) this.#seen.set(collection, new Seen())
    this.#database.exec(createTable(collection))
  }

  createIndexes(collection: string, indexes: readonly Index[]): void {
    // Now it has been filled.
    this.#seen.delete(collection)
    this.#transaction(() => {
      for (const index of indexes) this.#database.exec(createIndex(collection, index))
      return []
    })
  }

  /** `secure_delete` overwrites the pages that it gives back. */
  dropCollection(collection: string): void {
    this.#tables.delete(collection)
    this.#seen.delete(collection)
    this.#database.exec(`DROP TABLE IF EXISTS ${tableOf(collection)}`)
  }

  /** Makes those indexes anew that a text has left; their old pages are overwritten. */
  cleanIndexes(): void {
    const names = this.#database.prepare('SELECT name FROM unclean').all()
    for (const { name } of names) {
      this.#transaction(() => {
        const known = this.#database.prepare(`SELECT 1 FROM sqlite_schema WHERE type = 'index' AND name = ?`)
        if (known.get(String(name))) this.#database.exec(`REINDEX "${String(name)}"`)
        this.#database.prepare('DELETE FROM unclean WHERE name = ?').run(String(name))
        return []
      })
    }
  }

  /** Moves the write-ahead log into the file and empties it; false where a reader still needs it. */
  truncateLog(): boolean {
    return this.#database.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get()?.busy === 0
  }

  #transaction(work: () => readonly Outcome[]): readonly Outcome[] {
    this.#database.exec('BEGIN IMMEDIATE')
    try {
      const outcomes = work()
      this.#database.exec('COMMIT')
      return outcomes
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
      if (error instanceof Undo) return [error.outcome]
      throw error
    }
  }

  #writeOne(task: WriteTask): Outcome {
    for (const rows of task.rows) this.#writeRows(rows)
    for (const record of task.records) this.#writeRecord(record)
    return { kind: 'done' }
  }

  #writeRows({ collection, ids, revisions, positions, lengths, json }: Rows): void {
    const statements = this.#statements(collection)
    const seen = this.#seen.get(collection)
    let at = 0
    for (const [index, id] of ids.entries()) {
      const bytes = lengths[index] ?? -1
      const removed = bytes < 0 ? 1 : 0
      const doc = removed ? nothing : json.subarray(at, at + bytes)
      at += doc === nothing ? 0 : bytes
      const h = idHash(id)
      const revision = revisions[index] ?? 0
      const position = positions[index] ?? ''
      // Looked for by a statement of its own: an INSERT that looks too copies its row into a temporary table first.
      const old = seen?.add(h) === false ? undefined : statements.stored.get(h, id)
      if (old) overwrite(statements, old, { h, id, revision, position, removed, doc })
      else statements.insert.run(h, id, revision, position, removed, doc)
    }
  }

  #writeRecord({ key, expectedVersion, value }: RecordRow): void {
    const version = Number(this.#recordVersion.get(key)?.version ?? 0)
    if (version !== expectedVersion) throw new Undo({ kind: 'conflict', key })
    if (value === undefined) this.#removeRecord.run(key)
    else this.#setRecord.run(key, version + 1, value)
  }

  #isThere(collection: string): boolean {
    const table = tableOf(collection).slice(1, -1)
    return this.#database.prepare('SELECT 1 FROM sqlite_schema WHERE name = ?').get(table) !== undefined
  }

  #statements(collection: string): TableStatements {
    const known = this.#tables.get(collection)
    if (known) return known
    const table = tableOf(collection)
    if (!this.#isThere(collection)) throw new Undo({ kind: 'refused', reason: `There is no collection ${collection}.` })
    // The JSON comes as bytes, and has to be a text to be read as JSON.
    const columns = '(h, id, revision, position, removed, doc)'
    const values = '?1, ?2, ?3, ?4, ?5, CAST(?6 AS TEXT)'
    const statements = {
      insert: this.#database.prepare(`INSERT INTO ${table} ${columns} VALUES (${values})`),
      stored: this.#database.prepare(
        `SELECT n, revision, octet_length(position) AS positionBytes, octet_length(doc) AS docBytes FROM ${table}
         WHERE h = ? AND id = ?`,
      ),
      // Without the columns of an index that stays as it is.
      update: this.#database.prepare(
        `UPDATE ${table} SET revision = ?, position = ?, removed = ?, doc = CAST(? AS TEXT) WHERE n = ?`,
      ),
      empty: this.#database.prepare(
        `UPDATE ${table} SET h = NULL, id = NULL, revision = 0, position = ?, removed = 1, doc = ? WHERE n = ?`,
      ),
    }
    this.#tables.set(collection, statements)
    return statements
  }
}

/** Ends the call, and what it has done is undone. */
class Undo extends Error {
  readonly outcome: Outcome
  constructor(outcome: Outcome) {
    super(outcome.kind)
    this.outcome = outcome
  }
}

/** What stands in the place of a removed document. */
const nothing = Buffer.from('{}')

interface Row {
  readonly h: number
  readonly id: string
  readonly revision: number
  readonly position: string
  readonly removed: number
  /** UTF-8 */
  readonly doc: Uint8Array
}

/** Writes over the stored row where the new revision is higher, in place or, where it has no room, at the end of the table. */
function overwrite({ insert, update, empty }: TableStatements, old: Record<string, SQLOutputValue>, row: Row): void {
  if (row.revision <= Number(old.revision)) return
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
    return
  }
  const left = emptyRow(size)
  empty.run(left.position, left.doc, n)
  // With room to grow, so that the places it leaves behind add up to a few times its size, however often it grows.
  const roomy = filled(row.doc, needed + 16 + (needed >> 2))
  insert.run(row.h, row.id, row.revision, row.position, row.removed, roomy)
}

/** The JSON with spaces after it. */
function filled(doc: Uint8Array, bytes: number): Uint8Array {
  if (doc.byteLength === bytes) return doc
  const whole = new Uint8Array(bytes).fill(0x20)
  whole.set(doc)
  return whole
}
