// The file of the log: how it is laid out, opened and checked.

import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { CannotOpen } from '../port.ts'
import { codeOf, messageOf, sqliteCode } from './failure.ts'
import type { WorkerSettings } from './protocol.ts'

export const fileOf = (folder: string): string => join(folder, 'log.db')

/** In a data folder, while a backup is being restored into it: what was copied waits here until all of it is there. */
export const restoringName = '.restoring'

const applicationId = 0x50_61_72_6c // "Parl"
const schemaVersion = 1

/** Earlier ones can damage a file whose WAL starts anew while it is read. */
const oldestSqlite = [3, 51, 3] as const

/** Files up to this size, in bytes, are checked as a whole when they are opened; larger ones would delay the start. */
const checkedAsAWhole = 8 * 1024 * 1024

// A stream's head is its row with the highest revision: kept nowhere else, it cannot disagree.
//
// What people wrote lies in a table of its own, whose rows are only ever added at the end or overwritten by as many
// bytes, never deleted or resized. So SQLite never moves them from page to page, which would leave copies behind in
// the unused parts of pages, where nothing overwrites them.
const tables = `
  CREATE TABLE streams (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
  CREATE TABLE events (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    stream INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    id BLOB NOT NULL,
    type TEXT NOT NULL,
    data TEXT NOT NULL,
    body INTEGER, -- slot in bodies
    metadata TEXT NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX events_by_stream ON events (stream, revision);
  CREATE UNIQUE INDEX events_by_id ON events (id, stream);
  CREATE TABLE bodies (slot INTEGER PRIMARY KEY, text ANY) STRICT; -- a BLOB of zeros where it was forgotten
  PRAGMA application_id = ${applicationId};
  PRAGMA user_version = ${schemaVersion};
`

/**
 * Makes the folder and the file where they are absent, checks them, and returns a connection.
 *
 * @throws {CannotOpen} with a sentence that says what to do
 */
export function openFile(folder: string, access: 'write' | 'read'): DatabaseSync {
  const file = fileOf(folder)
  if (!existsSync(file) && existsSync(join(folder, restoringName)))
    throw new CannotOpen(
      `${folder} holds a restore that was not finished. Run "parley backup restore" again, or empty the folder.`,
    )
  if (access === 'write') makeFolder(folder)
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(file, { readOnly: access === 'read', timeout: 5_000 })
    checkLibrary(database)
    checkOrCreate(database, file, access)
    if (statSync(file).size <= checkedAsAWhole) checkPages(database, file)
    return database
  } catch (error) {
    database?.close()
    throw error instanceof CannotOpen ? error : new CannotOpen(sentenceFor(error, folder), { cause: error })
  }
}

/** A connection for the thread that writes. */
export function connectWriter({ folder, synchronous, maxPages }: WorkerSettings): DatabaseSync {
  const database = new DatabaseSync(fileOf(folder), { timeout: 5_000 })
  // Checkpoints are run by the writer itself: those that a commit runs hide their errors.
  database.exec(`
    PRAGMA synchronous = ${synchronous};
    PRAGMA secure_delete = ON;
    PRAGMA wal_autocheckpoint = 0;
    PRAGMA temp_store = MEMORY;
    PRAGMA cache_size = -32000;
    ${maxPages > 0 ? `PRAGMA max_page_count = ${maxPages};` : ''}
  `)
  return database
}

/** A connection that cannot write. */
export function connectReader(folder: string): DatabaseSync {
  const database = new DatabaseSync(fileOf(folder), { readOnly: true, timeout: 5_000 })
  database.exec('PRAGMA cache_size = -16000; PRAGMA temp_store = MEMORY')
  return database
}

function makeFolder(folder: string): void {
  try {
    const first = mkdirSync(folder, { recursive: true })
    if (first === undefined || process.platform === 'win32') return
    const parent = openSync(dirname(first), 'r')
    fsyncSync(parent)
    closeSync(parent)
  } catch (error) {
    throw new CannotOpen(
      `The data folder ${folder} cannot be made (${messageOf(error)}). Choose another with --data.`,
      {
        cause: error,
      },
    )
  }
}

function checkLibrary(database: DatabaseSync): void {
  const found = String(database.prepare('SELECT sqlite_version() AS version').get()?.version)
  if (isOlder(found, oldestSqlite)) {
    throw new CannotOpen(
      `This Node brings SQLite ${found}, which can damage the log. Use one that brings ${oldestSqlite.join('.')} or later.`,
    )
  }
}

/** Whether a version such as "3.51.2" comes before another one. */
export function isOlder(version: string, than: readonly number[]): boolean {
  const parts = version.split('.').map(Number)
  for (const [index, wanted] of than.entries()) {
    const part = parts[index] ?? 0
    if (part !== wanted) return part < wanted
  }
  return false
}

function checkOrCreate(database: DatabaseSync, file: string, access: 'write' | 'read'): void {
  const application = Number(database.prepare('PRAGMA application_id').get()?.application_id)
  const version = Number(database.prepare('PRAGMA user_version').get()?.user_version)
  const empty = database.prepare('SELECT 1 FROM sqlite_schema LIMIT 1').get() === undefined
  if (empty && application === 0 && access === 'write') {
    database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; BEGIN IMMEDIATE; ${tables} COMMIT`)
  } else if (application !== applicationId) {
    throw new CannotOpen(`${file} is no log of Parley. Choose another folder with --data, or move that file away.`)
  } else if (version > schemaVersion) {
    throw new CannotOpen(
      `${file} was written by a newer Parley (schema ${version}; this one knows ${schemaVersion}). Start that one, or restore a backup made before it.`,
    )
  }
  if (access === 'write') database.exec('PRAGMA journal_mode = WAL')
  database.prepare('SELECT max(position) FROM events').get()
}

function checkPages(database: DatabaseSync, file: string): void {
  const found = database.prepare('PRAGMA quick_check(1)').get()?.quick_check
  if (found !== 'ok') throw new CannotOpen(`${file} is damaged (${String(found)}). Restore a backup.`)
}

function sentenceFor(error: unknown, folder: string): string {
  const said = messageOf(error)
  switch (codeOf(error)) {
    case sqliteCode.corrupt:
    case sqliteCode.notADatabase:
      return `${fileOf(folder)} is damaged (${said}). Restore a backup.`
    case sqliteCode.full:
      return `The disk that holds ${folder} is full. Free some space, then start again.`
    case sqliteCode.busy:
      return `${fileOf(folder)} is in use by another program (${said}). Stop that one, then start again.`
    case sqliteCode.cannotOpen:
    case sqliteCode.readonly:
      return `${fileOf(folder)} cannot be opened for writing (${said}). Check who owns the folder and whether it may be written, or choose another with --data.`
    default:
      return `${fileOf(folder)} cannot be opened (${said}). Check the disk and the folder.`
  }
}
