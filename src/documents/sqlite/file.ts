// The file of the read models: where it is, what is in it, how connections to it are set up.

import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { CannotOpen } from '../../eventstore/port.ts'
import type { Index } from '../port.ts'
import { field } from './field.ts'

const fileVersion = 1
/** "PRLd" */
const applicationId = 0x50524c64

/** Makes the file where it is not there, and checks it. Returns its path. @throws {CannotOpen} */
export function prepareFile(folder: string): string {
  const path = join(folder, 'documents.db')
  try {
    mkdirSync(folder, { recursive: true })
    using database = new DatabaseSync(path, { timeout: 5000 })
    const version = pragma(database, 'user_version')
    if (version > fileVersion) {
      throw new CannotOpen(`${path} was written by a newer version of Parley. Start that version, or ${remedy(path)}`)
    }
    if (version === 0) {
      const tables = database.prepare('SELECT count(*) AS n FROM sqlite_schema').get()?.n
      if (tables !== 0) throw new CannotOpen(`${path} is not a file of Parley's read models. Move it away.`)
      makeFile(database)
    } else if (pragma(database, 'application_id') !== applicationId) {
      throw new CannotOpen(`${path} is not a file of Parley's read models. Move it away.`)
    }
    database.prepare('SELECT count(*) FROM records').get()
    collectionsIn(database)
  } catch (error) {
    if (error instanceof CannotOpen) throw error
    const cause = error instanceof Error ? error.message : String(error)
    throw new CannotOpen(`${path} cannot be opened (${cause}). If it is damaged, ${remedy(path)}`, { cause: error })
  }
  return path
}

const remedy = (path: string) =>
  `delete ${path} with the -wal and -shm files beside it: the read models will then be rebuilt from the log.`

function makeFile(database: DatabaseSync): void {
  // Filling a collection of 10⁶ documents took a quarter less time with 8 KB than with 4 KB.
  database.exec(`PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; PRAGMA secure_delete = ON`)
  database.exec(`BEGIN IMMEDIATE;
    CREATE TABLE records (key TEXT PRIMARY KEY, version INTEGER NOT NULL, value TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE unclean (name TEXT PRIMARY KEY) WITHOUT ROWID;
    PRAGMA application_id = ${applicationId};
    PRAGMA user_version = ${fileVersion};
    COMMIT`)
}

function pragma(database: DatabaseSync, name: string): number {
  return Number(database.prepare(`PRAGMA ${name}`).get()?.[name])
}

export function openWriting(path: string): DatabaseSync {
  const database = new DatabaseSync(path, { timeout: 100 })
  // The log is truth and these are made from it again, so a power cut may take the last of them: no fsync a commit.
  database.exec(`PRAGMA synchronous = NORMAL; PRAGMA secure_delete = ON; PRAGMA cache_size = -131072;
    PRAGMA journal_size_limit = 67108864`)
  return database
}

export function openReading(path: string): DatabaseSync {
  const database = new DatabaseSync(path, { readOnly: true, timeout: 5000 })
  // In memory: a sort must not leave contents in a temporary file.
  database.exec('PRAGMA cache_size = -16384; PRAGMA temp_store = MEMORY')
  return database
}

const tablePrefix = 'c_'

/** The quoted name of a collection's table. @throws {TypeError} where it cannot name a collection */
export function tableOf(collection: string): string {
  if (!/^[A-Za-z0-9_-]{1,100}$/.test(collection)) throw new TypeError(`${collection} cannot name a collection.`)
  return `"${tablePrefix}${collection}"`
}

export function collectionsIn(database: DatabaseSync): string[] {
  return database
    .prepare(`SELECT name FROM sqlite_schema WHERE type = 'table' AND substr(name, 1, 2) = ? ORDER BY name`)
    .all(tablePrefix)
    .map((row) => String(row.name).slice(tablePrefix.length))
}

/**
 * A row number that only grows, so that rows stand in the order of their first write; `slot.ts` says why they stay there.
 * Ids are found by `h`, see `idHash.ts`, and that they are unique is kept by the one thread that writes.
 */
export function createTable(collection: string): string {
  return `CREATE TABLE IF NOT EXISTS ${tableOf(collection)} (n INTEGER PRIMARY KEY, h INTEGER, id TEXT,
      revision INTEGER NOT NULL, position TEXT NOT NULL, removed INTEGER NOT NULL, doc TEXT NOT NULL)`
}

/** A collection that is being filled has no such index yet, see `rowTable.ts`. */
export function createIdIndex(collection: string): string {
  return `CREATE INDEX IF NOT EXISTS "h_${collection}" ON ${tableOf(collection)} (h)`
}

/** The name of an index without quotes: the same for the same fields. */
function indexName(collection: string, index: Index): string {
  const fields = Object.entries(index).map(([name, direction]) => `${direction === 1 ? '+' : '-'}${name}`)
  return `i_${collection}${fields.join('')}`
}

/**
 * SQL that makes the index, and the trigger that notes when a text leaves it. An index is a tree whose entries move
 * (see `slot.ts`), so copies of a text may be left in it: it is made anew before the file counts as scrubbed. Ids and
 * times are no texts: they leave an index all the time, and tell nothing.
 */
export function createIndex(collection: string, index: Index): string {
  const name = indexName(collection, index)
  const columns = Object.entries(index).map(
    ([key, direction]) => `${field(key).value}${direction === 1 ? '' : ' DESC'}`,
  )
  if (columns.length === 0) throw new TypeError('An index needs at least one field.')
  if (!('_id' in index)) columns.push('id')
  const texts = Object.keys(index)
    .filter((key) => field(key).always === undefined)
    .map(textLeaves)
  const trigger =
    texts.length === 0
      ? ''
      : `CREATE TRIGGER IF NOT EXISTS "t_${name}" AFTER UPDATE ON ${tableOf(collection)}
         WHEN OLD.removed = 0 AND (${texts.join(' OR ')})
         BEGIN INSERT OR IGNORE INTO unclean VALUES ('${name}'); END;`
  return `CREATE INDEX IF NOT EXISTS "${name}" ON ${tableOf(collection)} (${columns.join(', ')}) WHERE removed = 0; ${trigger}`
}

const isId = (text: string) => `(substr(${text},-36) GLOB '????????-????-????-????-????????????'
  AND substr(${text},-36) NOT GLOB '*[^0-9a-f-]*' AND substr(${text},1,length(${text})-36) NOT GLOB '*[^a-z_-]*')`
const isTime = (text: string) => `(${text} GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T*'
  AND substr(${text},11) NOT GLOB '*[^0-9TZ:.+-]*')`

function textLeaves(key: string): string {
  const before = `(${field(key, 'OLD.doc').value})`
  const after = `(${field(key, 'NEW.doc').value})`
  return `(typeof(${before}) = 'text' AND (NEW.removed OR ${before} IS NOT ${after})
    AND NOT ${isId(before)} AND NOT ${isTime(before)})`
}
