import { expect, test } from 'vitest'
import {
  by,
  memberBanned,
  memberRemoved,
  messageDeleted,
  messageEdited,
  messageSent,
  roomCreated,
  roomUpdated,
  type Told,
  userJoined,
  userLeft,
} from '../../test/fixtures/events.ts'
import { ada, bob, eve, hello } from '../../test/fixtures/people.ts'
import { generalStream, written } from '../../test/support/node.ts'
import { conversations } from '../commands/aggregate.ts'
import { newUuid } from '../commands/occasion.ts'
import { absent, fold } from '../commands/streamState.ts'
import type { ConversationEvent } from '../domain/events.ts'
import { messageId, type UserId } from '../domain/ids.ts'
import { type Position, type RecordedEvent, start } from '../eventstore/port.ts'
import { Channel, type Follower } from './channel.ts'
import { Rings } from './rings.ts'

const position = (revision: number) => `${revision}`.padStart(8, '0') as Position

const stored = (revision: number, event: ConversationEvent & Told): RecordedEvent => ({
  ...written(event),
  stream: generalStream,
  revision,
  position: position(revision),
})

/** A channel with these events behind it, and one that is pushed after the other. */
function channelAfter(...events: readonly (ConversationEvent & Told)[]) {
  const channel = new Channel(generalStream, new Rings(() => start))
  let next = events.length
  channel.open(
    events.reduce(
      (state, event, index) => fold(conversations, state, stored(index, event)),
      absent(conversations.initial),
    ),
  )
  const push = (event: ConversationEvent & Told) => channel.push(stored(next++, event))
  return { channel, push }
}

const open = [by(ada, roomCreated()), userJoined(ada, 'OWNER'), userJoined(bob)] as const
const closed = [by(ada, roomCreated({ visibility: 'PRIVATE' })), userJoined(ada, 'OWNER'), userJoined(bob)] as const

class Listening implements Follower {
  readonly user: UserId
  woken = 0
  readonly ends: number[] = []
  readonly sawFrom: number[] = []
  constructor(user: UserId) {
    this.user = user
  }
  wake(): void {
    this.woken++
  }
  endAt(revision: number, seenFrom: number): void {
    this.ends.push(revision)
    this.sawFrom.push(seenFrom)
  }
}

const textsKept = (channel: Channel, from: number) =>
  channel
    .from(from)
    ?.map((event) =>
      event.kind === 'shown' && event.event.body && 'text' in event.event.body ? event.event.body.text : undefined,
    )

test('followers are woken, those who have gone are not', () => {
  const { channel, push } = channelAfter(...open)
  const [one, gone] = [new Listening(ada), new Listening(bob)]
  channel.add(one)
  channel.add(gone)
  push(by(ada, messageSent(1)))
  channel.wake()
  channel.remove(gone)
  push(by(ada, messageSent(2, 'again', { id: messageId(newUuid()) })))
  channel.wake()
  expect([one.woken, gone.woken]).toEqual([2, 1])
})

test('ERASE: once edited, the first text is kept no more; the edit is', () => {
  const { channel, push } = channelAfter(...open)
  push(by(bob, messageSent(1, 'first')))
  push(by(bob, messageEdited(hello, 'second', { subjectRevision: 3 })))
  expect(textsKept(channel, 3)).toEqual([undefined, 'second'])
  push(by(bob, messageEdited(hello, 'third', { subjectRevision: 3 })))
  expect(textsKept(channel, 3)).toEqual([undefined, undefined, 'third'])
  expect(channel.from(3)?.map((event) => event.kind === 'shown' && event.fresh)).toEqual([false, false, true])
})

test('ERASE: once deleted, no text of the message is kept, and those of others are', () => {
  const { channel, push } = channelAfter(...open)
  push(by(ada, messageSent(1, 'other', { id: messageId(newUuid()) })))
  push(by(bob, messageSent(2, 'first')))
  push(by(bob, messageEdited(hello, 'second', { subjectRevision: 4 })))
  push(by(bob, messageDeleted(hello, { subjectRevision: 4 })))
  expect(textsKept(channel, 3)).toEqual(['other', undefined, undefined, undefined])
})

test('an edit of a message that is no longer kept touches no other', () => {
  const { channel, push } = channelAfter(...open)
  push(by(bob, messageSent(1, 'kept', { id: messageId(newUuid()) })))
  push(by(bob, messageEdited(hello, 'second', { subjectRevision: 1 })))
  expect(textsKept(channel, 3)).toEqual(['kept', 'second'])
})

test.each<[string, readonly (ConversationEvent & Told)[], ConversationEvent]>([
  ['a removal from a private room', closed, memberRemoved(bob)],
  ['leaving a private room', closed, userLeft(bob)],
  ['a ban', open, memberBanned(bob)],
  ['a ban from a private room', closed, memberBanned(bob)],
])('REVOKE: %s ends access at its revision', (_, before, event) => {
  const { channel, push } = channelAfter(...before)
  const [one, other] = [new Listening(ada), new Listening(bob)]
  channel.add(one)
  channel.add(other)
  push(by(ada, messageSent(1)))
  push(by(ada, event))
  expect([one.ends, other.ends]).toEqual([[], [4]])
  expect([channel.mayRead(ada), channel.mayRead(bob)]).toEqual([true, false])
})

test('REVOKE: a room made private ends the access of those who are no members', () => {
  const { channel, push } = channelAfter(...open)
  const [member, visitor] = [new Listening(bob), new Listening(eve)]
  channel.add(member)
  channel.add(visitor)
  push(by(ada, roomUpdated({ visibility: 'PRIVATE' })))
  expect([member.ends, visitor.ends]).toEqual([[], [3]])
})

test('REVOKE: an end of access is told once, with what was seen before it', () => {
  const { channel, push } = channelAfter(...closed)
  const member = new Listening(bob)
  channel.add(member)
  push(by(ada, roomUpdated({ historyVisibility: 'SINCE_JOINED' })))
  push(by(ada, memberRemoved(bob)))
  push(by(ada, roomUpdated({ historyVisibility: 'ALL' })))
  push(by(ada, userJoined(bob)))
  push(by(ada, memberRemoved(bob)))
  expect([member.ends, member.sawFrom]).toEqual([
    [4, 7],
    [2, 0],
  ])
})

test('who leaves a public room, or is removed from it, may go on reading', () => {
  const { channel, push } = channelAfter(...open)
  const follower = new Listening(bob)
  channel.add(follower)
  push(by(ada, memberRemoved(bob)))
  push(by(eve, userLeft(eve)))
  expect(follower.ends).toEqual([])
})

test('BOUND: at most 512 events are kept, the newest; what lies before is read from the log', () => {
  const { channel, push } = channelAfter(...open)
  expect(channel.from(3)).toBeUndefined()
  for (let number = 1; number <= 600; number++) push(by(ada, messageSent(number, 'x', { id: messageId(newUuid()) })))
  expect(channel.from(602 - 512)).toBeUndefined()
  expect(channel.from(603 - 512)?.map(({ revision }) => revision)).toEqual(
    Array.from({ length: 512 }, (_, i) => i + 91),
  )
  expect(channel.from(603)).toEqual([])
})

test('BOUND: long texts are kept for at most a mebibyte', () => {
  const { channel, push } = channelAfter(...open)
  const text = 'x'.repeat(8_000)
  for (let number = 1; number <= 100; number++) push(by(ada, messageSent(number, text, { id: messageId(newUuid()) })))
  const first = Array.from({ length: 103 }, (_, revision) => revision).find((revision) => channel.from(revision))
  // Two bytes a character, and what stands around it.
  expect(first).toBe(103 - Math.floor(1_048_576 / 16_600))
})

test('what comes before the state is read waits for it, and is not folded twice', () => {
  const channel = new Channel(generalStream, new Rings(() => start))
  const events: readonly (ConversationEvent & Told)[] = [
    ...closed,
    by(ada, memberRemoved(bob)),
    by(ada, userJoined(eve)),
  ]
  for (const [revision, event] of events.entries()) if (revision >= 2) channel.push(stored(revision, event))
  expect(channel.mayRead(ada)).toBe(false)
  channel.open(
    events
      .slice(0, 4)
      .reduce((state, event, index) => fold(conversations, state, stored(index, event)), absent(conversations.initial)),
  )
  expect([ada, bob, eve].map((user) => channel.mayRead(user))).toEqual([true, false, true])
})

test('what comes again after a break is kept once', () => {
  const { channel, push } = channelAfter(...open)
  push(by(ada, messageSent(1)))
  const again = stored(3, by(ada, messageSent(1)))
  channel.push(again)
  expect(channel.from(3)).toHaveLength(1)
})
