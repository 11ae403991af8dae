// One server a folder. The lock is an open transaction on a file of its own, so it ends with the process, however
// that ends. The holder never opens the file by other means: closing any other handle of it would drop the lock.

import { existsSync, mkdirSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { CannotOpen } from '../port.ts'
import { codeOf, messageOf, sqliteCode } from './failure.ts'

export interface FolderLock {
  /** Lets the next one in. Does nothing the second time. */
  release(): Promise<void>
}

/**
 * Takes a data folder for this process; makes the folder where it is absent.
 *
 * @throws {CannotOpen} names the process that has it, or says why the folder cannot be written
 */
export async function lockFolder(folder: string): Promise<FolderLock> {
  let database: DatabaseSync | undefined
  try {
    makeFolder(folder)
    database = new DatabaseSync(join(folder, 'lock.db'), { timeout: 200 })
    database.exec(`
      BEGIN IMMEDIATE;
      CREATE TABLE IF NOT EXISTS holder (only_one INTEGER PRIMARY KEY CHECK (only_one = 1), pid INTEGER NOT NULL);
      INSERT OR REPLACE INTO holder VALUES (1, ${process.pid});
      COMMIT;
      BEGIN IMMEDIATE;
    `)
    return heldBy(database)
  } catch (error) {
    const sentence = codeOf(error) === sqliteCode.busy ? inUse(folder, database) : notWritable(folder, error)
    database?.close()
    throw new CannotOpen(sentence, { cause: error })
  }
}

/** For its owner alone. Step by step, since Node's own recursive way never ends where a file system (/proc) takes no folders. */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return
  const parent = dirname(resolve(folder))
  if (!existsSync(parent)) makeFolder(parent)
  mkdirSync(folder, { mode: 0o700 })
}

function heldBy(database: DatabaseSync): FolderLock {
  return {
    async release() {
      if (database.isOpen) database.close()
    },
  }
}

function inUse(folder: string, database: DatabaseSync | undefined): string {
  const pid = pidIn(database)
  const who = pid === undefined ? 'another process' : `the process ${pid}`
  return `The data folder ${folder} is in use by ${who}. Stop that one, or choose another folder with --data.`
}

function pidIn(database: DatabaseSync | undefined): number | undefined {
  try {
    const pid = database?.prepare('SELECT pid FROM holder').get()?.pid
    return typeof pid === 'number' ? pid : undefined
  } catch {
    // The other one is only just writing its number. That it is there is all that can be said.
    return undefined
  }
}

function notWritable(folder: string, error: unknown): string {
  const code = codeOf(error)
  if (code === sqliteCode.corrupt || code === sqliteCode.notADatabase)
    return `The file lock.db in ${folder} is damaged. It holds nothing that is needed: if no server runs on this folder, delete it and start again.`
  return `The data folder ${folder} cannot be locked (${messageOf(error)}). Check who owns it and whether it may be written, or choose another with --data.`
}
