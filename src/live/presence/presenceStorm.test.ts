// Half of 3,000 people who follow one conversation lose their connections and come back, on a clock of the test's own: how many
// frames that makes, and how many different ones. SEED replays a run.

import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { as, general, laptop } from '../../../test/fixtures/people.ts'
import { crowd, feeding } from '../../../test/support/presenceFeeding.ts'
import { chosenSeed, Random } from '../../../test/support/random.ts'
import type { UserId } from '../../domain/ids.ts'
import type { ChangesFeed } from '../changesFeed.ts'
import type { PresenceFrame } from './presenceFrame.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'clearImmediate', 'performance'] })
})
afterEach(() => {
  vi.useRealTimers()
})

const people = crowd(3_000)
const half = 1_500
/** Within so many ms they go, and later within as many they come back. */
const stormMs = 5_000
const seed = chosenSeed()

/** Somebody who follows the conversation, and counts what they are told. */
class Subscriber {
  readonly frames: { readonly at: number; readonly initial: boolean; readonly shared: object | undefined }[] = []
  readonly shows = new Map<UserId, boolean>()
  readonly #user: UserId
  readonly #feeds: ReturnType<typeof feeding>
  /** What its socket has left to send: until this resolves no frame is made for it. */
  stalled: Promise<void> | undefined
  #feed: ChangesFeed<PresenceFrame> | undefined

  constructor(user: UserId, feeds: ReturnType<typeof feeding>) {
    this.#user = user
    this.#feeds = feeds
  }

  async connect(): Promise<void> {
    const identity = { id: laptop, userId: this.#user, userRevision: 0, actor: as(this.#user), deadline: 1e15 }
    const feed = await this.#feeds.feeds.feed(identity, { conversationId: general })
    this.#feed = feed
    feed.yieldTo(() => this.stalled)
    void this.#read(feed)
  }

  cut(): void {
    this.#feed?.close()
  }

  async #read(feed: ChangesFeed<PresenceFrame>): Promise<void> {
    for await (const { initial, shared, users } of feed) {
      this.frames.push({ at: performance.now(), initial, shared })
      for (const user of users) this.shows.set(user, this.#feeds.there.has(user))
    }
  }
}

const later = (ms: number, what: () => void) => void setTimeout(what, ms)

test(`BOUND: a reconnect storm of half of 3,000 people is a frame a second for each, made once for all (SEED=${seed})`, async () => {
  const random = new Random(seed)
  const world = feeding(people)
  for (const user of people) world.comes(user)
  const subscribers = people.map((user) => new Subscriber(user, world))
  await Promise.all(subscribers.map((subscriber) => subscriber.connect()))
  await vi.advanceTimersByTimeAsync(5_000)
  expect(subscribers.flatMap(({ frames }) => frames)).toHaveLength(3_000)
  for (const subscriber of subscribers) subscriber.frames.length = 0

  // One of those who stay reads nothing all the while.
  const staying = subscribers.slice(half)
  const [slow] = staying
  const stalled = Promise.withResolvers<void>()
  if (slow) slow.stalled = stalled.promise
  // They stay away for longer than the grace, or nobody would be told at all.
  for (const [index, user] of people.slice(0, half).entries()) {
    const subscriber = subscribers[index]
    later(random.between(0, stormMs), () => {
      subscriber?.cut()
      world.goes(user)
    })
    later(stormMs + random.between(0, stormMs), () => {
      void subscriber?.connect()
      world.comes(user)
    })
  }
  await vi.advanceTimersByTimeAsync(2 * stormMs + 3_000)

  const seconds = (2 * stormMs) / 1_000
  // A frame of 500 a second holds all who changed in it; two more seconds for the last ones, and one to begin with again.
  const most = seconds + 3
  for (const { frames } of subscribers) expect(frames.length).toBeLessThanOrEqual(most)
  for (const { frames } of subscribers)
    for (const [index, { at }] of frames.entries())
      expect(at - (frames[index - 1]?.at ?? Number.NEGATIVE_INFINITY)).toBeGreaterThanOrEqual(990)
  const all = subscribers.flatMap(({ frames }) => frames)
  // What is executed: what begins is the same for all who come within 100 ms, what follows for nearly all in a second.
  const begun = new Set(all.filter(({ initial }) => initial).map(({ shared }) => shared))
  const told = new Set(all.filter(({ initial }) => !initial).map(({ shared }) => shared))
  expect(begun.size).toBeLessThanOrEqual(stormMs / 100 + 1)
  expect(told.size).toBeLessThanOrEqual(3 * most)

  process.stdout.write(
    `${all.length} frames, of which ${begun.size + told.size} were made, in ${seconds + 3} s for 3,000 people.\n`,
  )

  // In the end everybody has been told that all are back; whoever reads again gets that, and nothing of what was in between.
  expect(slow?.frames).toEqual([])
  if (slow) slow.stalled = undefined
  stalled.resolve()
  await vi.advanceTimersByTimeAsync(5_000)
  expect(slow?.frames.length).toBe(half / 500)
  for (const { shows } of staying.slice(0, 20)) {
    expect(people.slice(0, half).filter((user) => shows.get(user) !== true)).toEqual([])
  }
  expect(world.feeds.kept).toBe(0)
})
