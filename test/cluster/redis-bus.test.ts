// The bus over the real Redis: what it carries, and what happens while Redis is away.

import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test, vi } from 'vitest'
import { CannotOpen } from '../../src/eventstore/port.ts'
import type { Bus, BusMessage } from '../../src/live/bus.ts'
import { openRedisBus } from '../../src/live/redisBus.ts'
import { freePort, redisAbsent, startRedis } from '../support/redisServer.ts'

const absent = redisAbsent()
if (absent !== undefined) console.log(`The bus over Redis is skipped: ${absent}.`)
const withRedis = test.skipIf(absent !== undefined)

const patience = { timeout: 10_000, interval: 20 }

interface Node {
  readonly bus: Bus
  readonly heard: BusMessage[]
  readonly log: string[]
}

async function node(url: string, prefix = 'parley.'): Promise<Node> {
  const heard: BusMessage[] = []
  const log: string[] = []
  const bus = openRedisBus({
    url,
    prefix,
    logger: { info: (text) => log.push(text), warn: (text) => log.push(text) },
  })
  onTestFinished(() => bus.close())
  bus.subscribe('tea', (message) => heard.push(message))
  return { bus, heard, log }
}

const ready = ({ bus }: Node) => vi.waitFor(() => expect(bus.health()).toEqual({ ready: true }), patience)

/** Says it until it is heard: that a node listens again is known only by that. */
const reaches = (from: Node, to: Node, n: number) =>
  vi.waitFor(() => {
    from.bus.publish('tea', { n })
    expect(to.heard).toContainEqual({ n })
  }, patience)

withRedis('what one node says, all nodes hear, and nobody else on the same Redis', async () => {
  await using redis = await startRedis()
  const [one, two, other] = [await node(redis.url), await node(redis.url), await node(redis.url, 'another.')]
  await Promise.all([one, two, other].map(ready))
  await reaches(one, two, 1)
  await reaches(two, one, 2)
  one.bus.publish('tea', { n: 3, text: 'hot', true: true })
  one.bus.publish('coffee', { n: 4 })
  await vi.waitFor(() => expect(two.heard.at(-1)).toEqual({ n: 3, text: 'hot', true: true }), patience)
  await sleep(50)
  // Once each, on the node that said it too.
  expect(one.heard.filter(({ n }) => n === 3)).toHaveLength(1)
  expect(two.heard.filter(({ n }) => n === 3 || n === 4)).toHaveLength(1)
  expect(other.heard).toEqual([])
})

withRedis('while Redis is away nothing is heard and it says so, and everything comes back by itself', async () => {
  await using redis = await startRedis()
  const [one, two] = [await node(redis.url), await node(redis.url)]
  await Promise.all([one, two].map(ready))
  await reaches(one, two, 1)
  for (const round of [1, 2]) {
    await redis.kill()
    await vi.waitFor(() => expect(one.bus.health()).toMatchObject({ ready: false }), patience)
    // Nothing is kept for later.
    one.bus.publish('tea', { n: 10 * round })
    await redis.start()
    await Promise.all([one, two].map(ready))
    await reaches(one, two, 10 * round + 1)
    expect(two.heard).not.toContainEqual({ n: 10 * round })
  }
  // Said once each time, not at each try.
  expect(one.log.filter((line) => line.includes('cannot be used'))).toHaveLength(2)
  one.bus.publish('tea', { n: 99 })
  await vi.waitFor(() => expect(two.heard).toContainEqual({ n: 99 }), patience)
  expect(two.heard.filter(({ n }) => n === 99)).toHaveLength(1)
})

withRedis('a Redis that no longer answers counts as away, though its connections stand', async () => {
  await using redis = await startRedis()
  const [one, two] = [await node(redis.url), await node(redis.url)]
  await Promise.all([one, two].map(ready))
  redis.pause()
  try {
    await vi.waitFor(() => expect(one.bus.health()).toMatchObject({ ready: false }), patience)
  } finally {
    redis.resume()
  }
  await Promise.all([one, two].map(ready))
  await reaches(one, two, 1)
})

withRedis('a node that begins while Redis is away hears as soon as it is there', async () => {
  await using redis = await startRedis()
  await redis.kill()
  const [one, two] = [await node(redis.url), await node(redis.url)]
  await vi.waitFor(
    () => expect(one.bus.health()).toMatchObject({ reason: expect.stringContaining('cannot be used') }),
    patience,
  )
  await redis.start()
  await Promise.all([one, two].map(ready))
  await reaches(one, two, 1)
})

test('an address that is none is refused, and one where nobody listens is not', async () => {
  const logger = { info: () => {}, warn: () => {} }
  expect(() => openRedisBus({ url: 'redis://ho st:1', prefix: '', logger })).toThrow(CannotOpen)
  const { bus } = await node(`redis://127.0.0.1:${await freePort()}`)
  await vi.waitFor(() => expect(bus.health()).toMatchObject({ ready: false }), patience)
})
