// Each storage does what the contract says.

import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fileStorage } from './fileStorage.ts'
import { memoryStorage } from './memoryStorage.ts'
import { type Storage, storageUnder, storedJson } from './storage.ts'
import { webStorage } from './webStorage.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parley-sdk-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** What a browser has. */
function localStorageForTests() {
  const values = new Map<string, string>([['of another program', '1']])
  return {
    get length() {
      return values.size
    },
    key: (index: number) => [...values.keys()][index] ?? null,
    getItem: (key: string) => values.get(key) ?? null,
    setItem: (key: string, value: string) => void values.set(key, value),
    removeItem: (key: string) => void values.delete(key),
  }
}

const web = localStorageForTests()
let made = 0

/** Two at the same place: what one has kept the other finds, where it is to survive. */
const kinds: Readonly<Record<string, () => readonly [Storage, Storage]>> = {
  memory: () => {
    const storage = memoryStorage()
    return [storage, storage]
  },
  web: () => {
    const name = `web-${made++}`
    return [webStorage(web, name), webStorage(web, name)]
  },
  file: () => {
    const place = join(folder, `file-${made++}`)
    return [fileStorage(place), fileStorage(place)]
  },
}

describe.each(Object.entries(kinds))('%s', (_, make) => {
  test('what was set is there, for the next one too, until it is deleted', async () => {
    const [first, second] = make()
    expect(await first.get('a/b')).toBeUndefined()
    expect(await first.keys('')).toEqual([])
    await first.set('a/b', 'ä 🫖')
    await first.set('a/c', '2')
    await first.set('b/a', '3')
    expect(await second.get('a/b')).toBe('ä 🫖')
    expect(await second.keys('a/')).toEqual(['a/b', 'a/c'])
    await second.delete('a/b')
    await second.delete('a/b')
    expect(await first.keys('')).toEqual(['a/c', 'b/a'])
  })

  test('of several values at once the last one that was asked for stays', async () => {
    const [storage] = make()
    await Promise.all(Array.from({ length: 20 }, (_, index) => storage.set('key', String(index))))
    expect(await storage.get('key')).toBe('19')
  })

  test('a part of it is as good as the whole', async () => {
    const [storage] = make()
    const part = storageUnder(storage, 'user_1/')
    await part.set('cursor/room_1', '"c"')
    await storage.set('user_2/cursor/room_2', '"d"')
    expect(await part.keys('cursor/')).toEqual(['cursor/room_1'])
    expect(await storedJson(part, 'cursor/room_1')).toBe('c')
    await storage.set('user_1/cursor/room_1', '{"torn')
    expect(await storedJson(part, 'cursor/room_1')).toBeUndefined()
  })
})

test('files are their owner’s alone, and what an interrupted write has left is no value', async () => {
  const place = join(folder, 'private')
  const storage = fileStorage(place)
  await storage.set('session', 'secret')
  await writeFile(join(place, '1-0.draft'), 'half a va')
  const [file = ''] = (await readdir(place)).filter((name) => name.endsWith('.value'))
  if (process.platform !== 'win32') expect((await stat(join(place, file))).mode & 0o777).toBe(0o600)
  expect(await storage.keys('')).toEqual(['session'])
})
