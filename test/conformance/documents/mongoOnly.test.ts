// What the engine over MongoDB has to get right beyond what every engine must.

import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openMongoDocuments } from '../../../src/documents/mongo/open.ts'
import { type Document, type Documents, QueryTooSlow, RecordConflict } from '../../../src/documents/port.ts'
import { startMongo } from '../../support/mongodb/server.ts'
import { chosenSeed, Random } from '../../support/random.ts'
import { write } from './suite.ts'

const server = await startMongo()
const seed = chosenSeed()

describe.skipIf(server === undefined)('documents on mongodb, and only there', () => {
  const url = server?.url('only') ?? ''
  let documents: Documents
  let made = 0
  const collection = async () => {
    const fresh = `only_v1_${++made}`
    await documents.createCollection(fresh)
    return fresh
  }
  beforeAll(async () => {
    documents = await openMongoDocuments({ url })
  })
  afterAll(async () => {
    for (const one of await documents.collections()) await documents.dropCollection(one)
    await documents.close()
    await server?.stop()
  })

  test(`the highest revision wins, however many write the same new ids at once (seed ${seed})`, async () => {
    const random = new Random(seed)
    const c = await collection()
    const others = await Promise.all([1, 2, 3].map(() => openMongoDocuments({ url })))
    const ids = Array.from({ length: 200 }, (_, index) => `id-${index}`)
    const highest = new Map<string, number>()
    await Promise.all(
      others.map((one) =>
        one.write(
          ids.map((id) => {
            const revision = random.between(0, 9)
            highest.set(id, Math.max(revision, highest.get(id) ?? 0))
            return write(c, id, revision, { revision })
          }),
        ),
      ),
    )
    for (const { id, revision, document } of await documents.get(c, ids)) {
      expect(revision).toBe(highest.get(id))
      expect(document).toEqual({ revision })
    }
    for (const one of others) await one.close()
  })

  test('several records change together or not at all, whoever comes in between', async () => {
    const [a, b] = [randomUUID(), `with.dots/$and%${randomUUID()}`]
    const change = (key: string, expectedVersion: number, value: Document | undefined) => ({
      key,
      expectedVersion,
      value,
    })
    await documents.write([], [change(a, 0, { n: 1 }), change(b, 0, { n: 1 })])
    const failing = documents.write([], [change(a, 1, { n: 2 }), change(b, 7, { n: 2 })])
    await expect(failing).rejects.toThrow(new RecordConflict(b).message)
    expect(await documents.record(a)).toEqual({ version: 1, value: { n: 1 } })
    await documents.write([], [change(a, 1, undefined), change(b, 1, { n: 3 })])
    expect(await documents.record(a)).toBeUndefined()
    expect(await documents.record(b)).toEqual({ version: 2, value: { n: 3 } })
    expect([...(await documents.records('with.dots/$')).keys()]).toEqual([b])
  })

  test('of records of which there may be any number, each has a document of its own, and changes like the others', async () => {
    const change = (n: number, expectedVersion: number, value: Document | undefined) => ({
      key: `parked/some_v1_1/${n}`,
      expectedVersion,
      value,
    })
    const all = Array.from({ length: 2_500 }, (_, n) => n)
    await documents.write(
      [],
      all.map((n) => change(n, 0, { n })),
    )
    const found = await documents.records('parked/some_v1_1/')
    expect(found.size).toBe(2_500)
    expect(found.get('parked/some_v1_1/7')).toEqual({ version: 1, value: { n: 7 } })
    expect((await documents.records('')).size).toBeGreaterThanOrEqual(2_500)
    await expect(documents.write([], [change(1, 0, { n: 0 })])).rejects.toThrow(RecordConflict)
    await expect(documents.write([], [change(1, 4, { n: 0 })])).rejects.toThrow(RecordConflict)
    await documents.write([], [change(1, 1, { n: 10 })])
    expect(await documents.record('parked/some_v1_1/1')).toEqual({ version: 2, value: { n: 10 } })
    await expect(documents.write([], [change(1, 1, undefined)])).rejects.toThrow(RecordConflict)
    // Told twice, it is gone once.
    for (let times = 0; times < 2; times++) await documents.write([], [change(1, 2, undefined)])
    expect(await documents.record('parked/some_v1_1/1')).toBeUndefined()
  })

  test('whatever JSON can hold comes back as it was, in the same order', async () => {
    const c = await collection()
    const awkward = JSON.parse(
      '{"a.b":1,"$gt":{"$set":[{"":null}]},"":"","__proto__":{"x":1},"constructor":"c","_id":"own","removed":true,' +
        '"2":"b","1":"a","big":9007199254740991,"small":-2147483649,"tiny":5e-324,"nul":"\\u0000","deep":[[[[[[]]]]]],' +
        '"emoji":"👩‍🚀","line":"\\u2028"}',
    )
    await documents.write([write(c, 'a', 1, awkward)])
    const [found] = await documents.get(c, ['a'])
    expect(JSON.stringify(found?.document)).toBe(JSON.stringify(awkward))
  })

  test('a query that takes too long is told so', async () => {
    const c = await collection()
    await documents.write(Array.from({ length: 5_000 }, (_, n) => write(c, `id${n}`, 1, { text: `text ${n}` })))
    const hasty = await openMongoDocuments({ url, queryTimeoutMs: 1 })
    await expect(hasty.find(c, { sort: { text: -1 }, limit: 5_000 })).rejects.toThrow(QueryTooSlow)
    await expect(hasty.sum(c, 'text', { text: { $gt: 'a' } })).rejects.toThrow(QueryTooSlow)
    expect(hasty.health()).toEqual({ ready: true })
    await hasty.close()
  })

  test('a document that MongoDB cannot hold is refused, and says why', async () => {
    const c = await collection()
    const text = 'x'.repeat(17_000_000)
    await expect(documents.write([write(c, 'a', 1, { text })])).rejects.toThrow(/larger|too large|size/i)
    expect(documents.health()).toEqual({ ready: true })
  })
})
