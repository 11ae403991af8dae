// The server of the log dies, hangs, comes back: what is answered meanwhile, and that everything goes on by itself.
//
// PARLEY_TEST_AWAY_ROUNDS: how often it is killed and stopped under load (default 3).

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createConnection, createServer, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { makeClient } from '../../src/eventstore/eventstoredb/client.ts'
import {
  type EventStore,
  type NewEvent,
  OutcomeUnknown,
  StoreUnavailable,
  start,
  WrongExpectedRevision,
} from '../../src/eventstore/port.ts'
import { openStore } from '../conformance/eventstore/eventstoredbStore.ts'
import { all, event, events } from '../conformance/eventstore/samples.ts'
import { type EventStoreDbProcess, startEventStoreDbProcess } from '../support/eventStoreDbProcess.ts'

const rounds = Number(process.env.PARLEY_TEST_AWAY_ROUNDS ?? 3)
const seed = Number(process.env.PARLEY_TEST_SEED ?? Date.now() % 2_147_483_647)

/** What becomes of an append, and after how many ms. */
async function outcome(append: Promise<unknown>): Promise<{ what: string; ms: number }> {
  const began = performance.now()
  const what = await append.then(
    () => 'appended',
    (error: unknown) => (error instanceof Error ? error.name : String(error)),
  )
  return { what, ms: performance.now() - began }
}

/** Appends until it is known to be there, as commands do. */
async function insist(store: EventStore, stream: string, batch: readonly NewEvent[], expected: number | 'none') {
  for (;;) {
    try {
      return await store.append(stream, batch, expected)
    } catch (error) {
      if (!(error instanceof OutcomeUnknown) && !(error instanceof StoreUnavailable)) throw error
      await sleep(20)
    }
  }
}

const isReady = (store: EventStore) => () => store.health().ready

describe.each([
  ['with batch append', true],
  ['without batch append', false],
])('eventstoredb, %s', (_, batchAppend) => {
  test('a server that was killed: appends answer within 5 s, health says why, and all recovers within 10 s', async () => {
    await using server = await startEventStoreDbProcess({ batchAppend })
    const faults: string[] = []
    await using opened = await openStore({ ...server, onFault: (message) => faults.push(message) })
    const { store } = opened
    await store.append('room-1', events(2), 'none')
    const followed: string[] = []
    const stop = new AbortController()
    const following = (async () => {
      for await (const { events: found } of store.subscribe({ after: start, signal: stop.signal })) {
        followed.push(...found.map(({ id }) => id))
      }
    })()
    await server.kill()
    // The first one after that gets a bare error of gRPC from the client, with a code and no type.
    const first = await outcome(store.append('room-1', events(1), 1))
    expect(['OutcomeUnknown', 'StoreUnavailable']).toContain(first.what)
    expect(first.ms).toBeLessThan(5_000)
    await expect.poll(isReady(store), { timeout: 5_000 }).toBe(false)
    expect(store.health()).toMatchObject({ reason: expect.stringContaining(`127.0.0.1:${server.port}`) })
    const then = await outcome(store.append('room-1', events(1), 1))
    expect(then).toMatchObject({ what: 'StoreUnavailable' })
    expect(then.ms).toBeLessThan(500)
    await expect(all(store.readStream('room-1'))).rejects.toThrow(StoreUnavailable)
    // As long as gRPC, left to itself, would wait for more than 10 s before it tried again.
    await sleep(12_000)
    await server.start()
    const back = performance.now()
    await expect.poll(isReady(store), { timeout: 10_000, interval: 20 }).toBe(true)
    const last = event()
    await insist(store, 'room-1', [last], 1)
    await expect.poll(() => followed.at(-1), { timeout: 10_000 }).toBe(last.id)
    expect(performance.now() - back).toBeLessThan(10_000)
    expect(followed).toEqual((await all(store.readAll())).map(({ id }) => id))
    expect(faults).toHaveLength(1)
    stop.abort()
    await following
  }, 60_000)

  test('a server that hangs: an append under way has an unknown outcome within 5 s, and is there once', async () => {
    await using server = await startEventStoreDbProcess({ batchAppend })
    await using opened = await openStore(server)
    const { store } = opened
    await store.append('room-1', events(2), 'none')
    server.pause()
    const batch = events(2)
    const { what, ms } = await outcome(store.append('room-1', batch, 1))
    expect(what).toBe('OutcomeUnknown')
    expect(ms).toBeLessThan(5_000)
    await expect.poll(isReady(store), { timeout: 5_000 }).toBe(false)
    server.resume()
    const back = performance.now()
    const appended = await insist(store, 'room-1', batch, 1)
    expect(performance.now() - back).toBeLessThan(10_000)
    expect(appended).toMatchObject({ firstRevision: 2, revision: 3 })
    expect(await store.append('room-1', batch, 1)).toEqual({ ...appended, repeated: true })
    expect((await all(store.readStream('room-1'))).map(({ revision }) => revision)).toEqual([0, 1, 2, 3])
  }, 60_000)

  test('memory stays bounded while the server is away', async () => {
    await using server = await startEventStoreDbProcess({ batchAppend })
    await using opened = await openStore(server)
    const { store } = opened
    await store.append('room-0', events(1), 'none')
    const memory = () => {
      const { heapUsed, external } = process.memoryUsage()
      return (heapUsed + external) / 1e6
    }
    server.pause()
    const load = async (count: number) => {
      const body = { text: 'x'.repeat(20_000) }
      const appends = Array.from({ length: count }, (_, index) =>
        outcome(store.append(`room-${index}`, [event({ body })], 'none')),
      )
      const answers = await Promise.all(appends)
      for (const { what, ms } of answers) {
        expect(['OutcomeUnknown', 'StoreUnavailable']).toContain(what)
        expect(ms).toBeLessThan(8_000)
      }
    }
    await load(500)
    const before = memory()
    for (let round = 0; round < 20; round += 1) await load(500)
    await sleep(1_500)
    // 10,000 appends of 20 kB would be 200 MB and more.
    expect(memory() - before).toBeLessThan(100)
    server.resume()
    await expect.poll(isReady(store), { timeout: 10_000 }).toBe(true)
  }, 60_000)

  test(
    `ACK ONCE ORDER: killed and stopped at random under load, nothing is lost, repeated or out of order (seed ${seed})`,
    async () => {
      await using server = await startEventStoreDbProcess({ batchAppend })
      await using opened = await openStore(server)
      const nodes = [opened.store, await opened.another()]
      let state = seed
      const random = () => {
        state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
        return state / 2_147_483_648
      }
      const acknowledged: string[] = []
      let over = false
      /** Each writes its own stream, and all write one together. */
      const write = async (node: EventStore, number: number) => {
        let own = -1
        while (!over) {
          const mine = events(1 + (own % 3 === 0 ? 1 : 0))
          own = (await insist(node, `room-${number}`, mine, own === -1 ? 'none' : own)).revision
          acknowledged.push(...mine.map(({ id }) => id))
          const shared = [event()]
          for (let done = false; !done; ) {
            try {
              const head = await node.head('room-shared')
              await insist(node, 'room-shared', shared, head?.revision ?? 'none')
              acknowledged.push(...shared.map(({ id }) => id))
              done = true
            } catch (error) {
              if (error instanceof StoreUnavailable) await sleep(20)
              else if (!(error instanceof WrongExpectedRevision)) throw error
            }
          }
        }
      }
      const followed = nodes.map(() => [] as string[])
      const stop = new AbortController()
      const following = nodes.map(async (node, index) => {
        for await (const { events: found } of node.subscribe({ after: start, signal: stop.signal, pageSize: 20 })) {
          followed[index]?.push(...found.map(({ id }) => id))
        }
      })
      const writers = [0, 1, 2, 3].map((number) => write(nodes[number % 2] ?? opened.store, number))
      for (let round = 0; round < rounds; round += 1) {
        await sleep(300 + random() * 700)
        await disturb(server, random)
      }
      await sleep(500)
      over = true
      await Promise.all(writers)
      const whole = await all(opened.store.readAll())
      const ids = whole.map(({ id }) => id)
      expect(new Set(ids).size).toBe(ids.length)
      expect(acknowledged.filter((id) => !ids.includes(id))).toEqual([])
      for (const stream of new Set(whole.map((one) => one.stream))) {
        const there = whole.filter((one) => one.stream === stream).map(({ revision }) => revision)
        expect(there).toEqual([...there.keys()])
      }
      for (const found of followed) {
        await expect.poll(() => found.length, { timeout: 10_000 }).toBe(ids.length)
        expect(found).toEqual(ids)
      }
      stop.abort()
      await Promise.all(following)
    },
    30_000 + rounds * 15_000,
  )

  test('a late reply for an append that nobody waits for any more does not end the process', async () => {
    await using hanging = await startEventStoreDbProcess({ batchAppend })
    await using dying = await startEventStoreDbProcess({ batchAppend })
    // The client keeps the pending batches of all connections in one map, and empties it when one of them breaks.
    const [a, b] = [makeClient(hanging.connectionString, 10_000), makeClient(dying.connectionString, 10_000)]
    const proposed = () => ({ ...event(), contentType: 'application/json' as const, data: {}, metadata: undefined })
    await Promise.all([a.appendToStream('x', proposed()), b.appendToStream('x', proposed())])
    hanging.pause()
    const pending = a.appendToStream('x', proposed()).catch(String)
    await sleep(100)
    await dying.kill()
    if (batchAppend) await pending
    hanging.resume()
    await sleep(500)
    await expect(a.appendToStream('x', proposed())).resolves.toMatchObject({ success: true })
    await pending
    await Promise.all([a.dispose(), b.dispose()])
  }, 30_000)

  test('a connection that is cut without a word is made anew', async () => {
    await using server = await startEventStoreDbProcess({ batchAppend })
    const proxy = await startProxy(server.port)
    await using opened = await openStore({ connectionString: `esdb://127.0.0.1:${proxy.port}?tls=false` })
    const { store } = opened
    const followed: string[] = []
    const stop = new AbortController()
    const following = (async () => {
      for await (const { events: found } of store.subscribe({ after: start, signal: stop.signal })) {
        followed.push(...found.map(({ id }) => id))
      }
    })()
    await store.append('room-1', events(1), 'none')
    proxy.freeze()
    const { ms } = await outcome(store.append('room-1', events(1), 0))
    expect(ms).toBeLessThan(5_000)
    const back = performance.now()
    proxy.thaw()
    const last = event()
    await insist(store, 'room-2', [last], 'none')
    await expect.poll(() => followed.at(-1), { timeout: 10_000 }).toBe(last.id)
    expect(performance.now() - back).toBeLessThan(10_000)
    stop.abort()
    await following
    await proxy.close()
  }, 60_000)
})

test('a process that has closed its store ends', async () => {
  await using server = await startEventStoreDbProcess({ batchAppend: true })
  const program = `(async () => {
    const { openStore } = await import('./test/conformance/eventstore/eventstoredbStore.ts')
    const { event } = await import('./test/conformance/eventstore/samples.ts')
    const opened = await openStore({ connectionString: '${server.connectionString}' })
    const iterator = opened.store.subscribe({ after: '' })[Symbol.asyncIterator]()
    await iterator.next()
    await opened.store.append('room-1', [event()], 'none')
    await opened[Symbol.asyncDispose]()
    process.stdout.write('closed')
  })()`
  const running = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(running, 'exit')
  await once(running.stdout, 'data')
  const closed = performance.now()
  expect(await ended).toEqual([0, null])
  expect(performance.now() - closed).toBeLessThan(3_000)
}, 30_000)

async function disturb(server: EventStoreDbProcess, random: () => number): Promise<void> {
  if (random() < 0.5) {
    await server.kill()
    await sleep(random() * 3_000)
    await server.start()
  } else {
    server.pause()
    await sleep(random() * 6_000)
    server.resume()
  }
}

/** Passes bytes on; frozen, it keeps its connections, drops all that comes over them, and for those opened before so it stays. */
async function startProxy(to: number) {
  let frozen = false
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    if (frozen) {
      client.destroy()
      return
    }
    const upstream = createConnection({ host: '127.0.0.1', port: to })
    let dead = false
    for (const [from, into] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from)
      from.on('data', (chunk) => {
        dead ||= frozen
        if (!dead) into.write(chunk)
      })
      from.on('error', () => {})
      from.on('close', () => into.destroy())
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The proxy has no port.')
  return {
    port: address.port,
    freeze: () => {
      frozen = true
    },
    thaw: () => {
      frozen = false
    },
    close: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
