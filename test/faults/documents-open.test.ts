// A file that cannot be used is refused with a sentence that says what to do.

import { mkdtemp, open, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { DocumentsUnavailable } from '../../src/documents/port.ts'
import { openSqliteDocuments } from '../../src/documents/sqlite/open.ts'
import { CannotOpen } from '../../src/eventstore/port.ts'
import { write } from '../conformance/documents/suite.ts'

let folder: string
let path: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parley-open-'))
  path = join(folder, 'documents.db')
  const documents = await openSqliteDocuments({ folder })
  await documents.createCollection('c')
  const text = 'x'.repeat(500)
  await documents.write(Array.from({ length: 500 }, (_, n) => write('c', `id${n}`, 1, { text })))
  await documents.close()
})
afterEach(() => rm(folder, { recursive: true }))

async function overwrite(from: number, length: number): Promise<void> {
  const file = await open(path, 'r+')
  await file.write(Buffer.alloc(length, 0x5a), 0, length, from)
  await file.close()
}

async function expectRefusal(sentence: RegExp): Promise<void> {
  const opening = openSqliteDocuments({ folder })
  await expect(opening).rejects.toThrow(CannotOpen)
  await expect(opening).rejects.toThrow(sentence)
}

const rebuildable = /delete .*documents\.db.* rebuilt from the log/

test('a damaged header', async () => {
  await overwrite(0, 100)
  await expectRefusal(rebuildable)
})

test('a damaged first page', async () => {
  await overwrite(100, 4000)
  await expectRefusal(rebuildable)
})

test('a file that is cut short', async () => {
  await truncate(path, Math.floor((await stat(path)).size / 2))
  await expectRefusal(rebuildable)
})

test('a newer version', async () => {
  using database = new DatabaseSync(path)
  database.exec('PRAGMA user_version = 99')
  await expectRefusal(/newer version/)
  await expectRefusal(rebuildable)
})

test('a database of something else', async () => {
  await rm(path)
  const database = new DatabaseSync(path)
  database.exec('CREATE TABLE theirs (n); PRAGMA user_version = 1')
  database.close()
  await expectRefusal(/not a file of Parley/)
})

test('a folder that is a file', async () => {
  await writeFile(join(folder, 'file'), '')
  await expect(openSqliteDocuments({ folder: join(folder, 'file') })).rejects.toThrow(CannotOpen)
})

test('after it was deleted, it is made anew', async () => {
  await overwrite(0, 100)
  await rm(path)
  const documents = await openSqliteDocuments({ folder })
  expect(await documents.collections()).toEqual([])
  await documents.close()
})

test('damage that a read comes upon makes it unavailable, and not ready', async () => {
  await overwrite(8192 * 5, (await stat(path)).size - 8192 * 5)
  const documents = await openSqliteDocuments({ folder })
  const ids = Array.from({ length: 100 }, (_, n) => `id${n * 5}`)
  await expect(documents.get('c', ids)).rejects.toThrow(DocumentsUnavailable)
  expect(documents.health()).toMatchObject({ ready: false, reason: expect.stringContaining('rebuilt from the log') })
  await expect(documents.write([write('c', 'new', 1, {})])).rejects.toThrow(DocumentsUnavailable)
  await documents.close()
})

test('once closed, everything is refused', async () => {
  const documents = await openSqliteDocuments({ folder })
  await documents.close()
  await documents.close()
  await expect(documents.write([write('c', 'new', 1, {})])).rejects.toThrow(DocumentsUnavailable)
  await expect(documents.get('c', ['id1'])).rejects.toThrow(DocumentsUnavailable)
  await expect(documents.find('c', { limit: 1000 })).rejects.toThrow(DocumentsUnavailable)
  expect(documents.health()).toMatchObject({ ready: false })
})
