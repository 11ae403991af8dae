// Where the read models are kept. Every engine keeps this contract, and test/conformance/documents/
// holds each of them to it. Nothing here is truth: all of it can be made again from the log.

import type { Position, Revision } from '../eventstore/port.ts'

/** A JSON object without `undefined` in it. */
export type Document = { readonly [key: string]: unknown }

/** Field to direction, in order. Dots reach into objects: `author.id`. */
export type Order = { readonly [field: string]: 1 | -1 }

export type Index = Order

export interface StoredDocument<D = Document> {
  readonly id: string
  /** Revision, in its stream, of the last event folded into it. */
  readonly revision: Revision
  /** Position of that event. */
  readonly position: Position
  readonly document: D
}

/** As the runner sees it: a removed document is still known by its revision. */
export interface StoredState<D = Document> {
  readonly id: string
  readonly revision: Revision
  readonly position: Position
  /** Undefined where the document was removed. */
  readonly document: D | undefined
}

export interface Write {
  readonly collection: string
  readonly id: string
  readonly revision: Revision
  readonly position: Position
  /** Undefined removes it, and leaves a tombstone. */
  readonly document: Document | undefined
}

type Scalar = string | number | boolean | null

/** What one field must be. Comparisons hold only between values of the same type, as in MongoDB: `{ $gt: 3 }` never matches a string. */
export type Condition =
  | Scalar
  | {
      readonly $eq?: Scalar
      /** True also where the field is absent. */
      readonly $ne?: Scalar
      readonly $gt?: string | number
      readonly $gte?: string | number
      readonly $lt?: string | number
      readonly $lte?: string | number
      readonly $in?: readonly Scalar[]
      readonly $exists?: boolean
    }

/**
 * The few MongoDB operators that the queries use. `null` matches a field that is null or absent. The key `_id` is the document's id,
 * `_revision` and `_position` are what is kept beside it. Fields that filters and orders name hold no arrays: engines differ about
 * those. Their names are of letters, digits, `_` and `-`, joined by dots; any other is a TypeError, as is an empty condition.
 */
export interface Filter {
  readonly $and?: readonly Filter[]
  readonly $or?: readonly Filter[]
  readonly [field: string]: Condition | readonly Filter[]
}

export interface Query {
  readonly filter?: Filter
  /** Values sort as in MongoDB: absent and null, then numbers, then strings (by code point), then booleans. Ties are broken by id, ascending. */
  readonly sort?: Order
  readonly limit: number
  readonly skip?: number
}

/** A small value with a version, for what must be changed by compare-and-set: checkpoints, build pointers, leases. */
export interface VersionedRecord {
  /** 1 for the first value. */
  readonly version: number
  readonly value: Document
}

export interface RecordChange {
  readonly key: string
  /** The version that it must have now; 0 when it must be absent. */
  readonly expectedVersion: number
  /** Undefined removes it. */
  readonly value: Document | undefined
}

export interface Documents {
  /**
   * Makes the collection if it is not there. Its indexes are made by `createIndexes`, after it has been filled.
   *
   * @param options.toBeFilled many documents come now and `createIndexes` after them: until then an engine may find ids by
   * other means, which are lost with the process
   */
  createCollection(collection: string, options?: { readonly toBeFilled?: boolean }): Promise<void>
  /** Makes those that are not there yet, and returns when queries can use them. */
  createIndexes(collection: string, indexes: readonly Index[]): Promise<void>
  /** Its contents can then be found in no file. Nothing where it is not there. */
  dropCollection(collection: string): Promise<void>
  /** Names of those that are there. */
  collections(): Promise<readonly string[]>

  /** The documents with these ids, in no order; absent and removed ones are left out. One indexed read. */
  get<D = Document>(collection: string, ids: readonly string[]): Promise<readonly StoredDocument<D>[]>
  /** The same with removed ones: for whoever folds events into them. */
  load<D = Document>(collection: string, ids: readonly string[]): Promise<readonly StoredState<D>[]>
  /** @throws {QueryTooSlow} after 2 s */
  find<D = Document>(collection: string, query: Query): Promise<readonly StoredDocument<D>[]>
  /** How many match; never counts beyond `limit`. */
  count(collection: string, filter: Filter, options?: { readonly limit?: number }): Promise<number>
  /** The sum of a numeric field over those that match; others than numbers count 0. */
  sum(collection: string, field: string, filter: Filter): Promise<number>
  /**
   * All documents in pages, in an order of the engine's own, removed ones left out. One that is written meanwhile may come
   * twice; none is missed that is there from beginning to end.
   */
  scan<D = Document>(
    collection: string,
    options?: { readonly pageSize?: number },
  ): AsyncIterable<readonly StoredDocument<D>[]>

  /**
   * Writes each document whose revision is higher than the one stored (removed ones count by their tombstone), and changes
   * nothing about the others; then the records, by compare-and-set. An engine that can does it all in one transaction; one that
   * cannot writes the documents durably first, in the order given: the runner puts first what says who may see what. Each
   * document occurs at most once in a call.
   *
   * @throws {RecordConflict} a record had another version; documents may have been written, which the guard makes harmless
   */
  write(writes: readonly Write[], records?: readonly RecordChange[]): Promise<void>

  record(key: string): Promise<VersionedRecord | undefined>
  records(prefix: string): Promise<ReadonlyMap<string, VersionedRecord>>

  /** After documents were rewritten or removed: returns when their earlier contents are in no file. */
  scrub(): Promise<void>

  /** Whether writes can succeed; if not, a sentence that says what to do. */
  health(): { readonly ready: true } | { readonly ready: false; readonly reason: string }
  close(): Promise<void>
}

/** Somebody else changed the record first. */
export class RecordConflict extends Error {
  override readonly name = 'RecordConflict'
  readonly key: string
  constructor(key: string) {
    super(`The record ${key} was changed by someone else.`)
    this.key = key
  }
}

/** The query took longer than it may. */
export class QueryTooSlow extends Error {
  override readonly name = 'QueryTooSlow'
}

/** The read models cannot be reached or written now; the message says what to do. */
export class DocumentsUnavailable extends Error {
  override readonly name = 'DocumentsUnavailable'
}
