// A query that takes too long is stopped, and nobody else waits for it.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { QueryTooSlow } from '../../src/documents/port.ts'
import { openSqliteDocuments } from '../../src/documents/sqlite/open.ts'
import { write } from '../conformance/documents/suite.ts'

test('BOUND point reads and pages go on while a slow query runs into its limit', { timeout: 60_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'parley-slow-'))
  const queryTimeoutMs = 1_000
  const documents = await openSqliteDocuments({ folder, queryTimeoutMs })
  await documents.createCollection('c')
  const text = 'x'.repeat(1_000)
  const writes = Array.from({ length: 40_000 }, (_, n) => write('c', `id${n}`, n, { room: n % 2, n, text, list: [n] }))
  await documents.write(writes)
  await documents.createIndexes('c', [{ room: 1, n: -1 }])

  // The thread for long pages has started before the clock runs.
  expect(await documents.find('c', { filter: { room: 1 }, sort: { n: -1 }, limit: 500 })).toHaveLength(500)

  // Each condition reads the whole JSON of every document once more.
  const filter = { $and: Array.from({ length: 150 }, (_, n) => ({ [`absent${n}`]: { $ne: n } })) }
  const begun = performance.now()
  const slow = [
    documents.find('c', { filter, sort: { text: 1 }, limit: 1_000 }),
    documents.count('c', filter),
    documents.sum('c', 'n', filter),
  ].map((query) => expect(query).rejects.toThrow(QueryTooSlow))
  let settled = false
  const all = Promise.all(slow).then(() => {
    settled = true
  })

  let reads = 0
  while (!settled) {
    expect(await documents.get('c', [`id${reads}`])).toHaveLength(1)
    expect(await documents.find('c', { filter: { room: 1 }, sort: { n: -1 }, limit: 20 })).toHaveLength(20)
    expect(await documents.find('c', { filter: { room: 1 }, sort: { n: -1 }, limit: 500 })).toHaveLength(500)
    reads++
    await new Promise((resolve) => setImmediate(resolve))
  }
  await all
  const took = performance.now() - begun
  expect(took).toBeGreaterThan(queryTimeoutMs * 0.9)
  expect(reads).toBeGreaterThan(5)

  // The thread that was stopped serves again.
  expect(await documents.count('c', { n: { $lt: 10 }, list: { $exists: true } })).toBe(10)
  await documents.close()
  await rm(folder, { recursive: true })
})

test('a page whose index leaves too many rows is found all the same', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'parley-slow-'))
  const documents = await openSqliteDocuments({ folder })
  await documents.createCollection('c')
  await documents.write(Array.from({ length: 5_000 }, (_, n) => write('c', `id${n}`, n, { room: 1, n, rare: n === 0 })))
  await documents.createIndexes('c', [{ room: 1, n: -1 }])
  for (let again = 0; again < 3; again++) {
    const found = await documents.find('c', { filter: { room: 1, rare: true }, sort: { n: -1 }, limit: 20 })
    expect(found.map((d) => d.id)).toEqual(['id0'])
  }
  await documents.close()
  await rm(folder, { recursive: true })
})
