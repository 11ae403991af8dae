// How often those who follow a conversation are told who types there, on a clock of the test's own.

import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { ada, as, bob, general, laptop } from '../../test/fixtures/people.ts'
import { LocalBus } from './bus.ts'
import { Typing, type TypingFrame } from './typing.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'clearImmediate', 'performance'] })
})
afterEach(() => {
  vi.useRealTimers()
})

const identity = { id: laptop, userId: ada, userRevision: 0, actor: as(ada), deadline: Number.POSITIVE_INFINITY }

async function following(count: number) {
  let held = 0
  const typing = new Typing({
    bus: new LocalBus(),
    now: Date.now,
    live: {
      readers: async () => {
        held++
        return {
          conversationId: general,
          memberCount: 2,
          isMember: () => true,
          members: () => [ada, bob],
          [Symbol.dispose]: () => void held--,
        }
      },
    },
  })
  const feeds = await Promise.all(Array.from({ length: count }, () => typing.feed(identity, general)))
  const frames: { readonly at: number; readonly frame: TypingFrame }[][] = feeds.map(() => [])
  for (const [index, feed] of feeds.entries())
    void (async () => {
      for await (const frame of feed) frames[index]?.push({ at: performance.now(), frame })
    })()
  const types = (isTyping: boolean) => typing.announce({ conversationId: general, userId: bob, typing: isTyping })
  return { typing, feeds, frames, types, held: () => held }
}

test('however often people begin and stop, each follower is told every 200 ms at most, and all get the very same frames', async () => {
  const { typing, feeds, frames, types, held } = await following(1_000)
  await vi.advanceTimersByTimeAsync(1_000)
  for (let n = 0; n < 500; n++) {
    types(n % 3 === 0)
    await vi.advanceTimersByTimeAsync(7)
  }
  types(true)
  await vi.advanceTimersByTimeAsync(500)
  for (const told of frames) {
    expect(told.length).toBeLessThanOrEqual(1 + (500 * 7) / 200 + 3)
    expect(told.length).toBeGreaterThan(8)
    for (const [index, { at }] of told.entries())
      expect(at - (told[index - 1]?.at ?? Number.NEGATIVE_INFINITY)).toBeGreaterThanOrEqual(199)
    expect(told.at(-1)?.frame.users).toEqual([bob])
  }
  const made = new Set(frames.flat().map(({ frame }) => frame.shared))
  expect(made.size).toBe(frames[0]?.length)
  for (const feed of feeds) feed.close()
  expect(held()).toBe(0)
  typing.close()
})

test('nothing is told while a follower has other things left to read, and then only who types by then', async () => {
  const { typing, feeds, frames, types } = await following(1)
  await vi.advanceTimersByTimeAsync(300)
  expect(frames[0]).toHaveLength(1)
  const read = Promise.withResolvers<void>()
  let busy: Promise<void> | undefined = read.promise
  feeds[0]?.yieldTo(() => busy)
  for (let n = 0; n < 10; n++) {
    types(n % 2 === 0)
    await vi.advanceTimersByTimeAsync(300)
  }
  expect(frames[0]).toHaveLength(1)
  types(true)
  busy = undefined
  read.resolve()
  await vi.advanceTimersByTimeAsync(300)
  expect(frames[0]?.slice(1).map(({ frame }) => frame.users)).toEqual([[bob]])
  for (const feed of feeds) feed.close()
  typing.close()
})
