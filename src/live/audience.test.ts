// Many followers of one conversation, whose frames are made once: on the channel and the feeds themselves.

import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test, vi } from 'vitest'
import {
  by,
  memberRemoved,
  messageDeleted,
  messageSent,
  roomCreated,
  type Told,
  userJoined,
} from '../../test/fixtures/events.ts'
import { ada, as, bob, eve, general, hello, laptop } from '../../test/fixtures/people.ts'
import { generalStream, written } from '../../test/support/node.ts'
import { conversations } from '../commands/aggregate.ts'
import { newUuid } from '../commands/occasion.ts'
import { absent, fold } from '../commands/streamState.ts'
import type { ConversationEvent } from '../domain/events.ts'
import { messageId, type UserId } from '../domain/ids.ts'
import type { EventStore, Position, RecordedEvent } from '../eventstore/port.ts'
import { Channel } from './channel.ts'
import { ConversationFeed } from './conversationFeed.ts'
import { beforeFirst } from './cursor.ts'
import type { Frame } from './frame.ts'
import type { MadeFrame } from './madeFrame.ts'
import { Replays } from './replays.ts'
import { Rings } from './rings.ts'

const position = (revision: number) => `${revision}`.padStart(8, '0') as Position

interface FollowOptions {
  readonly group?: string
  readonly deliver?: (made: MadeFrame) => Promise<void> | void
  readonly deadline?: number
}

/** A private room whose channel is fed by hand. What feeds need of the log is not there: whoever reads it fails. */
function room(...more: readonly (ConversationEvent & Told)[]) {
  const history = [
    by(ada, roomCreated({ visibility: 'PRIVATE', historyVisibility: 'SINCE_JOINED' })),
    userJoined(ada, 'OWNER'),
    userJoined(bob),
    ...more,
  ]
  const stored = (revision: number, event: ConversationEvent & Told): RecordedEvent => ({
    ...written(event),
    stream: generalStream,
    revision,
    position: position(revision),
  })
  const channel = new Channel(generalStream, new Rings(() => position(0)))
  let head = history.length - 1
  channel.open(
    history.reduce(
      (state, event, index) => fold(conversations, state, stored(index, event)),
      absent(conversations.initial),
    ),
  )
  const store = {
    async *readStream() {
      // There is nothing behind the head of the channel.
    },
  } as unknown as EventStore
  let clock = 0
  let made = 0
  let asked = 0
  const failing = { with: undefined as Error | undefined, until: Promise.resolve() }
  const make = async (payload: Frame): Promise<MadeFrame> => {
    asked++
    // Of frames that cannot be cut it is found out once that they cannot.
    if (payload.events.length > 0) made++
    await failing.until
    if (failing.with) throw failing.with
    const text = payload.events.map(({ revision }) => revision).join()
    return { text, parts: [Buffer.from(text)], cursor: payload.cursor }
  }
  /** Follows from the present on, and notes what comes in which way. */
  const follow = (
    user: UserId,
    { group = 'one', deliver, deadline = Number.POSITIVE_INFINITY }: FollowOptions = {},
  ) => {
    const live: string[] = []
    const pulled: string[] = []
    const feed = new ConversationFeed({
      conversationId: general,
      channel,
      store,
      replays: new Replays({ store, handled: () => position(head), readable: async () => true }),
      identity: { id: laptop, userId: user, userRevision: 0, actor: as(user), deadline },
      handled: () => position(head),
      now: () => clock,
      place: { revision: head, anchor: beforeFirst.anchor },
      reset: false,
      onClose: (closed) => channel.remove(closed),
    })
    channel.add(feed)
    feed.goLive({
      group,
      lasting: true,
      make,
      deliver: (frame) => {
        live.push(frame.text)
        return deliver?.(frame)
      },
    })
    const over = (async () => {
      for await (const { events } of feed) pulled.push(events.map(({ revision }) => revision).join())
    })()
    return { feed, live, pulled, over }
  }
  const push = (...events: readonly (ConversationEvent & Told)[]) => {
    for (const event of events) channel.push(stored(++head, event))
    channel.wake()
  }
  return {
    channel,
    follow,
    push,
    says: (...numbers: readonly number[]) =>
      push(...numbers.map((number) => by(ada, messageSent(number, `${number}`, { id: messageId(newUuid()) })))),
    failing,
    get made() {
      return made
    },
    /** Frames without events among them. */
    get asked() {
      return asked
    },
    at: (ms: number) => {
      clock = ms
    },
  }
}

const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn++) await nextTurn()
}

test('a thousand followers are delivered to with one making a frame, each one once', async () => {
  const it = room()
  const followers = Array.from({ length: 1_000 }, () => it.follow(bob))
  await settled()
  // Where the loop is busy with something else, as it may be here, there is a rest between the two.
  const have = (frames: number) => expect.poll(() => followers.every(({ live }) => live.length === frames)).toBe(true)
  it.says(1)
  await have(1)
  it.says(2, 3)
  await have(2)
  expect(it.made).toBe(2)
  for (const { live, pulled } of followers) expect({ live, pulled }).toEqual({ live: ['3', '4,5'], pulled: [''] })
})

test('groups are made for apart', async () => {
  const it = room()
  const [one, other] = [it.follow(bob), it.follow(bob, { group: 'other' })]
  await settled()
  it.says(1)
  await settled()
  expect([it.made, one.live, other.live]).toEqual([2, ['3'], ['3']])
})

test('a turn of the event loop serves some dozens, and lets others in between', async () => {
  // Nothing else takes any time.
  vi.spyOn(performance, 'now').mockReturnValue(0)
  onTestFinished(() => void vi.restoreAllMocks())
  const it = room()
  const followers = Array.from({ length: 1_000 }, () => it.follow(bob))
  await settled()
  it.says(1)
  const served: number[] = []
  for (let turn = 0; turn < 20; turn++) {
    await nextTurn()
    served.push(followers.filter(({ live }) => live.length > 0).length)
  }
  expect(served.at(-1)).toBe(1_000)
  const steps = served.map((count, turn) => count - (served[turn - 1] ?? 0))
  expect(Math.max(...steps)).toBeLessThanOrEqual(64)
})

test('RESUME: what comes while a frame is made is delivered after it, and to those who come meanwhile just once', async () => {
  const it = room()
  const first = it.follow(bob)
  await settled()
  const making = Promise.withResolvers<void>()
  it.failing.until = making.promise
  it.says(1)
  await settled()
  it.says(2)
  const late = it.follow(bob)
  await settled()
  it.says(3)
  making.resolve()
  await settled()
  it.says(4)
  await settled()
  expect([...first.live, ...first.pulled.filter(Boolean)]).toEqual(['3', '4,5', '6'])
  expect([...late.pulled.filter(Boolean), ...late.live].join().split(',')).toEqual(['5', '6'])
})

test('BOUND: who reads slowly is delivered nothing until there is room, and then goes on by itself', async () => {
  const it = room()
  const drained = Promise.withResolvers<void>()
  let full = true
  const slow = it.follow(bob, { deliver: () => (full ? drained.promise : undefined) })
  const quick = it.follow(bob)
  await settled()
  for (const number of [1, 2, 3]) {
    it.says(number)
    await settled()
  }
  expect([slow.live, slow.pulled, quick.live]).toEqual([['3'], [''], ['3', '4', '5']])
  full = false
  drained.resolve()
  await settled()
  it.says(4)
  await settled()
  expect([slow.live, slow.pulled]).toEqual([
    ['3', '6'],
    ['', '4,5'],
  ])
})

test('REVOKE: who has been removed gets nothing that comes after it, from frames that are being made neither', async () => {
  const it = room()
  const removed = it.follow(bob)
  const stays = it.follow(ada)
  await settled()
  const making = Promise.withResolvers<void>()
  it.failing.until = making.promise
  it.says(1)
  await settled()
  it.push(by(ada, memberRemoved(bob)))
  it.says(2)
  making.resolve()
  await settled()
  await removed.over
  expect(removed.live).toEqual([])
  expect(removed.pulled.filter(Boolean)).toEqual(['3,4'])
  expect(stays.live).toEqual(['3', '4,5'])
})

test('REVOKE: nothing is delivered after the time of the session, nor after it was closed', async () => {
  const it = room()
  const timed = it.follow(bob, { deadline: 100 })
  const closed = it.follow(bob)
  await settled()
  closed.feed.close()
  it.at(100)
  it.says(1)
  await settled()
  await Promise.all([timed.over, closed.over])
  expect([timed.live, closed.live, timed.pulled, closed.pulled]).toEqual([[], [], [''], ['']])
})

test('SAME: who sees the room only since joining is not handed what is about an earlier message', async () => {
  const it = room(by(ada, messageSent(1, 'early', { id: hello })), userJoined(eve))
  const late = it.follow(eve)
  const early = it.follow(ada)
  await settled()
  it.push(by(ada, messageDeleted(hello, { subjectRevision: 3 })))
  await settled()
  it.says(2)
  await settled()
  expect([early.live, late.live, late.pulled]).toEqual([['5', '6'], ['6'], ['', '5']])
})

test('where a frame cannot be made, each goes its own way and hears why', async () => {
  const it = room()
  const follower = it.follow(bob)
  await settled()
  it.failing.with = new Error('no read model')
  it.says(1)
  await settled()
  expect([follower.live, follower.pulled]).toEqual([[], ['', '3']])
  it.failing.with = undefined
  it.says(2)
  await sleep(5)
  expect(follower.live).toEqual(['4'])
})

test('BOUND: for whoever has gone while they read slowly nothing more is made, or kept', async () => {
  const it = room()
  const read = Promise.withResolvers<void>()
  const slow = it.follow(bob, { deliver: () => read.promise })
  await settled()
  it.says(1)
  await settled()
  it.says(2)
  slow.feed.close()
  it.channel.close()
  const { asked } = it
  read.resolve()
  await slow.over
  expect(slow.live).toEqual(['3'])
  expect(it.asked).toBe(asked)
})
