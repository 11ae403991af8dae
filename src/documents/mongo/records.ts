// The small values that are changed by compare-and-set. Several of them change together or not at all, without a transaction: they are
// fields of one document. A switch of builds, for instance, is the pointers and the checkpoint.

import type { AnyBulkWriteOperation, Db, Filter, UpdateFilter } from 'mongodb'
import { type Document, type RecordChange, RecordConflict, type VersionedRecord } from '../port.ts'
import { durable, type MongoConnection } from './connection.ts'
import { codes, duplicatesIn, hasCode } from './failure.ts'

const collectionOfRecords = 'parley.records'
const sharedId = 'all'

interface StoredRecord {
  readonly version: number
  readonly value: Document
}

/** @property records by key, see `nameOf` */
interface Shared {
  readonly _id: typeof sharedId
  readonly records: { readonly [name: string]: StoredRecord }
}

interface Own extends StoredRecord {
  readonly _id: string
}

/**
 * A projection that cannot fold what many documents need parks them all, and a document of MongoDB holds 16 MB: so each has one of
 * its own. They are written before the others; whoever finds them ahead of the checkpoint folds the same events again, to the same end.
 */
const ownPrefix = 'parked/'
const isOwn = (key: string): boolean => key.startsWith(ownPrefix)

const majority = { readConcern: { level: 'majority' } } as const

/** Dots and dollars mean something in the name of a field. */
const nameOf = (key: string): string => encodeURIComponent(key).replaceAll('.', '%2E')
const pathOf = (key: string): string => `records.${nameOf(key)}`

const shared = (database: Db) => database.collection<Shared>(collectionOfRecords)
const own = (database: Db) => database.collection<Own>(collectionOfRecords)

/** Makes the document that holds them, where it is not there. */
export async function prepareRecords(database: Db): Promise<void> {
  try {
    await shared(database).updateOne({ _id: sharedId }, { $setOnInsert: { records: {} } }, { ...durable, upsert: true })
  } catch (error) {
    // Another node has just made it.
    if (!isDuplicate(error)) throw error
  }
}

export async function readRecord(connection: MongoConnection, key: string): Promise<VersionedRecord | undefined> {
  return connection.read(async (database) => {
    if (isOwn(key)) return versioned((await own(database).findOne({ _id: key }, majority)) ?? undefined)
    const projection = { [pathOf(key)]: 1 }
    const found = await shared(database).findOne({ _id: sharedId }, { ...majority, projection })
    return versioned(found?.records?.[nameOf(key)])
  })
}

export async function readRecords(
  connection: MongoConnection,
  prefix: string,
): Promise<ReadonlyMap<string, VersionedRecord>> {
  const found = new Map<string, VersionedRecord>()
  const all = await connection.read((database) => shared(database).findOne({ _id: sharedId }, majority))
  for (const [name, { version, value }] of Object.entries(all?.records ?? {})) {
    const key = decodeURIComponent(name)
    if (key.startsWith(prefix)) found.set(key, { version, value })
  }
  if (!isOwn(prefix) && !ownPrefix.startsWith(prefix)) return found
  const bounds = { $gte: ownPrefix, $lt: `${ownPrefix}\u{10ffff}` }
  const owns = await connection.read((database) => own(database).find({ _id: bounds }, majority).toArray())
  for (const { _id: key, version, value } of owns) if (key.startsWith(prefix)) found.set(key, { version, value })
  return found
}

/** @throws {RecordConflict} @throws {DocumentsUnavailable} it may or may not have happened */
export async function changeRecords(connection: MongoConnection, changes: readonly RecordChange[]): Promise<void> {
  const { true: owns = [], false: others = [] } = Object.groupBy(changes, ({ key }) => (isOwn(key) ? 'true' : 'false'))
  if (owns.length > 0) await changeOwn(connection, owns)
  if (others.length > 0) await changeShared(connection, others)
}

async function changeShared(connection: MongoConnection, changes: readonly RecordChange[]): Promise<void> {
  const conditions = changes.map(({ key, expectedVersion }): Filter<Shared> => {
    if (expectedVersion === 0) return { [pathOf(key)]: { $exists: false } }
    return { [`${pathOf(key)}.version`]: expectedVersion }
  })
  const set = changes.flatMap(({ key, expectedVersion, value }) =>
    value === undefined ? [] : [[pathOf(key), { version: expectedVersion + 1, value }] as const],
  )
  const unset = changes.flatMap(({ key, value }) => (value === undefined ? [[pathOf(key), ''] as const] : []))
  const update = {
    ...(set.length > 0 && { $set: Object.fromEntries(set) }),
    ...(unset.length > 0 && { $unset: Object.fromEntries(unset) }),
    // The type knows no paths that are made at run time.
  } as UpdateFilter<Shared>
  const { matchedCount } = await connection.bulk((database) =>
    shared(database).updateOne({ _id: sharedId, $and: conditions }, update, durable),
  )
  if (matchedCount === 1) return
  const now = await connection.read((database) => shared(database).findOne({ _id: sharedId }, majority))
  const changed = changes.find(
    ({ key, expectedVersion }) => (now?.records[nameOf(key)]?.version ?? 0) !== expectedVersion,
  )
  throw new RecordConflict((changed ?? changes[0])?.key ?? '')
}

async function changeOwn(connection: MongoConnection, changes: readonly RecordChange[]): Promise<void> {
  const operations = changes.map(({ key, expectedVersion, value }): AnyBulkWriteOperation<Own> => {
    const filter = { _id: key, version: expectedVersion }
    if (value === undefined) return { deleteOne: { filter } }
    return {
      replaceOne: { filter, replacement: { version: expectedVersion + 1, value }, upsert: expectedVersion === 0 },
    }
  })
  const conflict = new RecordConflict(changes[0]?.key ?? '')
  const { written, removed } = await connection.bulk(async (database) => {
    try {
      const result = await own(database).bulkWrite(operations, { ...durable, ordered: false })
      return { written: result.matchedCount + result.upsertedCount, removed: result.deletedCount }
    } catch (error) {
      if (duplicatesIn(error) !== undefined) throw conflict
      throw error
    }
  })
  const { true: removals = [], false: others = [] } = Object.groupBy(changes, ({ value }) => `${value === undefined}`)
  if (written !== others.length) throw conflict
  if (removed === removals.length) return
  // One that is to go and is gone is as wanted.
  const $in = removals.map(({ key }) => key)
  const left = await connection.read((database) => own(database).findOne({ _id: { $in } }, majority))
  if (left !== null) throw new RecordConflict(left._id)
}

const versioned = (record: StoredRecord | undefined): VersionedRecord | undefined =>
  record && { version: record.version, value: record.value }

const isDuplicate = (error: unknown): boolean => hasCode(error, codes.duplicateKey)
