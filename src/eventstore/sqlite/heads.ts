// Where streams end, as the writing thread knows it: it is the only one that writes.

import type { DatabaseSync, StatementSync } from 'node:sqlite'

/** Revision -1: no event yet. */
export interface Head {
  /** 0 while the stream has no row. */
  key: number
  revision: number
  position: number
}

const kept = 20_000

export class Heads {
  readonly #keyOf: StatementSync
  readonly #headOf: StatementSync
  readonly #addStream: StatementSync
  readonly #known = new Map<string, Head>()

  constructor(database: DatabaseSync) {
    this.#keyOf = database.prepare('SELECT id FROM streams WHERE name = ?')
    this.#headOf = database.prepare(
      'SELECT revision, position FROM events WHERE stream = ? ORDER BY revision DESC LIMIT 1',
    )
    this.#addStream = database.prepare('INSERT INTO streams (name) VALUES (?)')
  }

  /** The one object that stands for a stream's end, until `limit` or `clear`. */
  of(stream: string): Head {
    const known = this.#known.get(stream)
    if (known !== undefined) return known
    const key = Number(this.#keyOf.get(stream)?.id ?? 0)
    const row = key === 0 ? undefined : this.#headOf.get(key)
    const head = { key, revision: Number(row?.revision ?? -1), position: Number(row?.position ?? 0) }
    this.#known.set(stream, head)
    return head
  }

  /** Gives a stream its row. */
  make(stream: string, head: Head): void {
    if (head.key === 0) head.key = Number(this.#addStream.run(stream).lastInsertRowid)
  }

  /** Forgets what is known when that is much. Only while the tables hold all that the heads say. */
  limit(): void {
    if (this.#known.size > kept) this.#known.clear()
  }

  clear(): void {
    this.#known.clear()
  }
}
