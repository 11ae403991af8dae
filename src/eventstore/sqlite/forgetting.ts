// Makes bodies unreadable: overwritten in the file, and gone from the WAL. Runs on the writing thread.

import type { DatabaseSync } from 'node:sqlite'
import { bytesOfId } from './ids.ts'

export class Forgetting {
  readonly #database: DatabaseSync
  readonly #overwrite
  readonly #truncate

  constructor(database: DatabaseSync) {
    this.#database = database
    // As many zeros as there were bytes: the row keeps its size and its place, see schema.ts.
    this.#overwrite = database.prepare(`
      UPDATE bodies SET text = zeroblob(octet_length(text))
      WHERE slot IN (SELECT body FROM events WHERE id = ?) AND typeof(text) = 'text'
    `)
    this.#truncate = database.prepare('PRAGMA wal_checkpoint(TRUNCATE)')
  }

  /** Overwrites the bodies, in one transaction. The bytes are still in the WAL and in the file until `truncate`. */
  overwrite(ids: readonly string[]): void {
    const bytes = new Uint8Array(16)
    this.#database.exec('BEGIN IMMEDIATE')
    try {
      for (const id of ids) {
        bytesOfId(id, bytes)
        this.#overwrite.run(bytes)
      }
      this.#database.exec('COMMIT')
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
      throw error
    }
  }

  /** Moves the WAL into the file and empties it. False when a reader was in the way: try again. */
  truncate(): boolean {
    this.#database.exec('PRAGMA busy_timeout = 20')
    try {
      return this.#truncate.get()?.busy === 0
    } finally {
      this.#database.exec('PRAGMA busy_timeout = 5000')
    }
  }
}
