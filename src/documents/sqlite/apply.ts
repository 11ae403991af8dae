// What the writer thread does to the file.

import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { Index } from '../port.ts'
import { createIndex, createTable, tableOf } from './file.ts'
import type { Outcome, RecordRow, Rows, WriteTask } from './message.ts'
import { docBytesFor, emptyRow, rowBytes } from './slot.ts'

interface TableStatements {
  readonly insert: StatementSync
  readonly stored: StatementSync
  readonly update: StatementSync
}

export class Applier {
  readonly #database: DatabaseSync
  readonly #tables = new Map<string, TableStatements>()
  readonly #recordVersion: StatementSync
  readonly #setRecord: StatementSync
  readonly #removeRecord: StatementSync

  constructor(database: DatabaseSync) {
    this.#database = database
    this.#recordVersion = database.prepare('SELECT version FROM records WHERE key = ?')
    this.#setRecord = database.prepare('INSERT OR REPLACE INTO records VALUES (?, ?, ?)')
    this.#removeRecord = database.prepare('DELETE FROM records WHERE key = ?')
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
    this.#database.exec(createTable(collection))
  }

  createIndexes(collection: string, indexes: readonly Index[]): void {
    this.#transaction(() => {
      for (const index of indexes) this.#database.exec(createIndex(collection, index))
      return []
    })
  }

  /** `secure_delete` overwrites the pages that it gives back. */
  dropCollection(collection: string): void {
    this.#tables.delete(collection)
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

  #writeRows({ collection, cells }: Rows): void {
    const statements = this.#statements(collection)
    for (let i = 0; i + 3 < cells.length; i += 4) {
      const json = cells[i + 3]
      const row = {
        id: String(cells[i]),
        revision: Number(cells[i + 1]),
        position: String(cells[i + 2]),
        removed: json === null ? 1 : 0,
        doc: json === null ? '{}' : String(json),
      }
      const { changes } = statements.insert.run(row.id, row.revision, row.position, row.removed, row.doc)
      if (changes === 0) overwrite(statements, row)
    }
  }

  #writeRecord({ key, expectedVersion, value }: RecordRow): void {
    const version = Number(this.#recordVersion.get(key)?.version ?? 0)
    if (version !== expectedVersion) throw new Undo({ kind: 'conflict', key })
    if (value === undefined) this.#removeRecord.run(key)
    else this.#setRecord.run(key, version + 1, value)
  }

  #statements(collection: string): TableStatements {
    const known = this.#tables.get(collection)
    if (known) return known
    const table = tableOf(collection)
    const there = this.#database.prepare('SELECT 1 FROM sqlite_schema WHERE name = ?').get(table.slice(1, -1))
    if (!there) throw new Undo({ kind: 'refused', reason: `There is no collection ${collection}.` })
    const statements = {
      insert: this.#database.prepare(
        `INSERT INTO ${table} (id, revision, position, removed, doc) VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`,
      ),
      stored: this.#database.prepare(
        `SELECT n, revision, octet_length(position) AS positionBytes, octet_length(doc) AS docBytes FROM ${table} WHERE id = ?`,
      ),
      update: this.#database.prepare(
        `UPDATE ${table} SET id = ?, revision = ?, position = ?, removed = ?, doc = ? WHERE n = ?`,
      ),
    }
    this.#tables.set(collection, statements)
    return statements
  }
}

/** Undoes one call, which then has this outcome. */
class Undo extends Error {
  readonly outcome: Outcome
  constructor(outcome: Outcome) {
    super(outcome.kind)
    this.outcome = outcome
  }
}

interface Row {
  readonly id: string
  readonly revision: number
  readonly position: string
  readonly removed: number
  readonly doc: string
}

/** Writes over the stored row where the new revision is higher, in place or, where it has no room, at the end of the table. */
function overwrite({ insert, stored, update }: TableStatements, row: Row): void {
  const old = stored.get(row.id)
  if (!old || row.revision <= Number(old.revision)) return
  const idBytes = Buffer.byteLength(row.id)
  const size = rowBytes({
    idBytes,
    revision: Number(old.revision),
    positionBytes: Number(old.positionBytes),
    docBytes: Number(old.docBytes),
  })
  const needed = Buffer.byteLength(row.doc)
  const room = docBytesFor(size, { idBytes, revision: row.revision, positionBytes: Buffer.byteLength(row.position) })
  const n = Number(old.n)
  if (room !== undefined && room >= needed) {
    const filled = row.doc + ' '.repeat(room - needed)
    update.run(row.id, row.revision, row.position, row.removed, filled, n)
    return
  }
  const empty = emptyRow(size)
  update.run(null, 0, empty.position, 1, empty.doc, n)
  // With room to grow, so that the places it leaves behind add up to a few times its size, however often it grows.
  insert.run(row.id, row.revision, row.position, row.removed, row.doc + ' '.repeat(16 + (needed >> 2)))
}
