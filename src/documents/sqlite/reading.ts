// Where a question is answered: at once on the calling thread, or by one of two reader threads.
//
// Measured on a busy machine of 2 cores, p50 and p99: a page of 50 takes 0.40 and 0.87 ms here, 0.56 and 3.2 ms over a
// thread; one document by its id 0.05 and 0.13 ms against 0.09 and 0.59 ms; 200 by their ids 1.6 and 2.9 ms against
// 1.8 and 5.4 ms. Most of it is parsing JSON, which the calling thread does in any case. So what an index bounds is
// read here; what may look at many rows goes to a thread, and those that scan have one of their own.

import type { DatabaseSync } from 'node:sqlite'
import { LRUCache } from 'lru-cache'
import { DocumentsUnavailable } from '../port.ts'
import { sqliteCode, unavailable } from './failure.ts'
import { collectionsIn, openReading } from './file.ts'
import type { Found } from './found.ts'
import { Lane } from './lane.ts'
import type { Answer, Question } from './message.ts'
import { type FoundRow, type RecordColumns, Statements } from './statements.ts'

/** Rows that a question may look at on the calling thread: about 2 ms. */
const rowsAtOnce = 1_000
/** Rows that it may ask for there. */
const pageAtOnce = 200

type Place = 'here' | 'indexed' | 'scanning'

export class Reading {
  readonly #statements: Statements
  readonly #database: DatabaseSync
  readonly #indexed: Lane
  readonly #scanning: Lane
  readonly #places = new LRUCache<string, Place>({ max: 1_000 })
  readonly #onFailure: (reason: string) => void
  #rowsLeft = 0

  /** @param onFailure is told when the file turns out to be unusable */
  constructor(path: string, timeLimit: number, onFailure: (reason: string) => void) {
    this.#database = openReading(path)
    this.#database.function('alive', () => {
      if (--this.#rowsLeft < 0) throw new TooManyRows()
      return 1
    })
    this.#statements = new Statements(this.#database)
    this.#indexed = new Lane(path, timeLimit)
    this.#scanning = new Lane(path, timeLimit)
    this.#onFailure = onFailure
  }

  collections(): readonly string[] {
    return this.#guarded(() => collectionsIn(this.#database))
  }

  /** On the calling thread, whatever it takes: for a few rows found by their ids. @throws {DocumentsUnavailable} */
  rowsHere(question: Question): readonly FoundRow[] {
    return this.#guarded(() => this.#statements.rows(question.sql, question.parameters))
  }

  record(key: string): RecordColumns | undefined {
    return this.#guarded(() => this.#statements.record(key))
  }

  records(prefix: string): readonly RecordColumns[] {
    return this.#guarded(() => this.#statements.records(prefix))
  }

  /** @param atMost how many rows are wanted @throws {QueryTooSlow} @throws {DocumentsUnavailable} */
  async documents(question: Question, atMost: number): Promise<Found> {
    const found = this.#here(question, atMost, () => this.#statements.rows(question.sql, question.parameters))
    if (found !== undefined) return found
    const answer = await this.#elsewhere(question)
    return answer.kind === 'documents' ? answer.rows : []
  }

  /** @param atMost how many rows are counted @throws {QueryTooSlow} @throws {DocumentsUnavailable} */
  async number(question: Question, atMost: number): Promise<number> {
    const found = this.#here(question, atMost, () => this.#statements.number(question.sql, question.parameters))
    if (found !== undefined) return found
    const answer = await this.#elsewhere(question)
    return answer.kind === 'number' ? answer.number : 0
  }

  /** @throws {DocumentsUnavailable} */
  #guarded<T>(read: () => T): T {
    if (!this.#database.isOpen) throw new DocumentsUnavailable('The read models have been closed.')
    try {
      return read()
    } catch (error) {
      throw this.#meaning(error)
    }
  }

  /** Indexes or collections have changed, and plans with them. */
  forgetPlans(): void {
    this.#places.clear()
  }

  async close(): Promise<void> {
    await Promise.all([this.#indexed.close(), this.#scanning.close()])
    if (this.#database.isOpen) this.#database.close()
  }

  /** Undefined where the question belongs to a reader thread. */
  #here<T>(question: Question, atMost: number, read: () => T): T | undefined {
    return this.#guarded(() => {
      if (atMost > pageAtOnce || this.#place(question) !== 'here') return undefined
      this.#rowsLeft = rowsAtOnce
      try {
        return read()
      } catch (error) {
        if (!(error instanceof TooManyRows)) throw error
        // The index leaves too many rows to look at: from now on this kind of question goes to the thread.
        this.#places.set(question.sql, 'indexed')
        return undefined
      }
    })
  }

  async #elsewhere(question: Question): Promise<Answer> {
    const lane = this.#place(question) === 'scanning' ? this.#scanning : this.#indexed
    const answer = await lane.ask(question)
    // The collection was dropped meanwhile; there is nothing in it.
    if (answer.kind !== 'failed' || answer.reason.startsWith('no such table')) return answer
    throw this.#meaning(Object.assign(new Error(answer.reason), { errcode: answer.code }))
  }

  #place({ sql }: Question): Place {
    const known = this.#places.get(sql)
    if (known) return known
    const plan = this.#guarded(() => this.#statements.plan(sql))
    // A list in the query and a query inside of it are scanned too; neither is the collection.
    const scans = plan.some((step) => step.startsWith('SCAN') && !/^SCAN (json_each|\()/.test(step))
    const place = scans ? 'scanning' : plan.includes('USE TEMP B-TREE FOR ORDER BY') ? 'indexed' : 'here'
    this.#places.set(sql, place)
    return place
  }

  #meaning(error: unknown): unknown {
    const failure = unavailable(sqliteCode(error), error instanceof Error ? error.message : String(error))
    if (!failure) return error
    if (failure.lasting) this.#onFailure(failure.reason)
    return new DocumentsUnavailable(failure.reason, { cause: error })
  }
}

class TooManyRows extends Error {}
