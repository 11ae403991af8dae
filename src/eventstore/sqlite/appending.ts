// One transaction for all appends that waited together. Runs on the writing thread.

import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { Expected } from '../port.ts'
import { codeOf, sqliteCode } from './failure.ts'
import { bytesOfId } from './ids.ts'
import { Inserting } from './inserting.ts'
import { newestBodies } from './newestBodies.ts'
import { type AppendBatch, fieldsOfEvent, outcome } from './protocol.ts'

/** What the writer knows of a stream's end. Revision -1: no event yet. */
interface Head {
  /** 0 while the stream has no row. */
  key: number
  revision: number
  position: number
}

const headsKept = 20_000

/** The batch was not written. With `at: 'begin'` the next one may well be. */
export class BatchFailed extends Error {
  override readonly name = 'BatchFailed'
  readonly at: 'begin' | 'statement' | 'commit'
  constructor(at: BatchFailed['at'], cause: unknown) {
    super(`A batch failed at ${at}.`, { cause })
    this.at = at
  }
}

export class Appending {
  readonly #database: DatabaseSync
  readonly #begin: StatementSync
  readonly #commit: StatementSync
  readonly #headOf: StatementSync
  readonly #keyOf: StatementSync
  readonly #addStream: StatementSync
  readonly #inserting: Inserting
  readonly #undo: StatementSync
  readonly #removeOlder: StatementSync
  readonly #placeOf: StatementSync
  readonly #idsFrom: StatementSync
  readonly #keepBodyOfNewest: ReturnType<typeof newestBodies>
  readonly #heads = new Map<string, Head>()
  /** The binding copies it, so that one serves all events. */
  readonly #id = new Uint8Array(16)
  /** Position of the newest event that was ever written. */
  end: number

  constructor(database: DatabaseSync) {
    this.#database = database
    this.#begin = database.prepare('BEGIN IMMEDIATE')
    this.#commit = database.prepare('COMMIT')
    this.#keyOf = database.prepare('SELECT id FROM streams WHERE name = ?')
    this.#headOf = database.prepare(
      'SELECT revision, position FROM events WHERE stream = ? ORDER BY revision DESC LIMIT 1',
    )
    this.#addStream = database.prepare('INSERT INTO streams (name) VALUES (?)')
    this.#inserting = new Inserting(database)
    this.#undo = database.prepare('DELETE FROM events WHERE position > ?')
    this.#removeOlder = database.prepare('DELETE FROM events WHERE stream = ? AND revision < ?')
    this.#placeOf = database.prepare('SELECT revision, position FROM events WHERE id = ? AND stream = ?')
    this.#idsFrom = database.prepare(
      'SELECT id FROM events WHERE stream = ? AND revision >= ? ORDER BY revision LIMIT ?',
    )
    this.#keepBodyOfNewest = newestBodies(database)
    this.end = Number(database.prepare("SELECT seq FROM sqlite_sequence WHERE name = 'events'").get()?.seq ?? 0)
  }

  /**
   * Writes a batch durably; returns four numbers for each append, see `FromWriter`.
   *
   * @throws {BatchFailed}
   */
  write(batch: AppendBatch): number[] {
    let at: BatchFailed['at'] = 'begin'
    try {
      this.#begin.run()
      at = 'statement'
      const outcomes: number[] = []
      for (let index = 0; index < batch.length; ) index = this.#append(batch, index, outcomes)
      at = 'commit'
      this.#commit.run()
      return outcomes
    } catch (error) {
      this.#heads.clear()
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
      throw new BatchFailed(at, error)
    }
  }

  /** Handles the append that begins at this index; returns the index of the next one. */
  #append(batch: AppendBatch, index: number, outcomes: number[]): number {
    const stream = batch[index] as string // the batch's layout, see AppendBatch
    const expected = batch[index + 1] as Expected
    const keepsOnlyNewest = batch[index + 2] === 1
    const count = batch[index + 3] as number
    const first = index + 4
    const next = first + count * fieldsOfEvent
    const head = this.#head(stream)
    if (count === 0) {
      const met = isMet(expected, head.revision)
      outcomes.push(met ? outcome.appended : outcome.wrong, head.revision + 1, head.revision, head.position)
    } else if (isMet(expected, head.revision) && this.#insert(head, stream, batch, first, next, keepsOnlyNewest)) {
      outcomes.push(outcome.appended, head.revision - count + 1, head.revision, head.position)
    } else {
      const repeat = this.#repeat(head, expected, batch, first, count, keepsOnlyNewest)
      if (repeat === undefined) outcomes.push(outcome.wrong, 0, head.revision, 0)
      else outcomes.push(outcome.repeated, repeat.revision - count + 1, repeat.revision, repeat.position)
    }
    return next
  }

  /** False, with nothing changed, when one of the ids is in the stream already. */
  #insert(
    head: Head,
    stream: string,
    batch: AppendBatch,
    first: number,
    next: number,
    keepsOnlyNewest: boolean,
  ): boolean {
    if (head.key === 0) head.key = Number(this.#addStream.run(stream).lastInsertRowid)
    const before = this.end
    const count = (next - first) / fieldsOfEvent
    const position = before + count
    const revision = head.revision + count
    const place = { first, next, stream: head.key, position: before + 1, revision: head.revision + 1 }
    try {
      this.#inserting.events(batch, place)
    } catch (error) {
      if (codeOf(error) !== sqliteCode.constraint) throw error
      this.#undo.run(before)
      return false
    }
    // Bodies only now: once in their table they must not be taken out again, see schema.ts.
    if (keepsOnlyNewest) {
      const body = batch[next - fieldsOfEvent + 3] as string | null // the batch's layout, see AppendBatch
      this.#keepBodyOfNewest(head.key, head.revision, position, body)
      this.#removeOlder.run(head.key, revision)
    } else {
      this.#inserting.bodies(batch, place)
    }
    this.end = position
    head.revision = revision
    head.position = position
    return true
  }

  /** Where these very events stand already, after the expected revision; the place of the last one. */
  #repeat(
    head: Head,
    expected: Expected,
    batch: AppendBatch,
    first: number,
    count: number,
    keepsOnlyNewest: boolean,
  ): { revision: number; position: number } | undefined {
    if (head.revision === -1) return undefined
    bytesOfId(batch[first + (count - 1) * fieldsOfEvent] as string, this.#id)
    const last = this.#placeOf.get(this.#id, head.key)
    if (last === undefined) return undefined
    const revision = Number(last.revision)
    const firstRevision = revision - count + 1
    if (typeof expected === 'number' && firstRevision !== expected + 1) return undefined
    if (expected === 'none' && firstRevision !== 0) return undefined
    if (firstRevision < 0) return undefined
    // Where only the newest is kept, the earlier ones of the same append are gone.
    if (!keepsOnlyNewest) {
      const there = this.#idsFrom.all(head.key, firstRevision, count)
      for (const [index, row] of there.entries()) {
        bytesOfId(batch[first + index * fieldsOfEvent] as string, this.#id)
        if (Buffer.compare(row.id as Uint8Array, this.#id) !== 0) return undefined // the column is a BLOB
      }
    }
    return { revision, position: Number(last.position) }
  }

  #head(stream: string): Head {
    const known = this.#heads.get(stream)
    if (known !== undefined) return known
    const key = Number(this.#keyOf.get(stream)?.id ?? 0)
    const row = key === 0 ? undefined : this.#headOf.get(key)
    const head = { key, revision: Number(row?.revision ?? -1), position: Number(row?.position ?? 0) }
    if (this.#heads.size >= headsKept) this.#heads.clear()
    this.#heads.set(stream, head)
    return head
  }
}

function isMet(expected: Expected, revision: number): boolean {
  switch (expected) {
    case 'any':
      return true
    case 'exists':
      return revision >= 0
    case 'none':
      return revision === -1
    default:
      return revision === expected
  }
}
