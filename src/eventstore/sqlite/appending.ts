// One transaction for all appends that waited together. Runs on the writing thread.

import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { type Append, appendAt, isMet } from './batch.ts'
import { codeOf, sqliteCode } from './failure.ts'
import { type Head, Heads } from './heads.ts'
import { bytesOfId } from './ids.ts'
import { Inserting } from './inserting.ts'
import { newestBodies } from './newestBodies.ts'
import { type AppendBatch, fieldsOfEvent, outcome } from './protocol.ts'

/** An append that was taken for granted, and how all was before it. */
interface Queued {
  readonly index: number
  readonly head: Head
  readonly revision: number
  readonly position: number
  readonly end: number
  /** Numbers among the outcomes. */
  readonly outcomes: number
}

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
  readonly #inserting: Inserting
  readonly #undo: StatementSync
  readonly #removeOlder: StatementSync
  readonly #placeOf: StatementSync
  readonly #idsFrom: StatementSync
  readonly #keepBodyOfNewest: ReturnType<typeof newestBodies>
  readonly #heads: Heads
  /** The binding copies it, so that one serves all events. */
  readonly #id = new Uint8Array(16)
  /** Of the transaction that is open. */
  #outcomes: number[] | undefined
  /** Appends whose rows are on their way into the tables. */
  #queue: Queued[] = []
  /** Position of the newest event that was ever written. */
  end: number

  constructor(database: DatabaseSync) {
    this.#database = database
    this.#begin = database.prepare('BEGIN IMMEDIATE')
    this.#commit = database.prepare('COMMIT')
    this.#heads = new Heads(database)
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

  /** Whether a transaction has begun and not ended. */
  get open(): boolean {
    return this.#outcomes !== undefined
  }

  /**
   * Writes a part of a batch; the first one begins the transaction.
   *
   * @throws {BatchFailed} the whole batch was taken back
   */
  add(part: AppendBatch): void {
    let at: BatchFailed['at'] = 'begin'
    try {
      if (this.#outcomes === undefined) this.#begin.run()
      at = 'statement'
      this.#outcomes ??= []
      for (let index = 0; index < part.length; ) index = this.#append(part, index, this.#outcomes)
      this.#settle(part, this.#outcomes)
      this.#heads.limit()
    } catch (error) {
      throw this.#failed(at, error)
    }
  }

  /**
   * Makes the batch durable; returns four numbers for each append, see `FromWriter`.
   *
   * @throws {BatchFailed}
   */
  commit(): number[] {
    try {
      this.#commit.run()
    } catch (error) {
      throw this.#failed('commit', error)
    }
    const outcomes = this.#outcomes ?? []
    this.#outcomes = undefined
    return outcomes
  }

  #failed(at: BatchFailed['at'], error: unknown): BatchFailed {
    this.#outcomes = undefined
    this.#queue = []
    this.#inserting.drop()
    this.#heads.clear()
    if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
    return new BatchFailed(at, error)
  }

  /** Handles the append that begins at this index; returns the index of the next one. */
  #append(batch: AppendBatch, index: number, outcomes: number[]): number {
    const append = appendAt(batch, index)
    const head = this.#heads.of(append.stream)
    if (append.count > 0 && !append.keepsOnlyNewest && isMet(append.expected, head.revision)) {
      this.#enqueue(head, batch, append, outcomes)
    } else {
      this.#settle(batch, outcomes)
      this.#handle(batch, append, outcomes)
    }
    return append.next
  }

  /** Takes an append for granted: its rows go into the tables together with those of others. */
  #enqueue(head: Head, batch: AppendBatch, append: Append, outcomes: number[]): void {
    const { revision, position } = head
    this.#heads.make(append.stream, head)
    this.#queue.push({ index: append.index, head, revision, position, end: this.end, outcomes: outcomes.length })
    try {
      this.#place(head, batch, append)
    } catch (error) {
      this.#requeue(batch, outcomes, error)
      return
    }
    outcomes.push(outcome.appended, revision + 1, head.revision, head.position)
  }

  /** Brings what is queued into the tables. */
  #settle(batch: AppendBatch, outcomes: number[]): void {
    if (this.#queue.length === 0) return
    try {
      this.#inserting.flushEvents()
    } catch (error) {
      this.#requeue(batch, outcomes, error)
      return
    }
    // Bodies only now: once in their table they must not be taken out again, see schema.ts.
    this.#inserting.flushBodies()
    this.#queue = []
  }

  /** One of the queued appends has an id that is in its stream already: takes all out, and handles them one by one. */
  #requeue(batch: AppendBatch, outcomes: number[], error: unknown): void {
    const [first] = this.#queue
    if (codeOf(error) !== sqliteCode.constraint || first === undefined) throw error
    const queue = this.#queue
    this.#queue = []
    this.#inserting.drop()
    this.#undo.run(first.end)
    this.end = first.end
    outcomes.length = first.outcomes
    for (const { head, revision, position } of queue.toReversed()) Object.assign(head, { revision, position })
    for (const { index } of queue) this.#handle(batch, appendAt(batch, index), outcomes)
  }

  /** One append by itself. */
  #handle(batch: AppendBatch, append: Append, outcomes: number[]): void {
    const { stream, expected, count } = append
    const head = this.#heads.of(stream)
    if (count === 0) {
      const met = isMet(expected, head.revision)
      outcomes.push(met ? outcome.appended : outcome.wrong, head.revision + 1, head.revision, head.position)
    } else if (isMet(expected, head.revision) && this.#insert(head, batch, append)) {
      outcomes.push(outcome.appended, head.revision - count + 1, head.revision, head.position)
    } else {
      const repeat = this.#repeat(head, batch, append)
      if (repeat === undefined) outcomes.push(outcome.wrong, 0, head.revision, 0)
      else outcomes.push(outcome.repeated, repeat.revision - count + 1, repeat.revision, repeat.position)
    }
  }

  /** False, with nothing changed, when one of the ids is in the stream already. */
  #insert(head: Head, batch: AppendBatch, append: Append): boolean {
    this.#heads.make(append.stream, head)
    const { revision, position } = head
    const { end } = this
    try {
      this.#place(head, batch, append)
      this.#inserting.flushEvents()
    } catch (error) {
      if (codeOf(error) !== sqliteCode.constraint) throw error
      this.#inserting.drop()
      this.#undo.run(end)
      this.end = end
      Object.assign(head, { revision, position })
      return false
    }
    if (append.keepsOnlyNewest) {
      this.#inserting.drop()
      const body = batch[append.next - fieldsOfEvent + 3] as string | null // the batch's layout, see AppendBatch
      this.#keepBodyOfNewest(head.key, revision, head.position, body)
      this.#removeOlder.run(head.key, head.revision)
    } else {
      this.#inserting.flushBodies()
    }
    return true
  }

  /** Gives the events of an append their places, and hands them to be inserted. */
  #place(head: Head, batch: AppendBatch, { first, next }: Append): void {
    for (let at = first; at < next; at += fieldsOfEvent) {
      this.end += 1
      head.revision += 1
      this.#inserting.add(batch, at, { stream: head.key, position: this.end, revision: head.revision })
    }
    head.position = this.end
  }

  /** Where these very events stand already, after the expected revision; the place of the last one. */
  #repeat(head: Head, batch: AppendBatch, append: Append): { revision: number; position: number } | undefined {
    const { expected, first, count, keepsOnlyNewest } = append
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
}
