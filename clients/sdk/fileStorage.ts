// Keeps things in a folder, a file a key: for Node.

import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Storage } from './storage.ts'

const ending = '.value'

/**
 * A value is replaced whole or not at all, and is on the disk when `set` resolves. For one process at a time.
 * @param folder is made where it is absent, readable by its owner only
 */
export function fileStorage(folder: string): Storage {
  const fileOf = (key: string): string => join(folder, `${encodeURIComponent(key)}${ending}`)
  let written = 0
  // One after the other, so that the last one that was asked for is the one that stays.
  let last: Promise<unknown> = Promise.resolve()
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const done = last.then(work)
    last = done.catch(() => {
      // Whoever asked is told; the next in line is not concerned.
    })
    return done
  }
  return {
    get: (key) =>
      inTurn(async () => {
        try {
          return await readFile(fileOf(key), 'utf8')
        } catch (error) {
          if (isAbsent(error)) return undefined
          throw error
        }
      }),
    set: (key, value) =>
      inTurn(async () => {
        await mkdir(folder, { recursive: true, mode: 0o700 })
        const draft = join(folder, `${process.pid}-${written++}.draft`)
        const file = await open(draft, 'w', 0o600)
        try {
          await file.writeFile(value)
          await file.sync()
        } finally {
          await file.close()
        }
        await rename(draft, fileOf(key))
      }),
    delete: (key) => inTurn(() => rm(fileOf(key), { force: true })),
    keys: (prefix) =>
      inTurn(async () => {
        const files = await readdir(folder).catch((error: unknown) => {
          if (isAbsent(error)) return []
          throw error
        })
        return files
          .filter((file) => file.endsWith(ending))
          .map((file) => decodeURIComponent(file.slice(0, -ending.length)))
          .filter((key) => key.startsWith(prefix))
          .sort()
      }),
  }
}

const isAbsent = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'ENOENT'
