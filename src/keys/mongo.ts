// Keys in a database of MongoDB of their own, beside that of the read models: all nodes need them.
//
// A removed key leaves its id. MongoDB's oplog and journal may keep the key for as long as they are kept.

import { Binary } from 'mongodb'
import { durable, type MongoConnection } from '../documents/mongo/connection.ts'
import { duplicatesIn } from '../documents/mongo/failure.ts'
import { startConnection } from '../documents/mongo/start.ts'
import { DocumentsUnavailable } from '../documents/port.ts'
import { type Keys, KeysUnavailable, type KnownKey, type NewKey } from './port.ts'

/** Without a key where it has been removed. */
interface StoredKey {
  readonly _id: string
  readonly key?: Binary
}

const purpose = {
  holds: 'keys',
  setting: 'PARLEY_DOCUMENTS',
  called: 'the keys of sealed texts',
  database: (named = 'parley') => `${named}_keys`,
} as const

const collection = 'keys'
/** Ids in one command, at most. */
const together = 1_000

/**
 * @param options.url that of the read models: the keys of /parley are in the database parley_keys
 * @throws {CannotOpen} unreachable, no replica set, or another's database; the message says what to do
 */
export async function openMongoKeys({ url }: { readonly url: string }): Promise<Keys> {
  return new MongoKeys(await startConnection(url, purpose))
}

class MongoKeys implements Keys {
  readonly #connection: MongoConnection

  constructor(connection: MongoConnection) {
    this.#connection = connection
  }

  async add(keys: readonly NewKey[]): Promise<ReadonlyMap<string, KnownKey>> {
    const known = new Map<string, KnownKey>()
    for (const some of inParts(keys)) {
      const taken = await this.#insert(some)
      const stored = await Promise.all(taken.map((id) => this.#settled(id)))
      for (const { _id: id, key } of stored) known.set(id, key === undefined ? 'removed' : bytesOf(key))
    }
    return known
  }

  async get(ids: readonly string[]): Promise<ReadonlyMap<string, Uint8Array>> {
    const found = new Map<string, Uint8Array>()
    for (const some of inParts(ids)) {
      const stored = await asKeys(() =>
        this.#connection.read((database) =>
          database
            .collection<StoredKey>(collection)
            .find({ _id: { $in: [...some] } }, { batchSize: some.length + 1 })
            .toArray(),
        ),
      )
      for (const { _id: id, key } of stored) if (key !== undefined) found.set(id, bytesOf(key))
    }
    return found
  }

  async remove(ids: readonly string[]): Promise<void> {
    for (const some of inParts(ids))
      await asKeys(() =>
        this.#connection.bulk((database) =>
          database
            .collection<StoredKey>(collection)
            .updateMany({ _id: { $in: [...some] } }, { $unset: { key: '' } }, durable),
        ),
      )
  }

  health(): { readonly ready: true } | { readonly ready: false; readonly reason: string } {
    const reason = this.#connection.trouble
    return reason === undefined ? { ready: true } : { ready: false, reason }
  }

  close(): Promise<void> {
    return this.#connection.close()
  }

  /** @returns the ids that were there */
  #insert(keys: readonly NewKey[]): Promise<readonly string[]> {
    const rows = keys.map(({ id, key }): StoredKey => ({ _id: id, key: new Binary(key) }))
    return asKeys(() =>
      this.#connection.bulk(async (database) => {
        try {
          await database.collection<StoredKey>(collection).insertMany(rows, { ...durable, ordered: false })
          return []
        } catch (error) {
          const taken = duplicatesIn(error)
          if (taken === undefined) throw error
          return keys.filter((_, index) => taken.has(index)).map(({ id }) => id)
        }
      }),
    )
  }

  /** What another node is just inserting could still be taken back by an election; what is read like this cannot. */
  #settled(id: string): Promise<StoredKey> {
    return asKeys(() =>
      this.#connection.read(async (database) => {
        const options = { readConcern: { level: 'linearizable' } } as const
        const found = await database.collection<StoredKey>(collection).findOne({ _id: id }, options)
        if (found === null) throw new KeysUnavailable(`The key of ${id} came and went. Try again.`)
        return found
      }),
    )
  }
}

const bytesOf = (key: Binary): Uint8Array => Uint8Array.from(key.value())

function* inParts<T>(all: readonly T[]): Iterable<readonly T[]> {
  for (let from = 0; from < all.length; from += together) yield all.slice(from, from + together)
}

async function asKeys<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof DocumentsUnavailable) throw new KeysUnavailable(error.message, { cause: error })
    throw error
  }
}
