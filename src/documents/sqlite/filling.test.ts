import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Position } from '../../eventstore/port.ts'
import { type Document, type Documents, RecordConflict, type Write } from '../port.ts'
import { Applier } from './apply.ts'
import { openWriting, prepareFile } from './file.ts'
import { openSqliteDocuments } from './open.ts'
import { pack } from './packing.ts'
import { RowTable } from './rowTable.ts'

let folder: string
let documents: Documents

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parley-filling-'))
  documents = await openSqliteDocuments({ folder })
})
afterEach(async () => {
  await documents.close()
  await rm(folder, { recursive: true })
})

const write = (id: string, revision: number, document: Document | undefined): Write => ({
  collection: 'c',
  id,
  revision,
  position: String(revision).padStart(14, '0') as Position, // as the embedded log writes them
  document,
})
const many = Array.from({ length: 6_000 }, (_, n) => `id${n}`)

async function loaded(ids: readonly string[]): Promise<Map<string, readonly [number, Document | undefined]>> {
  const states = await documents.load('c', ids)
  return new Map(states.map(({ id, revision, document }) => [id, [revision, document]]))
}

function idIndexes(): number {
  using database = new DatabaseSync(join(folder, 'documents.db'), { readOnly: true })
  return Number(database.prepare(`SELECT count(*) AS n FROM sqlite_schema WHERE name = 'h_c'`).get()?.n)
}

test('while it is filled, a collection keeps the contract, and afterwards its index knows the same', async () => {
  await documents.createCollection('c', { toBeFilled: true })
  await documents.write(many.map((id, n) => write(id, 1, { n })))
  const text = 'longer than it was '.repeat(20)
  await documents.write([
    write('id1', 2, { text }),
    write('id2', 2, undefined),
    write('id3', 0, { n: 'older' }),
    write('id5', 2, {}),
  ])
  await documents.write([write('id1', 3, { text: text + text }), write('id2', 1, { n: 'older' })])
  const check = async () => {
    expect(await loaded(['id0', 'id1', 'id2', 'id3', 'id4', 'id5', 'id6x'])).toEqual(
      new Map<string, readonly [number, Document | undefined]>([
        ['id0', [1, { n: 0 }]],
        ['id1', [3, { text: text + text }]],
        ['id2', [2, undefined]],
        ['id3', [1, { n: 3 }]],
        ['id4', [1, { n: 4 }]],
        ['id5', [2, {}]],
      ]),
    )
    expect((await loaded(many)).size).toBe(many.length)
    expect((await documents.get('c', ['id2', 'id3'])).map(({ id }) => id)).toEqual(['id3'])
    expect(await documents.count('c', {})).toBe(many.length - 1)
  }
  expect(idIndexes()).toBe(0)
  await check()
  await documents.createIndexes('c', [{ n: 1 }])
  expect(idIndexes()).toBe(1)
  await check()
})

test('ATOMIC a call that is undone leaves nothing behind in a collection that is being filled', async () => {
  await documents.createCollection('c', { toBeFilled: true })
  await documents.write([write('a', 1, { n: 1 })])
  const conflict = { key: 'checkpoint', expectedVersion: 5, value: {} }
  const undone = documents.write([write('a', 2, { text: 'x'.repeat(500) }), write('b', 1, { n: 1 })], [conflict])
  const next = documents.write([write('d', 1, { n: 4 })])
  await expect(undone).rejects.toThrow(RecordConflict)
  await next
  expect(await loaded(['a', 'b', 'd'])).toEqual(
    new Map<string, readonly [number, Document]>([
      ['a', [1, { n: 1 }]],
      ['d', [1, { n: 4 }]],
    ]),
  )
  await documents.write([write('b', 1, { n: 2 }), write('a', 2, { n: 2 })])
  expect(await loaded(['a', 'b'])).toEqual(
    new Map<string, readonly [number, Document]>([
      ['a', [2, { n: 2 }]],
      ['b', [1, { n: 2 }]],
    ]),
  )
})

test('a collection whose filling ended with the process is found again, and gets its index with the next write', async () => {
  await documents.createCollection('c', { toBeFilled: true })
  await documents.write([write('a', 1, { n: 1 })])
  await documents.close()
  documents = await openSqliteDocuments({ folder })
  expect(idIndexes()).toBe(0)
  expect(await loaded(['a'])).toEqual(new Map([['a', [1, { n: 1 }]]]))
  await documents.write([write('a', 1, { n: 'again' }), write('b', 1, { n: 2 })])
  expect(idIndexes()).toBe(1)
  expect([...(await loaded(['a', 'b'])).values()]).toEqual([
    [1, { n: 1 }],
    [1, { n: 2 }],
  ])
})

test('BOUND beyond what the table may hold, ids are found by an index in the file', async () => {
  await documents.close()
  const path = prepareFile(folder)
  const database = openWriting(path)
  let memory: SharedArrayBuffer | undefined
  const applier = new Applier(
    database,
    (_, now) => {
      memory = now
    },
    () => new RowTable(undefined, 4_096),
  )
  applier.createCollection('c', true)
  for (let from = 0; from < many.length; from += 1_000) {
    const writes = many.slice(from, from + 1_000).map((id, n) => write(id, 1, { n }))
    applier.write([{ kind: 'write', rows: pack(writes), records: [] }])
    expect(memory === undefined).toBe(from > 4_000 - 1_000)
  }
  applier.write([{ kind: 'write', rows: pack([write('id0', 0, {}), write('id5999', 2, {})]), records: [] }])
  database.close()
  documents = await openSqliteDocuments({ folder })
  expect(idIndexes()).toBe(1)
  const all = await loaded(many)
  expect([all.size, all.get('id0'), all.get('id5999')]).toEqual([many.length, [1, { n: 0 }], [2, {}]])
})
