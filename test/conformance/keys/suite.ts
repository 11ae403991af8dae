// What every engine of the keys must do, whichever it is.

import { randomBytes, randomUUID } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Keys, KeysUnavailable, keyBytes, type NewKey } from '../../../src/keys/port.ts'

export interface KeysEngine {
  readonly keys: Keys
  /** Closes them and opens the same ones again. */
  reopen(): Promise<Keys>
  /** Closes them and removes what they were in. */
  close(): Promise<void>
}

const newKey = (): NewKey => ({ id: randomUUID(), key: Uint8Array.from(randomBytes(keyBytes)) })
const newKeys = (count: number): NewKey[] => Array.from({ length: count }, newKey)
const bytes = (key: Uint8Array | undefined | 'removed') =>
  key instanceof Uint8Array ? Buffer.from(key).toString('hex') : key

export function keysSuite(name: string, openEngine: () => Promise<KeysEngine>): void {
  describe(`${name}: keys`, () => {
    let engine: KeysEngine
    beforeEach(async () => {
      engine = await openEngine()
    })
    afterEach(() => engine.close())

    test('ACK: what was added is there, after reopening too', async () => {
      const added = newKeys(50)
      expect(await engine.keys.add(added)).toEqual(new Map())
      const ids = added.map(({ id }) => id)
      const check = async (keys: Keys) => {
        const found = await keys.get(ids)
        expect([...found.keys()].sort()).toEqual(ids.toSorted())
        for (const { id, key } of added) expect(bytes(found.get(id))).toBe(bytes(key))
      }
      await check(engine.keys)
      await check(await engine.reopen())
    })

    test('a key that is there stays, and whoever adds another is told the first one', async () => {
      const [first, other] = [newKey(), newKey()]
      await engine.keys.add([first])
      const known = await engine.keys.add([{ ...newKey(), id: first.id }, other])
      expect([...known.keys()]).toEqual([first.id])
      expect(bytes(known.get(first.id))).toBe(bytes(first.key))
      expect(bytes((await engine.keys.get([first.id])).get(first.id))).toBe(bytes(first.key))
      expect((await engine.keys.get([other.id])).size).toBe(1)
    })

    test("added by several at the same moment, one key is everybody's", async () => {
      const id = randomUUID()
      const tries = Array.from({ length: 8 }, () => ({ ...newKey(), id }))
      const answers = await Promise.all(tries.map(async (one) => ({ one, known: await engine.keys.add([one]) })))
      const used = answers.map(({ one, known }) => bytes(known.get(id) ?? one.key))
      expect(new Set(used)).toEqual(new Set([bytes((await engine.keys.get([id])).get(id))]))
      expect(answers.filter(({ known }) => known.size === 0)).toHaveLength(1)
    })

    test('ERASE: a removed key is gone for ever, and its id stays known', async () => {
      const [gone, kept] = [newKey(), newKey()]
      await engine.keys.add([gone, kept])
      await engine.keys.remove([gone.id, gone.id, randomUUID()])
      const check = async (keys: Keys) => {
        expect([...(await keys.get([gone.id, kept.id])).keys()]).toEqual([kept.id])
        expect(await keys.add([{ ...newKey(), id: gone.id }])).toEqual(new Map([[gone.id, 'removed']]))
        expect((await keys.get([gone.id])).size).toBe(0)
        await keys.remove([gone.id])
      }
      await check(engine.keys)
      await check(await engine.reopen())
    })

    test('unknown ids and no ids have no keys', async () => {
      expect((await engine.keys.get([])).size).toBe(0)
      expect((await engine.keys.get([randomUUID()])).size).toBe(0)
      expect(await engine.keys.add([])).toEqual(new Map())
      await engine.keys.remove([])
    })

    test('many at once, and one look-up of a page', async () => {
      const batches = Array.from({ length: 100 }, () => newKeys(5))
      await Promise.all(batches.map((batch) => engine.keys.add(batch)))
      const ids = batches.flat().map(({ id }) => id)
      expect((await engine.keys.get([...ids, randomUUID()])).size).toBe(500)
      expect(engine.keys.health()).toEqual({ ready: true })
    })

    test('once closed, they say so', async () => {
      const { keys } = engine
      await engine.reopen()
      await expect(keys.add([newKey()])).rejects.toThrow(KeysUnavailable)
      await expect(keys.get([randomUUID()])).rejects.toThrow(KeysUnavailable)
    })
  })
}
