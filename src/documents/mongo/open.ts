// The engine of the documents port for several nodes: a database of MongoDB.
//
// It rests on unique ids, on writes to one document that are guarded by what it holds, and on nothing else: no transactions, no
// expiry, no order within a bulk.

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
import type { MongoConnection } from './connection.ts'
import { codes, hasCode, messageOf } from './failure.ts'
import { field, indexKey, order, present } from './filter.ts'
import { changeRecords, prepareRecords, readRecord, readRecords } from './records.ts'
import { collectionName, documentsOf, type Row, stateOf } from './row.ts'
import { startConnection } from './start.ts'
import { writeDocuments } from './writing.ts'

export interface MongoDocumentsOptions {
  /** mongodb://… or mongodb+srv://…; without a database at its end it is `parley`. */
  readonly url: string
  /** After how many ms a query is stopped (default 2,000). */
  readonly queryTimeoutMs?: number
}

const purpose = {
  holds: 'documents',
  setting: 'PARLEY_DOCUMENTS',
  called: "Parley's read models",
  database: (named = 'parley') => named,
} as const

/** @throws {CannotOpen} unreachable, no replica set, or another's database; the message says what to do */
export async function openMongoDocuments({ url, queryTimeoutMs = 2_000 }: MongoDocumentsOptions): Promise<Documents> {
  const connection = await startConnection(url, purpose)
  try {
    await connection.bulk(prepareRecords)
  } catch (error) {
    await connection.close()
    throw error
  }
  return new MongoDocuments(connection, queryTimeoutMs)
}

/** Ids in one question, at most. */
const idsTogether = 1_000
const defaultScanPage = 500

class MongoDocuments implements Documents {
  readonly #connection: MongoConnection
  readonly #limited: { readonly maxTimeMS: number }

  constructor(connection: MongoConnection, maxTimeMS: number) {
    this.#connection = connection
    this.#limited = { maxTimeMS }
  }

  async createCollection(collection: string): Promise<void> {
    collectionName(collection)
    await this.#connection.bulk(async (database) => {
      try {
        await database.createCollection(collection)
      } catch (error) {
        if (!hasCode(error, codes.namespaceExists)) throw error
      }
    })
  }

  async createIndexes(collection: string, indexes: readonly Index[]): Promise<void> {
    const keys = indexes.map((index) => ({ key: indexKey(index) }))
    if (keys.length === 0) return
    await this.#connection.slowly(async (database) => {
      await database.collection(collectionName(collection)).createIndexes(keys)
    })
  }

  async dropCollection(collection: string): Promise<void> {
    collectionName(collection)
    await this.#connection.bulk(async (database) => {
      try {
        await database.dropCollection(collection)
      } catch (error) {
        // It is not there; from version 7 on, MongoDB does not mind.
        if (!hasCode(error, codes.namespaceNotFound) && !/^ns not found/.test(messageOf(error))) throw error
      }
    })
  }

  async collections(): Promise<readonly string[]> {
    const found = await this.#connection.read((database) => database.listCollections({}, { nameOnly: true }).toArray())
    return found
      .map(({ name }) => name)
      .filter((name) => !name.includes('.'))
      .sort()
  }

  async get<D = Document>(collection: string, ids: readonly string[]): Promise<readonly StoredDocument<D>[]> {
    const states = await this.load<D>(collection, ids)
    return states.filter((state): state is StoredDocument<D> => state.document !== undefined)
  }

  async load<D = Document>(collection: string, ids: readonly string[]): Promise<readonly StoredState<D>[]> {
    const name = collectionName(collection)
    const found: StoredState<D>[] = []
    for (let from = 0; from < ids.length; from += idsTogether) {
      const some = ids.slice(from, from + idsTogether)
      const rows = await this.#connection.read((database) =>
        database
          .collection<Row>(name)
          .find({ _id: { $in: some } }, { batchSize: some.length + 1 })
          .toArray(),
      )
      for (const row of rows) found.push(stateOf<D>(row))
    }
    return found
  }

  async find<D = Document>(collection: string, query: Query): Promise<readonly StoredDocument<D>[]> {
    const { filter = {}, sort = {}, skip = 0 } = query
    const limit = whole('limit', query.limit)
    const options = { sort: order(sort), limit, skip: whole('skip', skip), batchSize: limit, ...this.#limited }
    const matching = present(filter)
    collectionName(collection)
    // To MongoDB, 0 is no limit.
    if (limit === 0) return []
    const rows = await this.#connection.read((database) =>
      database.collection<Row>(collection).find(matching, options).toArray(),
    )
    return documentsOf<D>(rows)
  }

  async count(collection: string, filter: Filter, { limit }: { readonly limit?: number } = {}): Promise<number> {
    const matching = present(filter)
    collectionName(collection)
    if (limit !== undefined && whole('limit', limit) === 0) return 0
    const options = { ...this.#limited, ...(limit !== undefined && { limit }) }
    return this.#connection.read((database) => database.collection<Row>(collection).countDocuments(matching, options))
  }

  async sum(collection: string, name: string, filter: Filter): Promise<number> {
    const matching = present(filter)
    const stages = [{ $match: matching }, { $group: { _id: null, sum: { $sum: `$${field(name)}` } } }]
    collectionName(collection)
    const [found] = await this.#connection.read((database) =>
      database.collection<Row>(collection).aggregate<{ sum: number }>(stages, this.#limited).toArray(),
    )
    return found?.sum ?? 0
  }

  /** By id, each page a question of its own: so nothing is held on the server, and a page can come after it was away. */
  async *scan<D = Document>(
    collection: string,
    { pageSize = defaultScanPage }: { readonly pageSize?: number } = {},
  ): AsyncIterable<readonly StoredDocument<D>[]> {
    const limit = whole('pageSize', pageSize)
    collectionName(collection)
    let after: string | undefined
    for (;;) {
      const filter = { document: { $exists: true }, ...(after !== undefined && { _id: { $gt: after } }) }
      const rows = await this.#connection.bulk((database) =>
        database
          .collection<Row>(collection)
          .find(filter, { sort: { _id: 1 }, limit, batchSize: limit })
          .toArray(),
      )
      if (rows.length > 0) yield documentsOf<D>(rows)
      if (rows.length < limit) return
      after = rows.at(-1)?._id
    }
  }

  async write(writes: readonly Write[], records: readonly RecordChange[] = []): Promise<void> {
    await writeDocuments(this.#connection, writes)
    await changeRecords(this.#connection, records)
  }

  record(key: string): Promise<VersionedRecord | undefined> {
    return readRecord(this.#connection, key)
  }

  records(prefix: string): Promise<ReadonlyMap<string, VersionedRecord>> {
    return readRecords(this.#connection, prefix)
  }

  /** What its journal and oplog keep of earlier contents, and for how long, is decided there. */
  async scrub(): Promise<void> {}

  health(): { readonly ready: true } | { readonly ready: false; readonly reason: string } {
    const reason = this.#connection.trouble
    return reason === undefined ? { ready: true } : { ready: false, reason }
  }

  close(): Promise<void> {
    return this.#connection.close()
  }
}

function whole(name: string, value: number): number {
  if (!Number.isSafeInteger(value) || value < 0) throw new TypeError(`${name} is ${value}, not a whole number from 0.`)
  return value
}
