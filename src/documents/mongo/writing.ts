// Writes documents, each guarded by its revision.

import type { AnyBulkWriteOperation } from 'mongodb'
import type { Write } from '../port.ts'
import { durable, type MongoConnection } from './connection.ts'
import { duplicatesIn } from './failure.ts'
import { collectionName, type Row, rowOf } from './row.ts'

/** Documents in one command, at most: it has to be answered in time by a server that is busy. */
const together = 1_000

/**
 * Collection by collection, in the order in which they first occur: when one begins, the one before is durable.
 * @throws {DocumentsUnavailable} some may have been written
 */
export async function writeDocuments(connection: MongoConnection, writes: readonly Write[]): Promise<void> {
  for (const [name, some] of Map.groupBy(writes, ({ collection }) => collection)) {
    collectionName(name)
    for (let from = 0; from < some.length; from += together)
      await writeGuarded(connection, name, some.slice(from, from + together))
  }
}

async function writeGuarded(connection: MongoConnection, name: string, writes: readonly Write[]): Promise<void> {
  const taken = await replace(connection, name, writes, { upsert: true })
  if (taken.length === 0) return
  // Somebody has that id: at a revision that is not lower, or at a lower one that came in between the looking and the inserting.
  // Now that it is there, the guard alone decides.
  await replace(connection, name, taken, { upsert: false })
}

/** @returns those whose id was taken */
function replace(
  connection: MongoConnection,
  name: string,
  writes: readonly Write[],
  { upsert }: { readonly upsert: boolean },
): Promise<readonly Write[]> {
  const operations = writes.map((write): AnyBulkWriteOperation<Row> => {
    const filter = { _id: write.id, revision: { $lt: write.revision } }
    return { replaceOne: { filter, replacement: rowOf(write), upsert } }
  })
  return connection.bulk(async (database) => {
    try {
      await database.collection<Row>(name).bulkWrite(operations, { ...durable, ordered: false })
      return []
    } catch (error) {
      const taken = duplicatesIn(error)
      if (taken === undefined) throw error
      return writes.filter((_, index) => taken.has(index))
    }
  })
}
