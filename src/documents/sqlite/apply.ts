// What the writer thread does to the file.

import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { Index } from '../port.ts'
import { createIdIndex, createIndex, createTable, tableOf } from './file.ts'
import { idHash } from './idHash.ts'
import type { Outcome, RecordRow, WriteTask } from './message.ts'
import type { Rows } from './packing.ts'
import { append, overwrite, prepare, storedIn, type TableStatements } from './row.ts'
import { RowTable } from './rowTable.ts'

export class Applier {
  readonly #database: DatabaseSync
  readonly #tables = new Map<string, TableStatements>()
  /** Of collections that are being filled: they have no index yet. */
  readonly #filling = new Map<string, RowTable>()
  readonly #newRowTable: () => RowTable
  readonly #onRowTable: (collection: string, memory: SharedArrayBuffer | undefined) => void
  readonly #recordVersion: StatementSync
  readonly #setRecord: StatementSync
  readonly #removeRecord: StatementSync

  /** @param onRowTable is told where the others find the table of a collection that is being filled; undefined: no longer */
  constructor(
    database: DatabaseSync,
    onRowTable: (collection: string, memory: SharedArrayBuffer | undefined) => void,
    newRowTable = () => new RowTable(),
  ) {
    this.#newRowTable = newRowTable
    this.#database = database
    this.#onRowTable = onRowTable
    this.#recordVersion = database.prepare('SELECT version FROM records WHERE key = ?')
    this.#setRecord = database.prepare('INSERT OR REPLACE INTO records VALUES (?, ?, ?)')
    this.#removeRecord = database.prepare('DELETE FROM records WHERE key = ?')
  }

  /** Whether a collection is being filled that was made since the start. */
  get filling(): boolean {
    return this.#filling.size > 0
  }

  /**
   * Carries out calls that wait together in one transaction; each of them by itself is done or undone.
   *
   * @throws what SQLite throws where the file cannot be written: then none is done
   */
  write(tasks: readonly WriteTask[]): readonly Outcome[] {
    for (const [collection, table] of this.#filling) if (table.full) this.#indexIds(collection)
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

  createCollection(collection: string, toBeFilled: boolean): void {
    const isNew = !this.#isThere(collection)
    this.#database.exec(createTable(collection))
    if (!isNew) return
    if (toBeFilled) this.#fill(collection, this.#newRowTable())
    else this.#database.exec(createIdIndex(collection))
  }

  createIndexes(collection: string, indexes: readonly Index[]): void {
    this.#transaction(() => {
      this.#database.exec(createIdIndex(collection))
      for (const index of indexes) this.#database.exec(createIndex(collection, index))
      return []
    })
    this.#filled(collection)
  }

  /** `secure_delete` overwrites the pages that it gives back. @returns whether it was there */
  dropCollection(collection: string): boolean {
    if (!this.#isThere(collection)) return false
    this.#tables.delete(collection)
    this.#filled(collection)
    this.#database.exec(`DROP TABLE ${tableOf(collection)}`)
    return true
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
    const filling = this.#filling.get(collection)
    const before = filling?.memory
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
      const old = filling ? storedIn(filling.rows(h), id, statements) : statements.stored.get(h, id)
      const row = { h, id, revision, position, removed, doc }
      const added = old ? overwrite(statements, old, row) : append(statements, row)
      if (added !== undefined) filling?.add(h, added)
    }
    if (filling !== undefined && filling.memory !== before) this.#fill(collection, filling)
  }

  #writeRecord({ key, expectedVersion, value }: RecordRow): void {
    const version = Number(this.#recordVersion.get(key)?.version ?? 0)
    if (version !== expectedVersion) throw new Undo({ kind: 'conflict', key })
    if (value === undefined) this.#removeRecord.run(key)
    else this.#setRecord.run(key, version + 1, value)
  }

  #indexIds(collection: string): void {
    this.#database.exec(createIdIndex(collection))
    this.#filled(collection)
  }

  #fill(collection: string, table: RowTable): void {
    this.#filling.set(collection, table)
    this.#onRowTable(collection, table.memory)
  }

  #filled(collection: string): void {
    if (this.#filling.delete(collection)) this.#onRowTable(collection, undefined)
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
    // It is missing where the process ended while the collection was filled.
    if (!this.#filling.has(collection)) this.#database.exec(createIdIndex(collection))
    const statements = prepare(this.#database, table)
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
