// How queries, facts and live feeds read documents: always from the build in use.

import { setTimeout as sleep } from 'node:timers/promises'
import type { Projection } from '../../projections/projection.ts'
import type { Documents, Filter, Query, StoredDocument } from '../documents/port.ts'
import { type Position, type Revision, start } from '../eventstore/port.ts'
import { Waiters } from './waiters.ts'

/** The read model has never been filled, or not yet by this version. */
export class NotYetBuilt extends Error {
  override readonly name = 'NotYetBuilt'
  constructor(projection: string) {
    super(`The read model ${projection} is being built for the first time. Try again when the server is ready.`)
  }
}

interface Build {
  readonly collection: string
  /** Revision before the first event left out of a parked document. */
  readonly parkedRevision: (id: string, stream?: string) => Revision | undefined
  reads: number
}

export class ReadModels {
  readonly #documents: Documents
  readonly #builds = new Map<string, Build>()
  readonly #waiters = new Waiters()
  readonly #rebuilding = new Map<string, number>()
  #checkpoint: Position = start
  #onAwaited: (() => void) | undefined

  constructor(documents: Documents) {
    this.#documents = documents
  }

  /** Everything up to here can be read. */
  get checkpoint(): Position {
    return this.#checkpoint
  }

  /** The projections that are being built anew, with the events folded so far. What is read meanwhile is whole, from the build before. */
  get rebuilding(): ReadonlyMap<string, number> {
    return this.#rebuilding
  }

  /** The documents with these ids, in no order; absent ones are left out. @throws {NotYetBuilt} */
  get<D extends object>(projection: Projection<D>, ids: readonly string[]): Promise<readonly StoredDocument<D>[]> {
    if (ids.length === 0) return Promise.resolve([])
    return this.#read(projection.name, (collection) => this.#documents.get<D>(collection, ids))
  }

  /** @throws {NotYetBuilt} {QueryTooSlow} */
  find<D extends object>(projection: Projection<D>, query: Query): Promise<readonly StoredDocument<D>[]> {
    return this.#read(projection.name, (collection) => this.#documents.find<D>(collection, query))
  }

  /** How many match; never counts beyond `limit`. @throws {NotYetBuilt} */
  count<D extends object>(
    projection: Projection<D>,
    filter: Filter,
    options?: { readonly limit?: number },
  ): Promise<number> {
    return this.#read(projection.name, (collection) => this.#documents.count(collection, filter, options))
  }

  /** The sum of a numeric field over those that match. @throws {NotYetBuilt} */
  sum<D extends object>(projection: Projection<D>, field: string, filter: Filter): Promise<number> {
    return this.#read(projection.name, (collection) => this.#documents.sum(collection, field, filter))
  }

  /** True as soon as everything up to the position can be read; false after `timeoutMs`. */
  waitFor(
    position: Position,
    options: { readonly timeoutMs: number; readonly signal?: AbortSignal },
  ): Promise<boolean> {
    if (position <= this.#checkpoint) return Promise.resolve(true)
    const reached = this.#waiters.wait(position, options)
    this.#onAwaited?.()
    return reached
  }

  /**
   * Whether a document is parked: revision of the last event before those that were left out of it. Whoever must know it
   * exactly folds its stream from the document's own revision. `stream` finds also what was parked before its document was known.
   */
  parkedRevision<D extends object>(projection: Projection<D>, id: string, stream?: string): Revision | undefined {
    return this.#builds.get(projection.name)?.parkedRevision(id, stream)
  }

  // ── told and asked by the runner ──

  /** Whether somebody waits for more than can be read. */
  get awaited(): boolean {
    return this.#waiters.any
  }

  /** Called whenever somebody begins to wait. */
  onAwaited(listener: () => void): void {
    this.#onAwaited = listener
  }

  /** What was written up to here can be read now. */
  advance(position: Position): void {
    this.#checkpoint = position
    this.#waiters.reached(position)
  }

  /** From now on this build is read. @returns waits until nobody reads the one before, and `graceMs` longer */
  use(name: string, build: Omit<Build, 'reads'>): (graceMs: number, signal: AbortSignal) => Promise<void> {
    const before = this.#builds.get(name)
    this.#builds.set(name, { ...build, reads: 0 })
    return async (graceMs, signal) => {
      do await sleep(graceMs, undefined, { signal })
      while ((before?.reads ?? 0) > 0)
    }
  }

  collectionOf(name: string): string | undefined {
    return this.#builds.get(name)?.collection
  }

  rebuildingIs(names: readonly string[], events: number): void {
    for (const name of names) this.#rebuilding.set(name, events)
  }

  endedRebuilding(names: readonly string[]): void {
    for (const name of names) this.#rebuilding.delete(name)
  }

  close(): void {
    this.#waiters.close()
  }

  async #read<T>(name: string, read: (collection: string) => Promise<T>): Promise<T> {
    const build = this.#builds.get(name)
    if (build === undefined) throw new NotYetBuilt(name)
    build.reads++
    try {
      return await read(build.collection)
    } finally {
      build.reads--
    }
  }
}
