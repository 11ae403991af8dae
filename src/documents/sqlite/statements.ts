// Prepared statements of one connection, the last used ones kept.

import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { LRUCache } from 'lru-cache'
import type { Parameter } from './filter.ts'

/** A row as `query.ts` selects it. */
export interface FoundRow {
  /** Where it stands in the file. */
  readonly n: number
  readonly id: string
  readonly revision: number
  readonly position: string
  readonly removed: number
  readonly doc: string
}

export interface RecordColumns {
  readonly key: string
  readonly version: number
  readonly value: string
}

export class Statements {
  readonly #database: DatabaseSync
  readonly #prepared = new LRUCache<string, StatementSync>({ max: 200 })

  constructor(database: DatabaseSync) {
    this.#database = database
  }

  rows(sql: string, parameters: readonly Parameter[]): readonly FoundRow[] {
    // The columns are those of `query.ts`, whose types the table fixes.
    return this.#prepare(sql).all(...parameters) as unknown as readonly FoundRow[]
  }

  /** The column `n` of the one row. */
  number(sql: string, parameters: readonly Parameter[]): number {
    return Number(this.#prepare(sql).get(...parameters)?.n)
  }

  /** What SQLite would do, step by step. */
  plan(sql: string): readonly string[] {
    return this.#database
      .prepare(`EXPLAIN QUERY PLAN ${sql}`)
      .all()
      .map((row) => String(row.detail))
  }

  record(key: string): RecordColumns | undefined {
    const row = this.#prepare('SELECT key, version, value FROM records WHERE key = ?').get(key)
    // The types are those of the table.
    return row as unknown as RecordColumns | undefined
  }

  /** Those whose key begins like this. */
  records(prefix: string): readonly RecordColumns[] {
    const sql =
      'SELECT key, version, value FROM records WHERE key >= ?1 AND substr(key, 1, length(?1)) = ?1 ORDER BY key'
    // The types are those of the table.
    return this.#prepare(sql).all(prefix) as unknown as readonly RecordColumns[]
  }

  #prepare(sql: string): StatementSync {
    const known = this.#prepared.get(sql)
    if (known) return known
    const statement = this.#database.prepare(sql)
    this.#prepared.set(sql, statement)
    return statement
  }
}
