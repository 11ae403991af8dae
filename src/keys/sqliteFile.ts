// The file of the keys: how it is laid out, opened and checked.

import { statSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { CannotOpen } from '../eventstore/port.ts'

export const fileOf = (folder: string): string => join(folder, 'keys.db')

const applicationId = 0x50_72_6c_6b // "Prlk"
const schemaVersion = 1

/** Files up to this size, in bytes, are checked as a whole when they are opened; larger ones would delay the start. */
const checkedAsAWhole = 8 * 1024 * 1024

// Rows of `keys` are only added at the end, or overwritten by as many zeros: so SQLite never moves them from page to
// page, which would leave copies behind in the unused parts of pages, where nothing overwrites them.
const tables = `
  CREATE TABLE keys (slot INTEGER PRIMARY KEY, key BLOB NOT NULL) STRICT; -- zeros where it was removed
  CREATE TABLE ids (id BLOB PRIMARY KEY, slot INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  PRAGMA application_id = ${applicationId};
  PRAGMA user_version = ${schemaVersion};
`

/**
 * Makes the file where it is absent, checks it, and returns a connection.
 *
 * @throws {CannotOpen} with a sentence that says what to do
 */
export function openFile(folder: string): DatabaseSync {
  const file = fileOf(folder)
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(file, { timeout: 5_000 })
    checkOrCreate(database, file)
    if (statSync(file).size <= checkedAsAWhole) checkPages(database, file)
    return database
  } catch (error) {
    database?.close()
    if (error instanceof CannotOpen) throw error
    const said = error instanceof Error ? error.message : String(error)
    const advice = 'Check who owns the folder, the disk, and whether another program has the file open'
    throw new CannotOpen(
      `The keys in ${file} cannot be opened (${said}). ${advice}; if it is damaged, restore a backup.`,
      {
        cause: error,
      },
    )
  }
}

function checkOrCreate(database: DatabaseSync, file: string): void {
  const application = Number(database.prepare('PRAGMA application_id').get()?.application_id)
  const version = Number(database.prepare('PRAGMA user_version').get()?.user_version)
  const empty = database.prepare('SELECT 1 FROM sqlite_schema LIMIT 1').get() === undefined
  if (empty && application === 0) {
    database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; BEGIN IMMEDIATE; ${tables} COMMIT`)
  } else if (application !== applicationId) {
    throw new CannotOpen(`${file} holds no keys of Parley. Choose another folder with --data, or move that file away.`)
  } else if (version > schemaVersion) {
    throw new CannotOpen(
      `${file} was written by a newer Parley (schema ${version}; this one knows ${schemaVersion}). Start that one, or restore a backup made before it.`,
    )
  }
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON')
}

function checkPages(database: DatabaseSync, file: string): void {
  const found = database.prepare('PRAGMA quick_check(1)').get()?.quick_check
  if (found !== 'ok') throw new CannotOpen(`${file} is damaged (${String(found)}). Restore a backup.`)
}

/** The 16 bytes of a lower-case UUID. */
export const bytesOfId = (id: string): Uint8Array => Buffer.from(id.replaceAll('-', ''), 'hex')
