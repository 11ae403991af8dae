// What every engine of the documents port must do.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type Document,
  type Documents,
  RecordConflict,
  type StoredDocument,
  type Write,
} from '../../../src/documents/port.ts'
import type { Position } from '../../../src/eventstore/port.ts'
import { type NotJudged, questionsSuite } from './questions.ts'

/** An engine over data of its own. */
export interface OpenedEngine {
  readonly documents: Documents
  /** Closes it and opens it again over the same data. */
  reopen(): Promise<Documents>
  /** Closes it and removes its data. */
  remove(): Promise<void>
}

export const at = (n: number) => String(n).padStart(16, '0') as Position

export function write(collection: string, id: string, revision: number, document: Document | undefined): Write {
  return { collection, id, revision, position: at(revision), document }
}

export function documentsSuite(name: string, openEngine: () => Promise<OpenedEngine>, notJudged: NotJudged = {}): void {
  describe(`documents on ${name}`, () => {
    let engine: OpenedEngine
    let documents: Documents
    let made = 0
    const collection = async () => {
      const fresh = `suite_v1_${++made}`
      await documents.createCollection(fresh)
      return fresh
    }
    beforeAll(async () => {
      engine = await openEngine()
      documents = engine.documents
    })
    afterAll(() => engine.remove())

    test('a written document is read at once, with its revision and position', async () => {
      const c = await collection()
      await documents.write([write(c, 'a', 3, { text: 'Ада 👩‍🚀 \u{1f600}', nested: { n: [1, null, 2.5] } })])
      const stored = {
        id: 'a',
        revision: 3,
        position: at(3),
        document: { text: 'Ада 👩‍🚀 \u{1f600}', nested: { n: [1, null, 2.5] } },
      }
      expect(await documents.get(c, ['a', 'absent'])).toEqual([stored])
      expect(await documents.load(c, ['a'])).toEqual([stored])
      expect(await documents.find(c, { limit: 10 })).toEqual([stored])
    })

    test('an older or equal revision changes nothing, a higher one replaces everything', async () => {
      const c = await collection()
      await documents.write([write(c, 'a', 5, { n: 5, old: true })])
      await documents.write([write(c, 'a', 5, { n: 50 })])
      await documents.write([write(c, 'a', 4, undefined)])
      expect((await documents.get(c, ['a'])).map((d) => d.document)).toEqual([{ n: 5, old: true }])
      await documents.write([write(c, 'a', 6, { n: 6 })])
      expect(await documents.get(c, ['a'])).toEqual([{ id: 'a', revision: 6, position: at(6), document: { n: 6 } }])
    })

    test('a removed document is hidden everywhere but in load, and its tombstone guards', async () => {
      const c = await collection()
      await documents.write([write(c, 'a', 1, { n: 1 }), write(c, 'b', 1, { n: 1 })])
      await documents.write([write(c, 'a', 2, undefined), write(c, 'never', 7, undefined)])
      expect(await documents.get(c, ['a', 'never'])).toEqual([])
      expect(await documents.find(c, { limit: 10 })).toHaveLength(1)
      expect(await documents.find(c, { filter: { n: null }, limit: 10 })).toEqual([])
      expect(await documents.count(c, {})).toBe(1)
      expect(await documents.sum(c, 'n', {})).toBe(1)
      expect((await everything(documents, c)).map((d) => d.id)).toEqual(['b'])
      expect(await documents.load(c, ['a'])).toEqual([{ id: 'a', revision: 2, position: at(2), document: undefined }])
      expect(await documents.load(c, ['never'])).toEqual([
        { id: 'never', revision: 7, position: at(7), document: undefined },
      ])
      await documents.write([write(c, 'a', 2, { n: 2 }), write(c, 'never', 6, { n: 6 })])
      expect(await documents.get(c, ['a', 'never'])).toEqual([])
      await documents.write([write(c, 'a', 3, { n: 3 })])
      expect((await documents.get(c, ['a'])).map((d) => d.document)).toEqual([{ n: 3 }])
    })

    test('a document grows, shrinks and grows again without losing a byte', async () => {
      const c = await collection()
      await documents.createIndexes(c, [{ size: 1 }])
      for (const [revision, size] of [10, 0, 44, 45, 57, 58, 59, 5_000, 100, 8_186, 20_000, 3, 70_000].entries()) {
        await documents.write([write(c, 'a', revision * 300, { size, text: 'ä'.repeat(size) })])
        expect((await documents.get(c, ['a'])).map((d) => d.document)).toEqual([{ size, text: 'ä'.repeat(size) }])
        expect(await documents.count(c, { size: { $exists: true } })).toBe(1)
      }
    })

    test('a document of 1 MB', async () => {
      const c = await collection()
      const document = { text: 'x'.repeat(1_000_000) }
      await documents.write([write(c, 'a', 0, document)])
      expect((await documents.get(c, ['a'])).map((d) => d.document)).toEqual([document])
    })

    test('10,000 writes in one call, read by many ids', async () => {
      const c = await collection()
      const ids = Array.from({ length: 10_000 }, (_, n) => `id-${n}`)
      await documents.write(ids.map((id, n) => write(c, id, n, { n })))
      expect(await documents.count(c, {})).toBe(10_000)
      const found = await documents.load(c, [...ids, 'absent'])
      expect(found).toHaveLength(10_000)
      expect(found.every((d) => d.document?.n === d.revision)).toBe(true)
      expect(await documents.get(c, ids.slice(0, 150))).toHaveLength(150)
    })

    test('counts stop at their limit, sums take numbers only', async () => {
      const c = await collection()
      await documents.write([1, 2.5, '3', true, null, { n: 1 }].map((n, i) => write(c, `id${i}`, i, { n, in: { n } })))
      expect(await documents.count(c, {}, { limit: 4 })).toBe(4)
      expect(await documents.count(c, { n: { $gte: 1 } })).toBe(2)
      expect(await documents.sum(c, 'n', {})).toBe(3.5)
      expect(await documents.sum(c, 'in.n', { n: { $lt: 2 } })).toBe(1)
    })

    test('scan brings everything once, in pages', async () => {
      const c = await collection()
      const ids = Array.from({ length: 25 }, (_, n) => `id${(n * 7) % 25}`)
      await documents.write(ids.map((id) => write(c, id, 1, { id })))
      const pages: number[] = []
      for await (const page of documents.scan(c, { pageSize: 10 })) pages.push(page.length)
      expect(pages).toEqual([10, 10, 5])
      expect((await everything(documents, c)).map((d) => d.id).sort()).toEqual([...ids].sort())
    })

    test('records change by compare-and-set', async () => {
      expect(await documents.record('lease')).toBeUndefined()
      await documents.write([], [{ key: 'lease', expectedVersion: 0, value: { owner: 'a' } }])
      expect(await documents.record('lease')).toEqual({ version: 1, value: { owner: 'a' } })
      for (const expectedVersion of [0, 2]) {
        const change = documents.write([], [{ key: 'lease', expectedVersion, value: { owner: 'b' } }])
        await expect(change).rejects.toThrow(RecordConflict)
      }
      await documents.write([], [{ key: 'lease', expectedVersion: 1, value: { owner: 'c' } }])
      expect(await documents.record('lease')).toEqual({ version: 2, value: { owner: 'c' } })
      await documents.write([], [{ key: 'lease', expectedVersion: 2, value: undefined }])
      expect(await documents.record('lease')).toBeUndefined()
    })

    test('of many who change a record at once, one succeeds', async () => {
      const c = await collection()
      const outcomes = await Promise.allSettled(
        Array.from({ length: 20 }, (_, n) =>
          documents.write([write(c, `d${n}`, 1, { n })], [{ key: 'contended', expectedVersion: 0, value: { n } }]),
        ),
      )
      expect(outcomes.filter((o) => o.status === 'fulfilled')).toHaveLength(1)
      for (const o of outcomes) if (o.status === 'rejected') expect(o.reason).toBeInstanceOf(RecordConflict)
      const winner = outcomes.findIndex((o) => o.status === 'fulfilled')
      expect(await documents.record('contended')).toEqual({ version: 1, value: { n: winner } })
      expect(await documents.get(c, [`d${winner}`])).toHaveLength(1)
    })

    test('records are listed by prefix', async () => {
      await documents.write(
        [],
        ['p/a', 'p/b', 'p%c', 'P/d', 'p'].map((key) => ({ key, expectedVersion: 0, value: { key } })),
      )
      expect([...(await documents.records('p/')).keys()].sort()).toEqual(['p/a', 'p/b'])
      expect((await documents.records('p/')).get('p/a')).toEqual({ version: 1, value: { key: 'p/a' } })
    })

    test('collections and indexes can be made twice; a dropped collection is gone and can come back', async () => {
      const c = await collection()
      await documents.createCollection(c)
      await documents.createIndexes(c, [{ a: 1, 'b.c': -1 }, { _position: 1 }])
      await documents.createIndexes(c, [{ a: 1, 'b.c': -1 }, { a: -1 }])
      await documents.write([write(c, 'a', 1, { a: 1 })])
      expect(await documents.collections()).toContain(c)
      await documents.dropCollection(c)
      await documents.dropCollection(c)
      expect(await documents.collections()).not.toContain(c)
      expect(await documents.find(c, { limit: 1 })).toEqual([])
      expect(await documents.count(c, {})).toBe(0)
      expect(await everything(documents, c)).toEqual([])
      await documents.createCollection(c)
      expect(await documents.get(c, ['a'])).toEqual([])
      await documents.write([write(c, 'a', 1, { a: 2 })])
      expect(await documents.find(c, { filter: { a: 2 }, limit: 1 })).toHaveLength(1)
    })

    test('a name that is none is refused before it reaches the engine', async () => {
      const c = await collection()
      for (const field of ['a"b', "a'b", 'a b', '', 'a..b', '$where', 'a]']) {
        await expect(documents.find(c, { filter: { [field]: 1 }, limit: 1 })).rejects.toThrow(TypeError)
        await expect(documents.find(c, { sort: { [field]: 1 }, limit: 1 })).rejects.toThrow(TypeError)
      }
      await expect(documents.createCollection('a"; DROP TABLE records; --')).rejects.toThrow(TypeError)
    })

    test('scrub returns, and everything is still there, also after opening again', async () => {
      const c = await collection()
      await documents.createIndexes(c, [{ name: 1 }])
      await documents.write([write(c, 'a', 1, { name: 'Ada' }), write(c, 'b', 1, { name: 'Bob' })])
      await documents.write([write(c, 'a', 2, { name: 'A' }), write(c, 'b', 2, undefined)])
      await documents.write([], [{ key: 'kept', expectedVersion: 0, value: { at: 1 } }])
      await documents.scrub()
      expect(documents.health()).toEqual({ ready: true })
      documents = await engine.reopen()
      expect(await documents.find(c, { filter: { name: 'A' }, limit: 9 })).toHaveLength(1)
      expect(await documents.load(c, ['b'])).toEqual([{ id: 'b', revision: 2, position: at(2), document: undefined }])
      expect(await documents.record('kept')).toEqual({ version: 1, value: { at: 1 } })
      expect(await documents.collections()).toContain(c)
    })

    questionsSuite(() => documents, collection, notJudged)
  })
}

async function everything(documents: Documents, collection: string): Promise<readonly StoredDocument[]> {
  const all: StoredDocument[] = []
  for await (const page of documents.scan(collection, { pageSize: 7 })) all.push(...page)
  return all
}
