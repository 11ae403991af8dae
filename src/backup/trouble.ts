// What the system or SQLite says, as a sentence.

import { BackupFailure } from './manifest.ts'

/** SQLite's primary result codes: a full disk, and a file that is damaged or none of its own. */
const sqliteFull = 13
const sqliteDamaged: readonly (number | undefined)[] = [11, 26]

/** What is to be thrown instead; anything that is not foreseen is returned as it is. */
export function troubleWith(error: unknown, folder: string): unknown {
  if (!(error instanceof Error) || error instanceof BackupFailure) return error
  const code = 'code' in error ? error.code : undefined
  const number = 'errcode' in error ? Number(error.errcode) & 0xff : undefined
  const fail = (message: string): BackupFailure => new BackupFailure(message, { cause: error })
  if (code === 'ENOSPC' || code === 'EDQUOT' || number === sqliteFull)
    return fail(`There is no space left for ${folder}. Make room, or name a folder on another disk; then try again.`)
  if (sqliteDamaged.includes(number))
    return fail(`The log or the keys are damaged (${error.message}). Restore the last backup into another folder.`)
  switch (code) {
    case 'ENOENT':
      return fail(`The folder that ${folder} is to lie in is not there. Make it, or name another one.`)
    case 'ENOTDIR':
    case 'EEXIST':
      return fail(`${folder} is no folder, or lies in none. Name a folder.`)
    case 'EACCES':
    case 'EPERM':
    case 'EROFS': {
      const path = 'path' in error && typeof error.path === 'string' ? error.path : folder
      return fail(`${path} may not be read and written by this user. Correct its rights, or name another folder.`)
    }
    default:
      return error
  }
}
