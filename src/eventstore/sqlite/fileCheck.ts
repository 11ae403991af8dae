// Whether SQLite finds a file whole.

import { existsSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { messageOf } from './failure.ts'

export interface FileCheck {
  readonly file: string
  /** What SQLite says is wrong with it; absent where it is whole. */
  readonly damage?: string
  /** What to do about damage. */
  readonly advice: string
}

/** Reads the whole file, but does not compare its indexes with its tables. Undefined where there is none. */
export function checkFile(file: string, advice: string): FileCheck | undefined {
  if (!existsSync(file)) return undefined
  try {
    using database = new DatabaseSync(file, { readOnly: true, timeout: 5_000 })
    const [first] = database.prepare('PRAGMA quick_check(1)').all()
    const said = String(first?.quick_check)
    return said === 'ok' ? { file, advice } : { file, damage: said.replace(/^\*\*\* .*\n/, ''), advice }
  } catch (error) {
    return { file, damage: messageOf(error), advice }
  }
}
