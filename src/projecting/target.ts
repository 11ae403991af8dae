// One build that events are folded into: its newest documents in memory, and what is yet to be written.

import { type Projection, removed } from '../../projections/projection.ts'
import type { Document, Documents, RecordChange, Write } from '../documents/port.ts'
import type { EventType, Recorded } from '../domain/events.ts'
import { Canonical } from '../eventstore/canonical.ts'
import { type Position, type Revision, start } from '../eventstore/port.ts'
import { AbsentFilter } from './absentFilter.ts'
import { type CacheLimits, DocumentCache, type Entry, entry } from './documentCache.ts'
import { ParkedDocuments } from './parkedDocuments.ts'
import { type Parked, parkedStreamId, whatAndWhere } from './parking.ts'

type OnError = 'park' | 'note' | 'fail'

/** Ids of documents, of all builds: the same people and rooms come again and again. */
const lately = new Canonical(65_536)

interface TargetOptions {
  readonly projection: Projection
  readonly collection: string
  readonly limits: CacheLimits
  /** What an error in a fold does: park the document; note only in memory that it cannot be folded; or stop the whole build. */
  readonly onError: OnError
  /** True where the collection is empty now. */
  readonly empty: boolean
}

/** A build was stopped because an event could not be folded into it. The build that is read stays as it is. */
export class FoldFailed extends Error {
  override readonly name = 'FoldFailed'
  constructor(projection: Projection, event: Recorded, documentId: string | undefined, error: unknown) {
    super(
      `${projection.name} version ${projection.version} cannot fold ${event.type}, revision ${event.revision} of ${event.stream}` +
        `${documentId === undefined ? '' : `, into ${documentId}`}: ${whatAndWhere(error)}. The build in use was left as it is.`,
      { cause: error },
    )
  }
}

/** The tables of a projection without the tie between each type and its event: decoded events are of their type. */
type Which = { readonly [type: string]: ((event: Recorded) => string | readonly string[] | undefined) | undefined }
type Folds = {
  readonly [type: string]:
    | ((document: object | undefined, event: Recorded, id: string) => object | typeof removed | undefined)
    | undefined
}

export class Target {
  readonly projection: Projection
  readonly collection: string
  readonly #documentOf: Which
  readonly #evolve: Folds
  readonly #begins: ReadonlySet<string>
  #onError: OnError
  #cache: DocumentCache
  #absent: AbsentFilter | undefined
  /** Taken out of the cache, and being written: the store may not have them yet. One map a write, the newest first. */
  #onTheirWay: ReadonlyMap<string, Entry>[] = []
  readonly #parked: ParkedDocuments
  /** The batch at hand: which event goes into which document. */
  #ids: string[] = []
  #events: Recorded[] = []
  /** Undefined until it has been read. */
  #entries: (Entry | undefined)[] = []

  constructor({ projection, collection, limits, onError, empty }: TargetOptions) {
    this.projection = projection
    this.collection = collection
    // See `Which`: the keys of both tables are event types.
    this.#documentOf = projection.documentOf as Which
    this.#evolve = projection.evolve as unknown as Folds
    this.#begins = new Set(projection.begins)
    this.#onError = onError
    this.#parked = new ParkedDocuments({ projection: projection.name, collection })
    this.#cache = new DocumentCache(limits)
    this.#absent = empty ? new AbsentFilter() : undefined
  }

  get types(): readonly EventType[] {
    // `projection()` typed them.
    return Object.keys(this.projection.documentOf) as EventType[]
  }

  get parked(): readonly Parked[] {
    return this.#parked.all
  }

  /** Revision of the last event before those that were left out; undefined where the document is not parked. */
  parkedRevision(id: string, stream?: string): Revision | undefined {
    return this.#parked.revision(id, stream)
  }

  loadParked(documents: Documents): Promise<void> {
    return this.#parked.load(documents)
  }

  /** Those parked since the last call. */
  takeNewlyParked(): readonly Parked[] {
    return this.#parked.takeNews()
  }

  /** First step of a batch: finds out which documents the events go into. */
  plan(events: readonly Recorded[]): void {
    for (const event of events) {
      const which = this.#documentOf[event.type]
      if (which === undefined) continue
      if (this.#parked.size > 0 && this.#parked.leavesOut(parkedStreamId(event.stream), event)) continue
      let ids: string | readonly string[] | undefined
      try {
        ids = which(event)
      } catch (error) {
        this.#failed(undefined, event, error)
        continue
      }
      // In a build that was empty. Another one may hold what this event is the beginning of, and more.
      const first = this.#absent !== undefined && this.#begins.has(event.type)
      if (typeof ids === 'string') this.#add(ids, event, first)
      else if (ids !== undefined) for (const id of ids) this.#add(id, event, first)
    }
  }

  /** Second step: the documents that are not in memory, each once. */
  missing(): readonly string[] {
    const missing = new Set<string>()
    for (const [index, id] of this.#ids.entries()) {
      if (this.#entries[index] !== undefined) continue
      const known = this.#cache.use(id) ?? this.#withoutReading(id)
      this.#entries[index] = known
      if (known === undefined) missing.add(id)
    }
    return [...missing]
  }

  /** Reads those. Can be tried again. */
  async load(documents: Documents, ids: readonly string[]): Promise<void> {
    const missing = new Set(ids)
    for (const { id, revision, position, document } of await documents.load(this.collection, ids)) {
      missing.delete(id)
      this.#cache.put(entry(id, revision, position, document))
    }
    for (const id of missing) this.#cache.put(absent(id))
  }

  /** Third step: folds. @throws {FoldFailed} where an error stops the build */
  fold(): void {
    for (let index = 0; index < this.#events.length; index++) {
      const event = this.#events[index]
      const id = this.#ids[index]
      if (event === undefined || id === undefined) break
      const entry = this.#entries[index] ?? this.#cache.use(id)
      if (entry === undefined) throw new Error('A batch was folded that had not been loaded.')
      if (event.revision <= entry.revision) continue
      if (this.#parked.size > 0 && this.#parked.leavesOut(id, event)) {
        // A parked message does not keep a text that was deleted.
        if (event.type === 'MessageDeleted' && event.data.messageId === id) this.#change(entry, undefined, event)
        continue
      }
      try {
        const next = this.#evolve[event.type]?.(entry.document, event, id)
        if (next === undefined) continue
        // A document is JSON; its own type names its fields.
        this.#change(entry, next === removed ? undefined : (next as Document), event)
      } catch (error) {
        this.#failed(id, event, error)
      }
    }
    this.forgetBatch()
  }

  /** Lets go of a batch that was planned and will not be folded. */
  forgetBatch(): void {
    this.#ids = []
    this.#events = []
    this.#entries = []
  }

  /** Everything that was changed. To be written before the next batch is folded. */
  takeChanged(): Write[] {
    const writes = this.#cache.takeChanged().map((one) => this.#write(one))
    // Nothing that leaves the memory now is yet to be written.
    this.#cache.evict()
    return writes
  }

  /** What was changed and has no more room in memory: a build that nobody reads is written no earlier. Each time, `written` follows. */
  takeEvicted(): Write[] {
    const evicted = this.#cache.evict()
    this.#onTheirWay.unshift(new Map(evicted.map((one) => [one.id, one])))
    return evicted.map((one) => this.#write(one))
  }

  /** The oldest of what was taken by `takeEvicted` is in the store now. */
  written(): void {
    this.#onTheirWay.pop()
  }

  /** What must be recorded of parked documents, in the same write as their effect. */
  parkedChanges(): RecordChange[] {
    return this.#onError === 'park' ? this.#parked.takeChanges() : []
  }

  /** From now on it is the build in use; everything that was changed has been written. */
  goLive(limits: CacheLimits): void {
    this.#onError = 'park'
    this.#cache = new DocumentCache(limits)
    this.#absent = undefined
    this.#onTheirWay = []
  }

  /** After others may have written: nothing in memory holds any more. */
  clear(): void {
    this.#cache.clear()
    this.#onTheirWay = []
    this.#absent = undefined
    this.forgetBatch()
  }

  #add(id: string, event: Recorded, first: boolean): void {
    // Where it begins with this event, no earlier one has named it.
    const known = first ? id : lately.of(id)
    this.#ids.push(known)
    this.#events.push(event)
    this.#entries.push(first ? this.#put(absent(id)) : undefined)
  }

  #put(one: Entry): Entry {
    this.#cache.put(one)
    return one
  }

  /** What is known without asking the store. */
  #withoutReading(id: string): Entry | undefined {
    let known: Entry | undefined
    // First what is quick: most documents of a new build are new, and what is on its way has been added to the filter.
    if (this.#absent?.mayHold(id) === false) known = absent(id)
    else for (const written of this.#onTheirWay) known ??= written.get(id)
    if (known !== undefined) this.#cache.put(known)
    return known
  }

  #change(entry: Entry, document: Document | undefined, event: Recorded): void {
    this.#cache.change(entry, document, event.revision, event.position as Position)
  }

  #write({ id, revision, position, document }: Entry): Write {
    this.#absent?.add(id)
    return { collection: this.collection, id, revision, position, document }
  }

  #failed(id: string | undefined, event: Recorded, error: unknown): void {
    if (this.#onError === 'fail') throw new FoldFailed(this.projection, event, id, error)
    this.#parked.park(id, event, error)
  }
}

const absent = (id: string): Entry => entry(id, -1, start, undefined)
