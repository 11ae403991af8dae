// Subscriptions: from any position, from history to live, without a hole.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Delivery, type Position, type RecordedEvent, start } from '../../../src/eventstore/port.ts'
import { eachTest, newestOnly, type OpenEngine } from './engine.ts'
import { all, event, events, follow } from './samples.ts'

const seed = Number(process.env.PARLEY_TEST_SEED ?? Date.now() % 2_147_483_647)

export function followingSuite(name: string, openEngine: OpenEngine): void {
  describe(`${name}: following`, () => {
    const engine = eachTest(openEngine)
    const ids = (found: readonly { readonly id: string }[]) => found.map(({ id }) => id)

    test('an empty log is caught up with at once', async () => {
      for await (const delivery of engine.store.subscribe({ after: start })) {
        expect(delivery).toEqual({ events: [], position: start, caughtUp: true })
        break
      }
    })

    test('history comes in pages, and the last one says that it is the last', async () => {
      await engine.store.append('room-1', events(10), 'none')
      const store = await engine.reopen()
      const deliveries: Delivery[] = []
      for await (const delivery of store.subscribe({ after: start, pageSize: 4 })) {
        deliveries.push(delivery)
        if (delivery.caughtUp) break
      }
      expect(deliveries.flatMap((one) => one.events)).toEqual(await all(store.readAll()))
      expect(deliveries.every((one) => one.events.length <= 4)).toBe(true)
      expect(deliveries.map(({ caughtUp }) => caughtUp)).toEqual(
        deliveries.map((_, index) => index === deliveries.length - 1),
      )
      for (const one of deliveries) if (one.events.length > 0) expect(one.position).toBe(one.events.at(-1)?.position)
    })

    test('one that begins at the end is told so, and then gets what is appended', async () => {
      const { position } = await engine.store.append('room-1', events(3), 'none')
      const deliveries = engine.store.subscribe({ after: position })[Symbol.asyncIterator]()
      expect((await deliveries.next()).value).toEqual({ events: [], position, caughtUp: true })
      const waiting = deliveries.next()
      const one = event({ data: { kept: 1, dropped: undefined, at: new Date(0) } })
      await engine.store.append('room-1', [one], 2)
      const { value } = await waiting
      expect(value?.events).toEqual(await all(engine.store.readStream('room-1', { from: 3 })))
      expect(value?.events[0]?.data).toStrictEqual({ kept: 1, at: '1970-01-01T00:00:00.000Z' })
      expect(value?.caughtUp).toBe(true)
      await deliveries.return?.()
    })

    test('aborting ends the iteration, also while it waits', async () => {
      const stop = new AbortController()
      const deliveries = engine.store.subscribe({ after: start, signal: stop.signal })[Symbol.asyncIterator]()
      await deliveries.next()
      const waiting = deliveries.next()
      stop.abort()
      expect((await waiting).done).toBe(true)
      const late = engine.store.subscribe({ after: start, signal: stop.signal })[Symbol.asyncIterator]()
      expect((await late.next()).done).toBe(true)
    })

    test('closing the store ends the iteration', async () => {
      const deliveries = engine.store.subscribe({ after: start })[Symbol.asyncIterator]()
      await deliveries.next()
      const waiting = deliveries.next()
      await engine.reopen()
      expect((await waiting).done).toBe(true)
    })

    test('of streams that keep only their newest, the newest is never missed', async () => {
      const stream = `${newestOnly}1`
      const newest = (found: readonly RecordedEvent[]) =>
        found.findLast((one) => one.stream === stream)?.revision === 199
      const live = follow(engine.store, start, newest)
      for (let number = 0; number < 100; number += 1) {
        await Promise.all([
          engine.store.append(stream, events(2), 'any'),
          engine.store.append('room-1', events(1), 'any'),
        ])
      }
      const late = follow(engine.store, start, newest, 7)
      const found = await live
      expect(found.filter((one) => one.stream === 'room-1').length).toBeGreaterThanOrEqual(99)
      expect((await late).filter((one) => one.stream === stream).at(-1)?.revision).toBe(199)
    })

    test(`ORDER: subscribers from any position see each event once, in order, while many write (seed ${seed})`, async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.record({ before: fc.integer({ min: 0, max: 40 }), pageSize: fc.integer({ min: 1, max: 50 }) }), {
            minLength: 1,
            maxLength: 5,
          }),
          fc.array(fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 15 }), { minLength: 1, maxLength: 6 }),
          async (subscribers, writers) => {
            const history = await all(engine.store.readAll())
            const last = event({ type: 'Last' })
            const isOver = (found: readonly RecordedEvent[]) => found.at(-1)?.id === last.id
            const following = subscribers.map(async ({ before, pageSize }) => {
              const after: Position = history.at(-1 - before)?.position ?? start
              return { after, found: await follow(engine.store, after, isOver, pageSize) }
            })
            const write = async (sizes: readonly number[], writer: number) => {
              for (const size of sizes) await engine.store.append(`room-${writer % 3}`, events(size), 'any')
            }
            await Promise.all(writers.map(write))
            await engine.store.append('room-1', [last], 'any')
            const whole = await all(engine.store.readAll())
            for (const { after, found } of await Promise.all(following)) {
              expect(ids(found)).toEqual(ids(whole.filter(({ position }) => position > after)))
            }
          },
        ),
        { numRuns: 25, seed },
      )
    }, 60_000)

    test('ACK ORDER: 10,000 concurrent appends, revisions without holes, each delivered once and in order', async () => {
      const streams = 7
      const following = follow(engine.store, start, (found) => found.length >= 10_000)
      const appended = await Promise.all(
        Array.from({ length: 10_000 }, (_, index) => engine.store.append(`room-${index % streams}`, events(1), 'any')),
      )
      const whole = await all(engine.store.readAll())
      expect(whole).toHaveLength(10_000)
      expect(ids(await following)).toEqual(ids(whole))
      for (let stream = 0; stream < streams; stream += 1) {
        const there = whole.filter((one) => one.stream === `room-${stream}`)
        expect(there.map(({ revision }) => revision)).toEqual([...there.keys()])
      }
      expect(new Set(appended.map(({ position }) => position)).size).toBe(10_000)
    }, 60_000)
  })
}
