// The embedded log: one SQLite file, a thread that writes it, a thread that reads it.

import type { DatabaseSync } from 'node:sqlite'
import {
  type Appended,
  CannotOpen,
  type EventStore,
  type Expected,
  type NewEvent,
  type Position,
  type ReadAllOptions,
  type ReadStreamOptions,
  type RecordedEvent,
  StoreUnavailable,
  type StreamHead,
  type SubscribeOptions,
} from '../port.ts'
import { encode } from './encode.ts'
import { codeOf, isDamage, messageOf, readFailure } from './failure.ts'
import { isId } from './ids.ts'
import { Pages } from './pages.ts'
import { countOf, isPosition, positionOf } from './positions.ts'
import type { PageRequest, StoredEvent, WorkerSettings } from './protocol.ts'
import { Reading } from './reading.ts'
import { Recent } from './recent.ts'
import { eventsOf } from './recorded.ts'
import { openFile } from './schema.ts'
import { type Log, Subscription } from './subscription.ts'
import { type Statistics, Writing } from './writing.ts'

export interface SqliteEventStoreOptions {
  /** Holds `log.db`; made where it is absent. Lock it first, see `lockFolder`. */
  readonly folder: string
  readonly keepsOnlyNewest: (stream: string) => boolean
  /** OFF loses acknowledged events in a power cut: for tests that show it. */
  readonly synchronous?: 'FULL' | 'OFF'
  /** Called once, with a sentence, when the store can no longer write. */
  readonly onFault?: (message: string) => void
  /** For tools beside a running server: appends and forgetting are refused, a subscription looks for news by itself. */
  readonly readOnly?: boolean
  /** Pages (4 KiB) that the file may have; for tests of a full disk. */
  readonly maxPages?: number
}

export interface SqliteEventStore extends EventStore {
  /** What was done since it was opened. */
  statistics(): Readonly<Statistics>
}

const defaultPageSize = 500
/** A stream's page of at most so many events is read on the main thread: that is quicker than to send for it. */
const smallPage = 16
/** How often a read-only store looks for news, in ms. */
const lookEvery = 200

/**
 * Opens the log in a folder; makes it where there is none.
 *
 * @throws {CannotOpen}
 */
export async function openSqliteEventStore(options: SqliteEventStoreOptions): Promise<SqliteEventStore> {
  const { folder, synchronous = 'FULL', maxPages = 0, readOnly = false, onFault } = options
  const settings: WorkerSettings = { folder, synchronous, maxPages }
  const database = openFile(folder, readOnly ? 'read' : 'write')
  let store: Store | undefined
  const starting = [
    Reading.start(settings, (reason) => store?.fail(reason)),
    readOnly
      ? undefined
      : Writing.start({
          settings,
          onStored: (events) => store?.stored(events),
          onBatch: () => store?.changed(),
          onFault: (reason) => onFault?.(reason),
        }),
  ] as const
  try {
    const [reading, writing] = await Promise.all(starting)
    store = new Store({ options, database, reading, writing })
    return store
  } catch (error) {
    for (const started of await Promise.allSettled(starting))
      if (started.status === 'fulfilled') await started.value?.close()
    database.close()
    if (error instanceof CannotOpen) throw error
    throw new CannotOpen(`The log in ${folder} cannot be opened (${messageOf(error)}).`, { cause: error })
  }
}

interface Parts {
  readonly options: SqliteEventStoreOptions
  readonly database: DatabaseSync
  readonly reading: Reading
  /** Undefined where it is only read. */
  readonly writing: Writing | undefined
}

class Store implements SqliteEventStore, Log {
  readonly #options: SqliteEventStoreOptions
  readonly #database: DatabaseSync
  readonly #pages: Pages
  readonly #reading: Reading
  readonly #writing: Writing | undefined
  readonly #listeners = new Set<() => void>()
  #looking: NodeJS.Timeout | undefined
  #recent: Recent
  #fault: string | undefined
  #closing: Promise<void> | undefined

  constructor({ options, database, reading, writing }: Parts) {
    this.#options = options
    this.#database = database
    this.#pages = new Pages(database)
    this.#reading = reading
    this.#writing = writing
    this.#recent = new Recent(this.#pages.end())
    database.exec('PRAGMA query_only = ON')
    if (options.readOnly) this.#looking = setInterval(() => this.#look(), lookEvery)
  }

  /** These are durable, and about to be acknowledged. */
  stored(events: readonly StoredEvent[]): void {
    for (const event of events) this.#recent.add(event)
  }

  /** The log is longer than it was. */
  changed(): void {
    for (const listener of this.#listeners) listener()
  }

  /** It cannot be gone on with: nothing is acknowledged any more, and `health` says why. */
  fail(reason: string): void {
    this.#fault ??= reason
    this.#writing?.latch(reason)
  }

  get recent(): Recent {
    return this.#recent
  }

  get closed(): boolean {
    return this.#closing !== undefined
  }

  // Not async: a promise around the other one would cost each append two more turns.
  append(stream: string, events: readonly NewEvent[], expected: Expected): Promise<Appended> {
    try {
      const writing = this.#writer()
      const keepsOnlyNewest = this.#options.keepsOnlyNewest(stream)
      writing.prepare()
      return writing.append(encode(stream, events), { stream, expected, keepsOnlyNewest })
    } catch (error) {
      return Promise.reject(error)
    }
  }

  async *readStream(stream: string, options: ReadStreamOptions = {}): AsyncGenerator<readonly RecordedEvent[]> {
    const { direction = 'forwards', limit = Number.POSITIVE_INFINITY, pageSize = defaultPageSize, signal } = options
    const backwards = direction === 'backwards'
    const after = countOf(options.after ?? positionOf(0))
    let from = backwards ? 0 : (options.from ?? 0)
    let to = backwards ? (options.from ?? Number.MAX_SAFE_INTEGER) : Number.MAX_SAFE_INTEGER
    for (let left = limit; left > 0; ) {
      signal?.throwIfAborted()
      const wanted = Math.min(left, pageSize)
      const request: PageRequest = { kind: 'stream', stream, from, to, after, backwards, limit: wanted }
      const events = wanted <= smallPage ? this.#smallPage(request) : await this.#page(request)
      signal?.throwIfAborted()
      const last = events.at(-1)
      if (last === undefined) return
      yield events
      if (events.length < wanted) return
      left -= events.length
      if (backwards) to = last.revision - 1
      else from = last.revision + 1
    }
  }

  async *readAll(options: ReadAllOptions = {}): AsyncGenerator<readonly RecordedEvent[]> {
    const { direction = 'forwards', limit = Number.POSITIVE_INFINITY, pageSize = defaultPageSize, signal } = options
    const backwards = direction === 'backwards'
    const beginning = backwards ? Number.MAX_SAFE_INTEGER : 0
    let after = options.after === undefined ? beginning : countOf(options.after)
    for (let left = limit; left > 0; ) {
      signal?.throwIfAborted()
      const wanted = Math.min(left, pageSize)
      const events = await this.#page({ kind: 'all', after, backwards, limit: wanted })
      signal?.throwIfAborted()
      const last = events.at(-1)
      if (last === undefined) return
      yield events
      if (events.length < wanted) return
      left -= events.length
      after = countOf(last.position)
    }
  }

  async at(position: Position): Promise<RecordedEvent | undefined> {
    this.#open()
    return this.#read(() => eventsOf(this.#pages.at(countOf(position)))[0])
  }

  async head(stream: string): Promise<StreamHead | undefined> {
    this.#open()
    const head = this.#read(() => this.#pages.head(stream))
    return head === undefined ? undefined : { ...head, position: positionOf(head.position) }
  }

  isPosition(text: string): text is Position {
    return isPosition(text)
  }

  async end(): Promise<Position> {
    this.#open()
    return this.#read(() => positionOf(this.#pages.end()))
  }

  subscribe({ after, pageSize = defaultPageSize, signal }: SubscribeOptions) {
    const options = { after: countOf(after), pageSize, signal }
    return { [Symbol.asyncIterator]: () => new Subscription(this, options) }
  }

  async forget(eventIds: readonly string[]): Promise<void> {
    const writing = this.#writer()
    const ids = new Set(eventIds.filter(isId))
    if (ids.size === 0) return
    await writing.forget([...ids])
    this.#recent.forget(ids)
    this.#reading.forget(ids)
  }

  health(): { readonly ready: true } | { readonly ready: false; readonly reason: string } {
    if (this.closed) return { ready: false, reason: 'The log is closed.' }
    const reason = this.#writing?.fault ?? this.#fault
    return reason === undefined ? { ready: true } : { ready: false, reason }
  }

  statistics(): Readonly<Statistics> {
    return { ...(this.#writing?.statistics ?? { appends: 0, commits: 0 }) }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  page(after: number, limit: number): Promise<RecordedEvent[]> {
    return this.#page({ kind: 'all', after, backwards: false, limit })
  }

  onChange(changed: () => void): () => void {
    this.#listeners.add(changed)
    return () => this.#listeners.delete(changed)
  }

  async #close(): Promise<void> {
    clearInterval(this.#looking)
    queueMicrotask(() => this.changed())
    await this.#reading.close()
    this.#database.close()
    // The last to close, so that it moves the WAL into the file.
    await this.#writing?.close()
  }

  #writer(): Writing {
    this.#open()
    if (this.#writing === undefined) throw new StoreUnavailable('This log was opened for reading only.')
    if (this.#writing.fault !== undefined) throw new StoreUnavailable(this.#writing.fault)
    return this.#writing
  }

  #open(): void {
    if (this.closed) throw new StoreUnavailable('The log is closed: the server is stopping.')
  }

  async #page(request: PageRequest): Promise<RecordedEvent[]> {
    this.#open()
    return this.#reading.page(request)
  }

  #smallPage(request: PageRequest): RecordedEvent[] {
    this.#open()
    return this.#read(() => eventsOf(this.#pages.page(request)))
  }

  /** A short read on this thread. @throws {StoreUnavailable} */
  #read<T>(read: () => T): T {
    try {
      return read()
    } catch (error) {
      if (codeOf(error) === undefined) throw error
      const reason = readFailure(error, this.#options.folder)
      if (isDamage(error)) this.fail(reason)
      throw new StoreUnavailable(reason)
    }
  }

  #look(): void {
    const end = this.#pages.end()
    if (end === this.#recent.end) return
    this.#recent = new Recent(end)
    this.changed()
  }
}
