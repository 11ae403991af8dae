// The embedded engine of the documents port: one SQLite file, `documents.db`.

import type {
  Document,
  Documents,
  Filter,
  Index,
  Query,
  RecordChange,
  StoredDocument,
  StoredState,
  VersionedRecord,
  Write,
} from '../port.ts'
import { prepareFile, tableOf } from './file.ts'
import { documentsOf, lastRowOf, recordOf, statesOf } from './found.ts'
import { idHash } from './idHash.ts'
import { pack } from './packing.ts'
import { countSql, findSql, idSql, idsSql, rowsSql, scanSql, sumSql } from './query.ts'
import { Reading } from './reading.ts'
import { RecentStates } from './recentStates.ts'
import type { RowTable } from './rowTable.ts'
import { Writing } from './writing.ts'

export interface SqliteDocumentsOptions {
  /** The data folder; made where it is not there. */
  readonly folder: string
  /** After how many ms a query is stopped (default 2,000). */
  readonly queryTimeoutMs?: number
}

/** @throws {CannotOpen} the file is damaged, in use or of a newer version; the message says what to do */
export async function openSqliteDocuments(options: SqliteDocumentsOptions): Promise<Documents> {
  return new SqliteDocuments(prepareFile(options.folder), options.queryTimeoutMs ?? 2_000)
}

/** Ids looked up on the calling thread, at most: about 1 ms. More go to a reader thread. */
const idsAtOnce = 200
const defaultScanPage = 500

class SqliteDocuments implements Documents {
  readonly #writing: Writing
  readonly #reading: Reading
  readonly #collections: Set<string>
  readonly #recent = new RecentStates()

  constructor(path: string, timeLimit: number) {
    this.#writing = new Writing(path)
    this.#reading = new Reading(path, timeLimit, (reason) => this.#writing.fail(reason))
    this.#collections = new Set(this.#reading.collections())
  }

  async createCollection(collection: string, { toBeFilled = false } = {}): Promise<void> {
    tableOf(collection)
    await this.#writing.carryOut({ kind: 'createCollection', collection, toBeFilled })
    this.#collections.add(collection)
    this.#recent.clear()
    this.#reading.forgetPlans()
  }

  async createIndexes(collection: string, indexes: readonly Index[]): Promise<void> {
    await this.#writing.carryOut({ kind: 'createIndexes', collection, indexes })
    this.#reading.forgetPlans()
  }

  async dropCollection(collection: string): Promise<void> {
    tableOf(collection)
    // No longer asked for from here on, while the writer takes it away.
    const known = this.#collections.delete(collection)
    this.#recent.clear()
    try {
      await this.#writing.carryOut({ kind: 'dropCollection', collection })
    } catch (error) {
      if (known) this.#collections.add(collection)
      throw error
    }
    this.#reading.forgetPlans()
  }

  async collections(): Promise<readonly string[]> {
    return [...this.#collections].sort()
  }

  async get<D = Document>(collection: string, ids: readonly string[]): Promise<readonly StoredDocument<D>[]> {
    const states = await this.load<D>(collection, ids)
    return states.filter((state): state is StoredDocument<D> => state.document !== undefined)
  }

  async load<D = Document>(collection: string, ids: readonly string[]): Promise<readonly StoredState<D>[]> {
    const [id] = ids
    if (id === undefined || !this.#collections.has(collection)) return []
    const rowTable = this.#writing.rowTable(collection)
    if (rowTable !== undefined) return this.#loadFilling<D>(collection, ids, rowTable)
    if (ids.length > idsAtOnce) return statesOf<D>(await this.#reading.documents(idsSql(collection, ids), ids.length))
    return this.#loadHere<D>(collection, ids)
  }

  #loadHere<D>(collection: string, ids: readonly string[]): readonly StoredState<D>[] {
    const states: StoredState<D>[] = []
    const unknown = new Set<string>()
    for (const id of new Set(ids)) {
      const known = this.#recent.get(collection, id)
      if (known === undefined) unknown.add(id)
      // The caller knows what the collection holds.
      else if (known !== 'absent') states.push(known as StoredState<D>)
    }
    const [first] = unknown
    if (first === undefined) return states
    const question = unknown.size === 1 ? idSql(collection, first) : idsSql(collection, [...unknown])
    const rows = this.#reading.rowsHere(question)
    for (const [index, state] of statesOf<D>(rows).entries()) {
      states.push(state)
      unknown.delete(state.id)
      this.#recent.found(collection, state.id, state, rows[index]?.doc.length ?? 0)
    }
    for (const id of unknown) this.#recent.found(collection, id, 'absent', 0)
    return states
  }

  /** Rows to which the table leads by chance, or which their document has left, are not asked for. */
  async #loadFilling<D>(
    collection: string,
    ids: readonly string[],
    rowTable: RowTable,
  ): Promise<readonly StoredState<D>[]> {
    const wanted = new Set(ids)
    const rows = [...wanted].flatMap((id) => rowTable.rows(idHash(id)))
    if (rows.length === 0) return []
    const question = rowsSql(collection, rows)
    const found =
      rows.length <= idsAtOnce ? this.#reading.rowsHere(question) : await this.#reading.documents(question, rows.length)
    return statesOf<D>(found).filter(({ id }) => wanted.has(id))
  }

  async find<D = Document>(collection: string, query: Query): Promise<readonly StoredDocument<D>[]> {
    const question = findSql(collection, query)
    if (!this.#collections.has(collection)) return []
    return documentsOf<D>(await this.#reading.documents(question, query.limit))
  }

  async count(collection: string, filter: Filter, options: { readonly limit?: number } = {}): Promise<number> {
    const question = countSql(collection, filter, options.limit)
    if (!this.#collections.has(collection)) return 0
    return this.#reading.number(question, options.limit ?? Number.POSITIVE_INFINITY)
  }

  async sum(collection: string, field: string, filter: Filter): Promise<number> {
    const question = sumSql(collection, field, filter)
    if (!this.#collections.has(collection)) return 0
    return this.#reading.number(question, Number.POSITIVE_INFINITY)
  }

  async *scan<D = Document>(
    collection: string,
    { pageSize = defaultScanPage }: { readonly pageSize?: number } = {},
  ): AsyncIterable<readonly StoredDocument<D>[]> {
    let after = 0
    while (this.#collections.has(collection)) {
      // Always on a thread: whoever reads everything should not hold up the others.
      const question = scanSql(collection, after, pageSize)
      const found = await this.#reading.documents(question, Number.POSITIVE_INFINITY)
      const page = documentsOf<D>(found)
      if (page.length === 0) return
      yield page
      if (page.length < pageSize) return
      after = lastRowOf(found)
    }
  }

  async write(writes: readonly Write[], records: readonly RecordChange[] = []): Promise<void> {
    if (writes.length === 0 && records.length === 0) return
    const beingFilled = (collection: string) => this.#writing.rowTable(collection) !== undefined
    await this.#recent.during(writes, beingFilled, () =>
      this.#writing.carryOut({
        kind: 'write',
        rows: pack(writes),
        records: records.map(({ key, expectedVersion, value }) => ({
          key,
          expectedVersion,
          value: value === undefined ? undefined : JSON.stringify(value),
        })),
      }),
    )
  }

  async record(key: string): Promise<VersionedRecord | undefined> {
    const row = this.#reading.record(key)
    return row && recordOf(row)
  }

  async records(prefix: string): Promise<ReadonlyMap<string, VersionedRecord>> {
    return new Map(this.#reading.records(prefix).map((row) => [row.key, recordOf(row)]))
  }

  scrub(): Promise<void> {
    return this.#writing.carryOut({ kind: 'scrub' })
  }

  health(): { readonly ready: true } | { readonly ready: false; readonly reason: string } {
    const reason = this.#writing.failure
    return reason === undefined ? { ready: true } : { ready: false, reason }
  }

  /** The writer goes last: then SQLite puts the write-ahead log into the file. */
  async close(): Promise<void> {
    await this.#reading.close()
    await this.#writing.close()
  }
}
