import { randomBytes, randomUUID } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { CannotOpen } from '../../../src/eventstore/port.ts'
import { openSqliteKeys } from '../../../src/keys/sqlite.ts'
import { type KeysEngine, keysSuite } from './suite.ts'

async function openEngine(): Promise<KeysEngine> {
  const folder = await mkdtemp(join(tmpdir(), 'parley-keys-'))
  let keys = await openSqliteKeys({ folder })
  return {
    get keys() {
      return keys
    },
    async reopen() {
      await keys.close()
      keys = await openSqliteKeys({ folder })
      return keys
    },
    async close() {
      await keys.close()
      await rm(folder, { recursive: true })
    },
  }
}

keysSuite('sqlite', openEngine)

async function inFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'parley-keys-'))
  try {
    await run(folder)
  } finally {
    await rm(folder, { recursive: true })
  }
}

test('ERASE: the bytes of a removed key are in no file', () =>
  inFolder(async (folder) => {
    const keys = await openSqliteKeys({ folder })
    const all = Array.from({ length: 2_000 }, () => ({ id: randomUUID(), key: Uint8Array.from(randomBytes(32)) }))
    for (let at = 0; at < all.length; at += 100) await keys.add(all.slice(at, at + 100))
    const gone = all.filter((_, index) => index % 3 === 0)
    const holds = async (key: Uint8Array) => {
      for (const name of await readdir(folder)) if ((await readFile(join(folder, name))).includes(key)) return true
      return false
    }
    expect(await holds(gone[0]?.key ?? new Uint8Array(32))).toBe(true)
    await keys.remove(gone.map(({ id }) => id))
    for (const { key } of gone.slice(0, 20)) expect(await holds(key)).toBe(false)
    for (const { key } of gone.slice(-20)) expect(await holds(key)).toBe(false)
    await keys.close()
  }))

test.each([
  [
    "another program's database",
    (file: string) => new DatabaseSync(file).exec('CREATE TABLE x (y)'),
    'no keys of Parley',
  ],
  [
    "a newer version's",
    (file: string) =>
      new DatabaseSync(file).exec('PRAGMA user_version = 9; PRAGMA application_id = 1349676139; CREATE TABLE x (y)'),
    'newer Parley',
  ],
  [
    'no database at all',
    (file: string) =>
      writeFile(file, 'something else entirely, long enough to be read as a header of a file'.repeat(4)),
    'cannot be opened',
  ],
])('%s is refused', (_, make, sentence) =>
  inFolder(async (folder) => {
    await make(join(folder, 'keys.db'))
    const opening = openSqliteKeys({ folder })
    await expect(opening).rejects.toThrow(CannotOpen)
    await expect(opening).rejects.toThrow(sentence)
  }),
)
