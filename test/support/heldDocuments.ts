// Read models that can be held back: what the log holds is not written to them, or a read is not answered, until they are let go.

import type { Documents, Filter, Index, Query, RecordChange, StoredDocument, Write } from '../../src/documents/port.ts'

/** Lets go of what was held. */
export type LetGo = () => void

export interface HeldRead {
  /** Resolves when there is such a read. */
  readonly asked: Promise<void>
  readonly letGo: LetGo
}

interface Hold {
  left: number
  readonly asked: () => void
  readonly wait: Promise<void>
}

export class HeldDocuments implements Documents {
  readonly #inner: Documents
  #writes: Promise<void> | undefined
  #hold: Hold | undefined

  constructor(inner: Documents) {
    this.#inner = inner
  }

  /** The read models stay as they are. */
  holdWrites(): LetGo {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#writes = promise
    return () => {
      this.#writes = undefined
      resolve()
    }
  }

  /** One of the reads from now on waits, and reads only once it is let go; all others go on. The first is number 0. */
  holdRead(number: number): HeldRead {
    const wait = Promise.withResolvers<void>()
    const asked = Promise.withResolvers<void>()
    const hold = { left: number, asked: asked.resolve, wait: wait.promise }
    this.#hold = hold
    return {
      asked: asked.promise,
      letGo: () => {
        if (this.#hold === hold) this.#hold = undefined
        wait.resolve()
      },
    }
  }

  async get<D>(collection: string, ids: readonly string[]): Promise<readonly StoredDocument<D>[]> {
    await this.#held()
    return await this.#inner.get<D>(collection, ids)
  }
  async find<D>(collection: string, query: Query): Promise<readonly StoredDocument<D>[]> {
    await this.#held()
    return await this.#inner.find<D>(collection, query)
  }
  async count(collection: string, filter: Filter, options?: { readonly limit?: number }): Promise<number> {
    await this.#held()
    return await this.#inner.count(collection, filter, options)
  }
  async sum(collection: string, field: string, filter: Filter): Promise<number> {
    await this.#held()
    return await this.#inner.sum(collection, field, filter)
  }
  async write(writes: readonly Write[], records?: readonly RecordChange[]): Promise<void> {
    await this.#writes
    await this.#inner.write(writes, records)
  }

  async #held(): Promise<void> {
    const hold = this.#hold
    if (!hold || hold.left-- > 0) return
    this.#hold = undefined
    hold.asked()
    await hold.wait
  }

  load = <D>(collection: string, ids: readonly string[]) => this.#inner.load<D>(collection, ids)
  scan = <D>(collection: string, options?: { readonly pageSize?: number }) => this.#inner.scan<D>(collection, options)
  createCollection = (collection: string, options?: { readonly toBeFilled?: boolean }) =>
    this.#inner.createCollection(collection, options)
  createIndexes = (collection: string, indexes: readonly Index[]) => this.#inner.createIndexes(collection, indexes)
  dropCollection = (collection: string) => this.#inner.dropCollection(collection)
  collections = () => this.#inner.collections()
  record = (key: string) => this.#inner.record(key)
  records = (prefix: string) => this.#inner.records(prefix)
  scrub = () => this.#inner.scrub()
  health = () => this.#inner.health()
  close = () => this.#inner.close()
}
