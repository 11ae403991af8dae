import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { sent, World } from '../../test/projecting/world.ts'
import { type RecordedEvent, start } from '../eventstore/port.ts'
import { Backlog } from './backlog.ts'

async function all(world: World): Promise<readonly RecordedEvent[]> {
  const events: RecordedEvent[] = []
  for await (const page of world.store.readAll()) events.push(...page)
  return events
}

const fill = (world: World, events: number) =>
  world.append(`room-${randomUUID()}`, ...Array.from({ length: events }, (_, index) => sent(index, 'x'.repeat(100))))

/** Everything that can be taken now. */
async function drain(backlog: Backlog): Promise<readonly string[]> {
  const ids: string[] = []
  for (let batch = await backlog.next(); batch; batch = await backlog.next())
    ids.push(...batch.events.map((one) => one.id))
  return ids
}

test('what is delivered joins what the log holds, without a hole and without a repeat', async () => {
  await using world = await World.open()
  const backlog = new Backlog({ store: world.store, after: start, batch: 7, onNews: () => {} })
  await fill(world, 20)
  const first = await all(world)
  expect(await drain(backlog)).toEqual(first.map((one) => one.id))
  expect(backlog.live).toBe(true)
  await fill(world, 10)
  const more = (await all(world)).slice(20)
  // The first delivery may begin anywhere: the log is asked.
  backlog.deliver({ events: more.slice(6), position: more.at(-1)?.position ?? start, caughtUp: true })
  expect(backlog.live).toBe(false)
  expect(await drain(backlog)).toEqual(more.map((one) => one.id))
  await fill(world, 5)
  const last = (await all(world)).slice(28)
  backlog.deliver({ events: last, position: last.at(-1)?.position ?? start, caughtUp: true })
  expect(backlog.live).toBe(true)
  expect(await drain(backlog)).toEqual(last.slice(2).map((one) => one.id))
  await backlog.close()
})

test.each([
  { limit: 'events', options: { maxEvents: 50 } },
  { limit: 'bytes', options: { maxBytes: 30_000 } },
])('BOUND: beyond its limit of $limit it keeps nothing, counts, and reads the log', async ({ options }) => {
  await using world = await World.open()
  const backlog = new Backlog({ store: world.store, after: start, batch: 30, onNews: () => {}, ...options })
  await fill(world, 1)
  const [one] = await all(world)
  if (one === undefined) throw new Error('The log is empty.')
  backlog.deliver({ events: [one], position: one.position, caughtUp: true })
  await drain(backlog)
  await fill(world, 200)
  const flood = (await all(world)).slice(1)
  for (let from = 0; from < flood.length; from += 20) {
    const events = flood.slice(from, from + 20)
    backlog.deliver({ events, position: events.at(-1)?.position ?? start, caughtUp: false })
  }
  expect(backlog.live).toBe(false)
  expect(backlog.events).toBe(200)
  const batch = await backlog.next()
  expect(batch?.events).toHaveLength(30)
  expect(backlog.events).toBe(170)
  expect(await drain(backlog)).toEqual(flood.slice(30).map((event) => event.id))
  expect(backlog.events).toBe(0)
  expect(backlog.live).toBe(true)
  await backlog.close()
})

test('a delivery may end behind its last event, where newer ones superseded others', async () => {
  await using world = await World.open()
  const backlog = new Backlog({ store: world.store, after: start, onNews: () => {} })
  await fill(world, 2)
  const events = await all(world)
  backlog.deliver({ events: [], position: events[0]?.position ?? start, caughtUp: false })
  await drain(backlog)
  await fill(world, 1)
  backlog.deliver({ events: (await all(world)).slice(2), position: 'ffffffff' as typeof start, caughtUp: true })
  expect((await backlog.next())?.position).toBe('ffffffff')
  await backlog.close()
})
