// MongoDB goes and comes back: what is asked meanwhile fails in time, everything goes on by itself, and what was acknowledged is there.

import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openMongoDocuments } from '../../src/documents/mongo/open.ts'
import { type Documents, DocumentsUnavailable, RecordConflict } from '../../src/documents/port.ts'
import type { Position } from '../../src/eventstore/port.ts'
import { openMongoKeys } from '../../src/keys/mongo.ts'
import { KeysUnavailable } from '../../src/keys/port.ts'
import { startMongo } from '../support/mongodb/server.ts'
import { chosenSeed, Random } from '../support/random.ts'

const rounds = Number(process.env.PARLEY_FAULT_ROUNDS ?? 2)
const seed = chosenSeed()

const server = process.env.PARLEY_TEST_MONGODB ? undefined : await startMongo({ keepsData: true })
const ours = server?.process
const withServer = test.skipIf(ours === undefined)
const collection = 'kept_v1_1'
let documents: Documents

beforeAll(async () => {
  if (!server) return
  documents = await openMongoDocuments({ url: server.url() })
  await documents.createCollection(collection)
})
afterAll(async () => {
  await documents?.close()
  await server?.stop()
})

const write = (id: string, revision: number) =>
  documents.write([{ collection, id, revision, position: String(revision) as Position, document: { revision } }])

/** How long it took until it failed or worked, in ms. */
async function timed<T>(work: Promise<T>): Promise<{ readonly ms: number; readonly outcome: unknown }> {
  const began = performance.now()
  const outcome = await work.catch((error: unknown) => error)
  return { ms: performance.now() - began, outcome }
}

async function untilReady(): Promise<number> {
  const began = performance.now()
  for (;;) {
    const found = await documents.get(collection, ['absent']).catch(() => undefined)
    if (found !== undefined && documents.health().ready) return performance.now() - began
    if (performance.now() - began > 20_000) throw new Error('It has not come back.')
    await sleep(50)
  }
}

withServer(
  'killed: questions fail within 5 s, health says so, and all goes on within 10 s of its return',
  async () => {
    await write('a', 1)
    await ours?.kill()
    const asked = [documents.get(collection, ['a']), documents.record('x'), documents.find(collection, { limit: 1 })]
    for (const { ms, outcome } of await Promise.all(asked.map((one) => timed<unknown>(one)))) {
      expect(outcome).toBeInstanceOf(DocumentsUnavailable)
      expect(ms).toBeLessThan(5_000)
    }
    expect(documents.health()).toMatchObject({
      ready: false,
      reason: expect.stringMatching(/MongoDB .* cannot be .*Start it/),
    })
    await ours?.start()
    expect(await untilReady()).toBeLessThan(10_000)
    expect(await documents.get(collection, ['a'])).toHaveLength(1)
  },
  60_000,
)

withServer(
  'stopped without closing its connections: the same',
  async () => {
    ours?.pause()
    await sleep(100)
    const { ms, outcome } = await timed(documents.get(collection, ['a']))
    expect(outcome).toBeInstanceOf(DocumentsUnavailable)
    expect(ms).toBeLessThan(5_000)
    await sleep(6_000)
    expect(documents.health().ready).toBe(false)
    ours?.resume()
    expect(await untilReady()).toBeLessThan(10_000)
  },
  60_000,
)

withServer(
  'while it is away for long, what is asked is refused at once and nothing piles up',
  async () => {
    await ours?.kill()
    await sleep(6_500)
    const before = process.memoryUsage().heapUsed
    const { ms } = await timed(
      Promise.allSettled(Array.from({ length: 20_000 }, () => documents.get(collection, ['a']))),
    )
    expect(ms).toBeLessThan(2_000)
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(100_000_000)
    await ours?.start()
    expect(await untilReady()).toBeLessThan(10_000)
  },
  60_000,
)

withServer(
  'keys say so too, and come back',
  async () => {
    const keys = await openMongoKeys({ url: server?.url() ?? '' })
    const key = { id: crypto.randomUUID(), key: new Uint8Array(32).fill(7) }
    await keys.add([key])
    await ours?.kill()
    const { ms, outcome } = await timed(keys.get([key.id]))
    expect(outcome).toBeInstanceOf(KeysUnavailable)
    expect(ms).toBeLessThan(5_000)
    await ours?.start()
    await untilReady()
    let found = await keys.get([key.id]).catch(() => undefined)
    for (let tries = 0; found === undefined && tries < 100; tries++) {
      await sleep(100)
      found = await keys.get([key.id]).catch(() => undefined)
    }
    expect(found?.get(key.id)).toEqual(key.key)
    await keys.close()
  },
  60_000,
)

withServer(
  `ACK CHECKPOINT: killed again and again, nothing acknowledged is lost, and no checkpoint is ahead (seed ${seed})`,
  async () => {
    const random = new Random(seed)
    let [version, acknowledged] = [0, 0]
    const ids = Array.from({ length: 20 }, (_, index) => `doc-${index}`)
    for (let round = 0; round < rounds; round++) {
      const killed = sleep(random.between(50, 1_500)).then(() => ours?.kill())
      for (let going = true; going; ) {
        const revision = acknowledged + 1
        const writes = ids.map((id) => ({
          collection,
          id,
          revision,
          position: String(revision).padStart(9, '0') as Position,
          document: { revision },
        }))
        try {
          await documents.write(writes, [{ key: 'checkpoint', expectedVersion: version, value: { revision } }])
          version += 1
          acknowledged = revision
        } catch (error) {
          expect(error).toBeInstanceOf(DocumentsUnavailable)
          going = false
        }
      }
      await killed
      await ours?.start()
      await untilReady()
      const record = await documents.record('checkpoint')
      const stored = Number(record?.value.revision ?? 0)
      expect(stored).toBeGreaterThanOrEqual(acknowledged)
      expect(stored).toBeLessThanOrEqual(acknowledged + 1)
      const found = await documents.get<{ revision: number }>(collection, ids)
      if (stored > 0) expect(found).toHaveLength(ids.length)
      for (const { revision } of found) expect(revision).toBeGreaterThanOrEqual(stored)
      version = record?.version ?? 0
      acknowledged = stored
    }
    expect(acknowledged).toBeGreaterThan(rounds)
    await expect(
      documents.write([], [{ key: 'checkpoint', expectedVersion: version - 1, value: { revision: 0 } }]),
    ).rejects.toThrow(RecordConflict)
  },
  30_000 + rounds * 30_000,
)
