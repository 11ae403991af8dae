import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { LogFollower } from './follower.ts'
import type { Delivery, EventStore, Position, RecordedEvent } from './port.ts'

const position = (index: number) => `${index}`.padStart(4, '0') as Position
const event = (index: number): RecordedEvent => ({
  id: `${index}`,
  type: 'RoomArchived',
  data: {},
  metadata: {},
  stream: 'room-1',
  revision: index,
  position: position(index),
})

/** A log that can be silent and can break: only what a follower asks of it. */
class Log implements Pick<EventStore, 'subscribe' | 'end'> {
  length = 0
  /** What each subscription began after. */
  readonly begun: Position[] = []
  /** The subscription breaks after so many deliveries; once each. */
  breaks: number[] = []
  silent = false
  endIsKnown = true

  async end(): Promise<Position> {
    if (!this.endIsKnown) throw new Error('The log cannot be asked.')
    return position(this.length)
  }

  async *subscribe({ after, signal }: { after: Position; signal?: AbortSignal }): AsyncIterable<Delivery> {
    this.begun.push(after)
    let at = Number(after)
    for (let count = 0; !signal?.aborted; ) {
      if (at < this.length && !this.silent) {
        at++
        yield { events: [event(at)], position: position(at), caughtUp: at === this.length }
        if (++count === this.breaks[0]) {
          this.breaks.shift()
          throw new Error('The connection was lost.')
        }
      } else await sleep(1)
    }
  }
}

/** A follower with everything that it hears and says. */
function following(log: Log, options: { probeEveryMs?: number; deafAfterMs?: number } = {}) {
  const heard: number[] = []
  const hearing: boolean[] = []
  const broken: unknown[] = []
  const follower = new LogFollower({
    // Only what stands in `Log` is asked for.
    store: log as unknown as EventStore,
    after: position(0),
    onBroken: (error) => broken.push(error),
    ...options,
  })
  follower.add({ deliver: ({ events }) => heard.push(...events.map(({ revision }) => revision)) })
  follower.onHearing((now) => hearing.push(now))
  follower.start()
  return { follower, heard, hearing, broken, [Symbol.asyncDispose]: () => follower.close() }
}

const upTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1)

test('RESUME: after a break it goes on from the last that was handled, without loss or repeat', async () => {
  const log = new Log()
  log.length = 20
  log.breaks = [1, 3, 5, 2]
  await using all = following(log)
  expect(await all.follower.reached(position(20), 20_000)).toBe(true)
  expect(all.heard).toEqual(upTo(20))
  expect(all.broken).toHaveLength(4)
  expect(log.begun).toEqual([0, 1, 4, 9, 11].map(position))
  expect(all.follower.handled).toBe(position(20))
})

test('reached() waits for what comes, and gives up in time', async () => {
  const log = new Log()
  await using all = following(log)
  expect(await all.follower.reached(position(0), 0)).toBe(true)
  expect(await all.follower.reached(position(1), 20)).toBe(false)
  const waiting = all.follower.reached(position(2), 20_000)
  log.length = 3
  expect(await waiting).toBe(true)
})

test('listeners hear in the order in which they were added, each delivery before the next', async () => {
  const log = new Log()
  const said: string[] = []
  const follower = new LogFollower({ store: log as unknown as EventStore, after: position(0) })
  for (const name of ['first', 'second'])
    follower.add({ deliver: ({ events }) => said.push(`${name} ${events[0]?.revision}`) })
  follower.start()
  log.length = 2
  await follower.reached(position(2), 20_000)
  await follower.close()
  expect(said).toEqual(['first 1', 'second 1', 'first 2', 'second 2'])
})

test('a log that is silent though it has gone on makes it deaf; when it is heard again it says so, once each', async () => {
  const log = new Log()
  await using all = following(log, { probeEveryMs: 10, deafAfterMs: 60 })
  log.silent = true
  log.length = 1
  await expect.poll(() => all.hearing, { timeout: 20_000 }).toEqual([false])
  expect(all.follower.hearing).toBe(false)
  log.silent = false
  await expect.poll(() => all.hearing, { timeout: 20_000 }).toEqual([false, true])
  expect(all.follower.hearing).toBe(true)
  expect(all.heard).toEqual([1])
})

test('a log that cannot be asked is not heard; one that has nothing to say is', async () => {
  const log = new Log()
  await using all = following(log, { probeEveryMs: 10, deafAfterMs: 2_000 })
  await sleep(100)
  expect(all.hearing).toEqual([])
  log.endIsKnown = false
  await expect.poll(() => all.hearing, { timeout: 20_000 }).toEqual([false])
  log.endIsKnown = true
  await expect.poll(() => all.hearing, { timeout: 20_000 }).toEqual([false, true])
})

test('closing ends it, and nothing more is delivered', async () => {
  const log = new Log()
  const all = following(log)
  await all.follower.close()
  log.length = 5
  await sleep(20)
  expect(all.heard).toEqual([])
})
