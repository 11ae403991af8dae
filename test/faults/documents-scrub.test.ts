// What was rewritten or removed is in no file afterwards: not in the unused part of a page, not in an index, not in
// the write-ahead log.

import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { type Documents, DocumentsUnavailable, type Write } from '../../src/documents/port.ts'
import { openSqliteDocuments } from '../../src/documents/sqlite/open.ts'
import { at, write } from '../conformance/documents/suite.ts'

const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31))

/** mulberry32 (public domain, Tommy Ettinger). */
function random(state: number): (below: number) => number {
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below)
  }
}

/** Every marker that stands in any file of the folder. */
async function markersIn(folder: string): Promise<Set<string>> {
  const found = new Set<string>()
  for (const file of await readdir(folder)) {
    const bytes = await readFile(join(folder, file), 'latin1')
    for (const [marker] of bytes.matchAll(/<mark\d{7}>/g)) found.add(marker)
  }
  return found
}

const marker = (n: number) => `<mark${String(n).padStart(7, '0')}>`

test(`ERASE no file keeps what was rewritten or removed (seed ${seed})`, { timeout: 120_000 }, async () => {
  const below = random(seed)
  const folder = await mkdtemp(join(tmpdir(), 'parley-scrub-'))
  const documents = await openSqliteDocuments({ folder })
  for (const c of ['messages', 'people']) await documents.createCollection(c)
  await documents.createIndexes('messages', [{ room: 1, revision: -1 }])
  await documents.createIndexes('people', [{ name: 1 }, { 'profile.city': -1, name: 1 }])

  // The document that each id holds, by the marker in it.
  const present = new Map<string, number>()
  const revisions = new Map<string, number>()
  let written = 0
  /** How many of a hundred rewritten documents shrink to almost nothing, which empties pages. */
  let tiny = 0
  const change = (key: string): Write => {
    const [collection = '', id = ''] = key.split('/')
    const revision = (revisions.get(key) ?? -1) + 1 + below(300)
    revisions.set(key, revision)
    if (below(6) === 0) {
      present.delete(key)
      return write(collection, id, revision, undefined)
    }
    const n = ++written
    present.set(key, n)
    const size = below(100) < tiny ? 0 : below(12) === 0 ? below(20_000) : below(700)
    const text = marker(n).repeat(1 + Math.floor(size / 13))
    if (collection === 'messages') return write('messages', id, revision, { room: `room_${below(5)}`, revision, text })
    return write('people', id, revision, { name: text.slice(0, 13 * (1 + below(9))), profile: { city: marker(n) } })
  }
  const keys: string[] = []
  const round = async (changes: number, fresh: number) => {
    for (let done = 0; done < changes; done += 100) {
      const chosen = new Set<string>()
      while (chosen.size < 100) {
        if (below(100) < fresh) keys.push(`${below(2) ? 'messages' : 'people'}/${below(1e9)}`)
        chosen.add((below(100) < fresh ? keys.at(-1) : keys[below(keys.length)]) ?? 'people/first')
      }
      await documents.write([...chosen].map(change))
    }
  }
  const expectOnlyPresent = async () => {
    await documents.scrub()
    const expected = new Set([...present.values()].map(marker))
    const found = await markersIn(folder)
    expect([...found].filter((m) => !expected.has(m))).toEqual([])
    expect(expected.size).toBeGreaterThan(500)
    expect([...expected].filter((m) => !found.has(m))).toEqual([])
  }

  await round(4_000, 80)
  await expectOnlyPresent()
  await round(6_000, 10)
  await expectOnlyPresent()
  tiny = 85
  await round(12_000, 0)
  await expectOnlyPresent()
  tiny = 0
  await round(4_000, 30)
  await expectOnlyPresent()

  await documents.dropCollection('people')
  for (const key of present.keys()) if (key.startsWith('people/')) present.delete(key)
  await expectOnlyPresent()
  await documents.close()
  using database = new DatabaseSync(join(folder, 'documents.db'))
  expect(database.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' })
  await rm(folder, { recursive: true })
})

test('control: a table that updates its rows as usual does keep copies, in spite of secure_delete', async () => {
  const below = random(seed)
  const folder = await mkdtemp(join(tmpdir(), 'parley-scrub-'))
  const database = new DatabaseSync(join(folder, 'plain.db'))
  database.exec('PRAGMA secure_delete = ON; CREATE TABLE c (n INTEGER PRIMARY KEY, doc TEXT); BEGIN')
  const insert = database.prepare('INSERT INTO c (doc) VALUES (?)')
  for (let n = 0; n < 3_000; n++) insert.run(marker(n).repeat(1 + below(50)))
  const update = database.prepare('UPDATE c SET doc = ? WHERE n = ?')
  for (let i = 0; i < 6_000; i++) update.run(marker(i + 3_000).repeat(1 + below(50)), 1 + below(3_000))
  database.exec(`UPDATE c SET doc = 'x'; COMMIT`)
  database.close()
  expect((await markersIn(folder)).size).toBeGreaterThan(0)
  await rm(folder, { recursive: true })
})

test('a reader in the way delays the scrub, and does not let it return too early', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'parley-scrub-'))
  const documents: Documents = await openSqliteDocuments({ folder })
  await documents.createCollection('c')
  await documents.write([write('c', 'a', 1, { text: marker(1) })])
  const reader = new DatabaseSync(join(folder, 'documents.db'))
  reader.exec('BEGIN; SELECT * FROM c_c')
  await documents.write([write('c', 'a', 2, undefined)])
  let scrubbed = false
  const scrub = documents.scrub().then(() => {
    scrubbed = true
  })
  // Writes go on meanwhile.
  await documents.write([{ collection: 'c', id: 'b', revision: 1, position: at(1), document: {} }])
  await new Promise((resolve) => setTimeout(resolve, 300))
  expect(scrubbed).toBe(false)
  reader.exec('COMMIT')
  reader.close()
  await scrub
  expect(await markersIn(folder)).toEqual(new Set())
  await documents.close()
  await rm(folder, { recursive: true })
})

test('a scrub that is still waiting when everything is closed says so', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'parley-scrub-'))
  const documents = await openSqliteDocuments({ folder })
  await documents.createCollection('c')
  const reader = new DatabaseSync(join(folder, 'documents.db'))
  reader.exec('BEGIN; SELECT * FROM c_c')
  await documents.write([write('c', 'a', 1, {})])
  const scrub = expect(documents.scrub()).rejects.toThrow(DocumentsUnavailable)
  await documents.close()
  await scrub
  reader.close()
  await rm(folder, { recursive: true })
})
