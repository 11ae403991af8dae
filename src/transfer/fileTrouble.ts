// What the system says about a file, as a sentence.

import { CannotTransfer } from './format.ts'

/** What is to be thrown instead; anything that is not foreseen is returned as it is. */
export function fileTrouble(error: unknown, path: string): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  switch (code) {
    case 'ENOENT':
      return new CannotTransfer(`There is no ${path}. Check the name, and that its folder is there.`, { cause: error })
    case 'EISDIR':
    case 'ENOTDIR':
      return new CannotTransfer(`${path} is no file. Give the name of a file.`, { cause: error })
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new CannotTransfer(
        `${path} may not be read and written by this user. Correct its rights, or give another name.`,
        { cause: error },
      )
    case 'ENOSPC':
    case 'EDQUOT':
    case 'EFBIG':
      return new CannotTransfer(
        `There is no space left for ${path}. Make room, then run the same command again: it goes on where the file ends.`,
        { cause: error },
      )
    default:
      return error
  }
}
