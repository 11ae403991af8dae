// What the client and the server of EventStoreDB do that one does not expect, and the engine must bear.

import { randomBytes, randomUUID } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { binaryEvent, EventStoreDBClient, jsonEvent } from '@eventstore/db-client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isPosition } from '../../../src/eventstore/eventstoredb/positions.ts'
import {
  AppendTooLarge,
  maxAppendBytes,
  type Position,
  type RecordedEvent,
  StoreUnavailable,
  start,
  WrongExpectedRevision,
} from '../../../src/eventstore/port.ts'
import { type RunningEventStoreDb, startEventStoreDb } from '../../support/eventstoredb/server.ts'
import { newestOnly } from './engine.ts'
import { openStore } from './eventstoredbStore.ts'
import { all, event, events, follow, revisions } from './samples.ts'

describe.each([
  ['with batch append', true],
  ['without batch append', false],
])('eventstoredb, %s', (_, batchAppend) => {
  let folder: string
  let server: RunningEventStoreDb
  let raw: EventStoreDBClient

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'parley-esdb-'))
    server = await startEventStoreDb({ folder, batchAppend })
    raw = EventStoreDBClient.connectionString(server.connectionString)
  })
  afterAll(async () => {
    await raw.dispose()
    await server.stop()
    await rm(folder, { recursive: true })
  })

  const readRaw = async (stream: string) => {
    const found = []
    for await (const { event: one } of raw.readStream(stream)) if (one) found.push(one)
    return found
  }

  describe('appending', () => {
    test('ONCE: an append whose expected revision is the present end, with ids that were seen before, is refused', async () => {
      await using opened = await openStore(server)
      const { store, prefix } = opened
      const [one, two] = [event(), event()]
      await store.append('room-1', [one, two], 'none')
      // The server alone would append it a second time.
      await raw.appendToStream(`${prefix}other`, jsonEvent({ id: one.id, type: 'X', data: {} }))
      await raw.appendToStream(`${prefix}other`, jsonEvent({ id: one.id, type: 'X', data: {} }), {
        expectedRevision: 0n,
      })
      expect(await readRaw(`${prefix}other`)).toHaveLength(2)
      const other = await opened.another()
      await expect(other.append('room-1', [one], 1)).rejects.toThrow(WrongExpectedRevision)
      await expect(other.append('room-1', [two], 1)).rejects.toThrow(WrongExpectedRevision)
      expect(await other.append('room-1', [one, two], 'any')).toMatchObject({ repeated: true, revision: 1 })
      expect(await revisions(store.readStream('room-1'))).toEqual([0, 1])
    })

    test('ONCE: an event without a body is recognised too, long after, by another node', async () => {
      await using opened = await openStore(server)
      const { body: _, ...bare } = event()
      const first = await opened.store.append('room-1', [bare], 'any')
      for (let count = 0; count < 3; count += 1) await opened.store.append('room-1', events(400), 'any')
      const other = await opened.another()
      expect(await other.append('room-1', [bare], 'any')).toEqual({ ...first, repeated: true })
    })

    test('ONCE ORDER: two nodes that append the same events at the same moment write them once', async () => {
      await using opened = await openStore(server)
      const nodes = [opened.store, await opened.another(), await opened.another()]
      const batches = Array.from({ length: 30 }, (_, index) => events(1 + (index % 3)))
      const appended = await Promise.all(
        nodes.flatMap((node, index) =>
          (index === 1 ? batches.toReversed() : batches).map(async (batch) => ({
            id: batch[0]?.id,
            ...(await node.append('room-1', batch, 'any')),
          })),
        ),
      )
      const whole = await all(opened.store.readStream('room-1'))
      expect(whole.map(({ id }) => id).sort()).toEqual(
        batches
          .flat()
          .map(({ id }) => id)
          .sort(),
      )
      for (const { id, firstRevision } of appended) expect(whole[firstRevision]?.id).toBe(id)
    })

    test('where the stream really ends is a number, and undefined where it is absent', async () => {
      await using opened = await openStore(server)
      const failure = (expected: number) =>
        opened.store.append('room-1', events(1), expected).then(String, (error: unknown) => error)
      expect(await failure(3)).toMatchObject({ name: 'WrongExpectedRevision', actual: undefined })
      await opened.store.append('room-1', events(2), 'none')
      expect(await failure(0)).toMatchObject({ name: 'WrongExpectedRevision', actual: 1 })
    })

    test('what is longer once it is sealed than the server takes is refused before it is sent', async () => {
      await using opened = await openStore(server)
      // As little as possible to gain by deflating: all signs of ASCII, at random.
      const signs = randomBytes(maxAppendBytes - 20_000).map((byte) => 35 + (byte % 57) + (byte > 127 ? 34 : 0))
      const text = Buffer.from(signs).toString('latin1').replaceAll('\\', '~')
      await expect(opened.store.append('room-1', [event({ body: { text } })], 'none')).rejects.toThrow(AppendTooLarge)
      expect(await opened.store.head('room-1')).toBeUndefined()
    })

    test('nothing is sent for an append without events', async () => {
      await using opened = await openStore(server)
      expect(await opened.store.append('room-1', [], 'any')).toMatchObject({ revision: -1, position: start })
      await expect(readRaw(`${opened.prefix}room-1`)).rejects.toThrow('not found')
    })

    test('the position that an append answers with is the one at which the event is read', async () => {
      await using opened = await openStore(server)
      for (const count of [1, 2, 5, 1]) {
        const { position } = await opened.store.append('room-1', events(count), 'any')
        expect((await opened.store.head('room-1'))?.position).toBe(position)
        expect((await opened.store.at(position))?.position).toBe(position)
        expect(await opened.store.end()).toBe(position)
      }
    })

    test('a stream that was deleted for ever says so, in a sentence', async () => {
      await using opened = await openStore(server)
      await opened.store.append('room-1', events(1), 'none')
      await raw.tombstoneStream(`${opened.prefix}room-1`)
      const append = opened.store.append('room-1', events(1), 0)
      await expect(append).rejects.toThrow(StoreUnavailable)
      await expect(append).rejects.toThrow('deleted for ever')
    })
  })

  describe('streams that keep only their newest event', () => {
    const stream = `${newestOnly}1`

    test('the server is told so before the first event', async () => {
      await using opened = await openStore(server)
      const { store, prefix } = opened
      for (let count = 0; count < 3; count += 1) await store.append(stream, events(1), 'any')
      expect((await raw.getStreamMetadata(prefix + stream)).metadata).toEqual({ maxCount: 1 })
      expect(await readRaw(prefix + stream)).toHaveLength(1)
      const [metadata, whole] = await Promise.all([
        readRaw(`$$${prefix}${stream}`),
        // The whole log still shows what is superseded.
        (async () => {
          const found = []
          for await (const { event: one } of raw.readAll()) if (one?.streamId === prefix + stream) found.push(one)
          return found
        })(),
      ])
      const [first] = whole
      expect(first?.revision).toBe(0n)
      expect((metadata[0]?.position?.commit ?? 0n) < (first?.position?.commit ?? 0n)).toBe(true)
    })

    test('whoever reads the whole log gets the newest alone, in pages as full as asked for', async () => {
      await using opened = await openStore(server)
      const { store } = opened
      for (let count = 0; count < 20; count += 1) {
        await store.append(stream, events(1), 'any')
        await store.append(`${newestOnly}2`, events(1), 'any')
        await store.append('room-1', events(1), 'any')
      }
      const expected = ['room-1 18', `${stream} 19`, `${newestOnly}2 19`, 'room-1 19']
      const shown = (found: readonly RecordedEvent[]) => found.map((one) => `${one.stream} ${one.revision}`)
      expect(shown(await all(store.readAll())).slice(-4)).toEqual(expected)
      expect(await all(store.readAll())).toHaveLength(22)
      expect(shown(await all(store.readAll({ direction: 'backwards', limit: 4 })))).toEqual(expected.toReversed())
      const sizes: number[] = []
      for await (const page of store.readAll({ pageSize: 10 })) sizes.push(page.length)
      expect(sizes).toEqual([10, 10, 2])
    })

    test('ERASE: the key of what is superseded is removed', async () => {
      await using opened = await openStore(server)
      const [first, second] = [event(), event()]
      await opened.store.append(stream, [first], 'none')
      expect((await opened.keys.get([first.id])).size).toBe(1)
      await opened.store.append(stream, [second], 0)
      await expect.poll(async () => [...(await opened.keys.get([first.id, second.id])).keys()]).toEqual([second.id])
    })

    test('ONCE: two nodes that write to one stream go on from one another', async () => {
      await using opened = await openStore(server)
      const nodes = [opened.store, await opened.another()]
      await Promise.all(Array.from({ length: 40 }, (_, index) => nodes[index % 2]?.append(stream, events(1), 'any')))
      expect((await opened.store.head(stream))?.revision).toBe(39)
    })
  })

  describe('bodies', () => {
    test('ERASE: no body is in the server as it was written, and without its key it is absent', async () => {
      await using opened = await openStore(server)
      const secret = `Geheimnis-${randomUUID()}`
      const one = event({ body: { text: secret } })
      const { position } = await opened.store.append('room-1', [one], 'none')
      const [stored] = await readRaw(`${opened.prefix}room-1`)
      expect(stored).toMatchObject({ id: one.id, type: one.type, data: one.data, metadata: one.metadata })
      expect(JSON.stringify(stored, (_, value) => (typeof value === 'bigint' ? 0 : value))).not.toContain(secret)
      for (const name of await readdir(folder, { withFileTypes: true })) {
        if (name.isFile()) expect((await readFile(join(folder, name.name))).includes(secret)).toBe(false)
      }
      expect((await opened.store.at(position))?.body).toEqual({ text: secret })
      await opened.store.forget([one.id])
      expect(await opened.store.at(position)).toEqual({
        ...one,
        body: undefined,
        stream: 'room-1',
        revision: 0,
        position,
      })
      // Appended again it is the same event, and what was forgotten does not come back.
      expect(await opened.store.append('room-1', [one], 'none')).toMatchObject({ repeated: true })
      expect((await opened.store.at(position))?.body).toBeUndefined()
    })
  })

  describe('what others wrote', () => {
    test('damaged events and those of others come as such, and stop nobody', async () => {
      await using opened = await openStore(server)
      const { store, prefix } = opened
      const good = event()
      await store.append('room-1', [good], 'none')
      const metadata = Uint8Array.from([1, 2, 3])
      await raw.appendToStream(`${prefix}room-1`, [
        binaryEvent({ type: 'Binary', data: Uint8Array.from([123]) }),
        jsonEvent({ type: 'List', data: [1, 2] }),
        jsonEvent({ type: 'Metadata', data: { a: 1 }, metadata }),
        jsonEvent({ type: 'Unknown', data: { a: 1 }, metadata: { text: 'x', number: 7 } }),
        jsonEvent({ type: 'Sealed', data: { a: 1 }, metadata: { sealedBody: 'nothing of ours' } }),
        {
          ...jsonEvent({ id: randomUUID(), type: 'Copied', data: {} }),
          metadata: (await readRaw(`${prefix}room-1`))[0]?.metadata,
        },
      ])
      const last = event()
      await store.append('room-1', [last], 6)
      const expected = [false, true, true, true, false, false, false, false]
      const damaged = (found: readonly RecordedEvent[]) => found.map((one) => one.damaged !== undefined)
      const followed = await follow(store, start, (found) => found.at(-1)?.id === last.id)
      for (const found of [await all(store.readStream('room-1')), await all(store.readAll()), followed]) {
        expect(damaged(found)).toEqual(expected)
        expect(found[2]).toMatchObject({ type: 'List', data: {}, metadata: {}, revision: 2 })
        expect(found[4]).toMatchObject({ type: 'Unknown', data: { a: 1 }, metadata: { text: 'x' } })
        expect(found[0]?.body).toEqual(good.body)
        expect(found.at(-1)?.body).toEqual(last.body)
      }
    })

    test('a sealed body that was changed makes the event damaged', async () => {
      await using opened = await openStore(server)
      const { store, prefix } = opened
      const one = event()
      await store.append('room-1', [one], 'none')
      const [stored] = await readRaw(`${prefix}room-1`)
      const metadata = stored?.metadata as { sealedBody: string } // this engine wrote it
      const bytes = Buffer.from(metadata.sealedBody, 'base64')
      bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1
      const changed = { ...metadata, sealedBody: bytes.toString('base64') }
      await raw.appendToStream(`${prefix}room-2`, jsonEvent({ id: one.id, type: 'X', data: {}, metadata: changed }))
      const [found] = await all(store.readStream('room-2'))
      expect(found).toMatchObject({ damaged: 'Its sealed body is damaged.', data: {} })
    })

    test('ORDER: streams outside the prefix are not seen, however many there are', async () => {
      await using opened = await openStore(server)
      const { store } = opened
      const noise = () =>
        raw.appendToStream(
          'elsewhere',
          Array.from({ length: 700 }, () => jsonEvent({ type: 'Noise', data: {} })),
        )
      await noise()
      const mine: string[] = []
      for (let count = 0; count < 3; count += 1) {
        const one = event()
        mine.push(one.id)
        const { position } = await store.append('room-1', [one], 'any')
        await noise()
        expect(await store.end()).toBe(position)
      }
      const ids = (found: readonly RecordedEvent[]) => found.map(({ id }) => id)
      expect(ids(await all(store.readAll({ pageSize: 2 })))).toEqual(mine)
      expect(ids(await all(store.readAll({ direction: 'backwards' })))).toEqual(mine.toReversed())
      expect(ids(await follow(store, start, (found) => found.length === 3))).toEqual(mine)
      expect(await store.end()).toBe((await store.head('room-1'))?.position)
    })
  })

  describe('positions', () => {
    test("one at which nothing stands, or another's event, stands for no event", async () => {
      await using opened = await openStore(server)
      const { position } = await opened.store.append('room-1', events(1), 'none')
      const [elsewhere] = await readRaw(`$$${opened.prefix}none`).catch(() => [])
      expect(elsewhere).toBeUndefined()
      const nowhere = [
        `${position.slice(0, -1)}${position.endsWith('0') ? '1' : '0'}`,
        '0'.repeat(32),
        `0000000000000001${'0'.repeat(16)}`,
        '7'.repeat(32),
      ]
      for (const text of nowhere) {
        expect(isPosition(text)).toBe(true)
        expect(await opened.store.at(text as Position)).toBeUndefined()
      }
      await expect(opened.store.at('00000000000001' as Position)).rejects.toThrow(RangeError)
      expect(opened.store.isPosition(position)).toBe(true)
      expect(opened.store.isPosition('00000000000001')).toBe(false)
    })

    test('what stands after a position is found in a long stream without reading it all', async () => {
      await using opened = await openStore(server)
      const { store } = opened
      for (let count = 0; count < 6; count += 1) await store.append('room-1', events(200), 'any')
      const whole = await all(store.readStream('room-1'))
      for (const index of [0, 1, 17, 600, 1_100, 1_180, 1_198, 1_199]) {
        const after = whole[index]?.position ?? start
        const found = await revisions(store.readStream('room-1', { after, limit: 3 }))
        expect(found).toEqual([index + 1, index + 2, index + 3].filter((revision) => revision < 1_200))
        expect(await revisions(store.readStream('room-1', { after, from: 700, limit: 1 }))).toEqual(
          index < 1_199 ? [Math.max(700, index + 1)] : [],
        )
      }
    })
  })

  describe('following', () => {
    test('ORDER: a reader that takes its time gets everything once, and is told that it is behind', async () => {
      await using opened = await openStore(server)
      const { store } = opened
      const followed: string[] = []
      const told: boolean[] = []
      const iterator = store.subscribe({ after: start, pageSize: 50 })[Symbol.asyncIterator]()
      expect((await iterator.next()).value).toMatchObject({ caughtUp: true })
      const written: string[] = []
      for (let count = 0; count < 20; count += 1) {
        const batch = events(100)
        written.push(...batch.map(({ id }) => id))
        await store.append('room-1', batch, 'any')
      }
      while (followed.length < written.length) {
        const { value } = await iterator.next()
        followed.push(...(value?.events ?? []).map((one: RecordedEvent) => one.id))
        told.push(value?.caughtUp ?? false)
      }
      await iterator.return?.()
      expect(followed).toEqual(written)
      // While events wait nobody is told that there are none.
      expect(told.slice(0, 10)).not.toContain(true)
    })

    test('a checkpoint carries a quiet reader past what others write', async () => {
      await using opened = await openStore(server)
      const { position } = await opened.store.append('room-1', events(1), 'none')
      const iterator = opened.store.subscribe({ after: start })[Symbol.asyncIterator]()
      while ((await iterator.next()).value?.position !== position);
      await raw.appendToStream(
        'elsewhere',
        Array.from({ length: 1_200 }, () => jsonEvent({ type: 'Noise', data: {} })),
      )
      const { value } = await iterator.next()
      expect(value).toMatchObject({ events: [], caughtUp: true })
      expect((value?.position ?? start) > position).toBe(true)
      const next = iterator.next()
      const one = event()
      await opened.store.append('room-1', [one], 0)
      expect((await next).value?.events.map((one: RecordedEvent) => one.id)).toEqual([one.id])
      await iterator.return?.()
    }, 20_000)
  })
})

test('RESUME: a reader that is too slow is dropped by some servers, and gets everything all the same', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'parley-esdb-'))
  const server = await startEventStoreDb({ folder, batchAppend: true, dropsSlowConsumers: true })
  {
    await using opened = await openStore(server)
    const { store } = opened
    const iterator = store.subscribe({ after: start })[Symbol.asyncIterator]()
    await iterator.next()
    const written: string[] = []
    for (let count = 0; count < 30; count += 1) {
      const batch = Array.from({ length: 50 }, () => event({ data: { text: 'x'.repeat(4_000) } }))
      written.push(...batch.map(({ id }) => id))
      await store.append('room-1', batch, 'any')
    }
    await sleep(500)
    const followed: string[] = []
    while (followed.length < written.length) {
      const { value } = await iterator.next()
      followed.push(...(value?.events ?? []).map((one: RecordedEvent) => one.id))
    }
    expect(followed).toEqual(written)
    await iterator.return?.()
  }
  await server.stop()
  await rm(folder, { recursive: true })
}, 30_000)
