// The embedded read models, with their reads counted.

import type { Documents, Filter, Index, Query, RecordChange, StoredDocument, Write } from '../../src/documents/port.ts'

export class CountingDocuments implements Documents {
  readonly #inner: Documents
  /** Reads so far: what was called, and on which collection. */
  readonly reads: string[] = []

  constructor(inner: Documents) {
    this.#inner = inner
  }

  get<D>(collection: string, ids: readonly string[]): Promise<readonly StoredDocument<D>[]> {
    this.reads.push(`get ${collection}`)
    return this.#inner.get<D>(collection, ids)
  }
  find<D>(collection: string, query: Query): Promise<readonly StoredDocument<D>[]> {
    this.reads.push(`find ${collection}`)
    return this.#inner.find<D>(collection, query)
  }
  count(collection: string, filter: Filter, options?: { readonly limit?: number }): Promise<number> {
    this.reads.push(`count ${collection}`)
    return this.#inner.count(collection, filter, options)
  }
  sum(collection: string, field: string, filter: Filter): Promise<number> {
    this.reads.push(`sum ${collection}`)
    return this.#inner.sum(collection, field, filter)
  }
  load<D>(collection: string, ids: readonly string[]) {
    return this.#inner.load<D>(collection, ids)
  }
  scan<D>(collection: string, options?: { readonly pageSize?: number }) {
    return this.#inner.scan<D>(collection, options)
  }
  createCollection = (collection: string, options?: { readonly toBeFilled?: boolean }) =>
    this.#inner.createCollection(collection, options)
  createIndexes = (collection: string, indexes: readonly Index[]) => this.#inner.createIndexes(collection, indexes)
  dropCollection = (collection: string) => this.#inner.dropCollection(collection)
  collections = () => this.#inner.collections()
  write = (writes: readonly Write[], records?: readonly RecordChange[]) => this.#inner.write(writes, records)
  record = (key: string) => this.#inner.record(key)
  records = (prefix: string) => this.#inner.records(prefix)
  scrub = () => this.#inner.scrub()
  health = () => this.#inner.health()
  close = () => this.#inner.close()
}
