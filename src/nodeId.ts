// What a node is called by the others. It stays the same from one start to the next, as long as the data folder is the same one:
// so a node that was killed and is started again need not wait until the others hold it for dead.

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { newUuid } from './commands/occasion.ts'

/** Reads the name out of the folder, which this process has to itself, or makes one. */
export function nodeIdIn(folder: string): string {
  const file = join(folder, 'node')
  try {
    const known = readFileSync(file, 'utf8').trim()
    if (/^[0-9a-f-]{36}$/.test(known)) return known
  } catch (error) {
    const absent = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    if (!absent) throw error
  }
  const id = newUuid()
  writeFileSync(file, `${id}\n`, { mode: 0o600 })
  return id
}
