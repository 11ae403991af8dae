import { expect, test } from 'vitest'
import {
  at,
  by,
  memberRoleChanged,
  messageSent,
  roomArchived,
  roomCreated,
  roomUpdated,
  userJoined,
  userLeft,
} from '../../test/fixtures/events.ts'
import { ada, as, bob, clock, eve, hello } from '../../test/fixtures/people.ts'
import { asStored, storiesOf } from '../../test/support/given.ts'
import * as conversation from './conversation.ts'
import type { ServerRole } from './events.ts'
import { messageId, type UserId } from './ids.ts'
import { edit, evolveFact, type SendMessage, send } from './message.ts'
import { contentHash } from './text.ts'

const given = storiesOf(conversation)
/** Ada's room with Bob and Eve in it, where plain members wait for 30 s. */
const slow = [
  by(ada, roomCreated()),
  userJoined(ada, 'OWNER'),
  userJoined(bob),
  userJoined(eve),
  roomUpdated({ slowModeSeconds: 30 }),
] as const
const bobAt = (seconds: number, number = 1) => at(clock(seconds), by(bob, messageSent(number)))

const sending = (user: UserId, role: ServerRole = 'MEMBER'): SendMessage => ({
  actor: as(user, role),
  messageId: messageId('30000000-0000-4000-8000-000000000009'),
  text: 'More',
  contentHash: contentHash({ text: 'More' }),
  mentions: [],
  mentionsRoom: false,
})
const now = (seconds: number) => ({ known: undefined, now: clock(seconds) })

test('a plain member waits from one message to the next, and is told for how long', () => {
  const story = given(...slow, bobAt(100))
  const refused = story.when(send, sending(bob), now(110)).refused('RATE_LIMITED')
  expect(refused).toMatchObject({ retryAfterSeconds: 20 })
  expect(story.when(send, sending(bob), now(129.001)).refused('RATE_LIMITED')).toMatchObject({ retryAfterSeconds: 1 })
  story.when(send, sending(bob), now(130)).happened(expect.objectContaining({ type: 'MessageSent' }))
  // Everybody waits for themselves.
  story.when(send, sending(eve), now(101)).happened(expect.objectContaining({ type: 'MessageSent' }))
})

test('the first message after slow mode was switched on waits for nothing', () =>
  given(...slow.slice(0, 4), bobAt(100), roomUpdated({ slowModeSeconds: 30 }))
    .when(send, sending(bob), now(101))
    .happened(expect.objectContaining({ type: 'MessageSent' })))

test('nobody waits once it is off, and it is the present time that counts when it changes', () => {
  given(...slow, bobAt(100), roomUpdated({ slowModeSeconds: 0 }))
    .when(send, sending(bob), now(101))
    .happened(expect.objectContaining({ type: 'MessageSent' }))
  expect(
    given(...slow, bobAt(100), roomUpdated({ slowModeSeconds: 60 }))
      .when(send, sending(bob), now(140))
      .refused('RATE_LIMITED'),
  ).toMatchObject({ retryAfterSeconds: 20 })
})

test('moderators and owners do not wait, those of the server neither', () => {
  for (const role of ['MODERATOR', 'OWNER'] as const)
    given(...slow, memberRoleChanged(bob, role), bobAt(100))
      .when(send, sending(bob), now(101))
      .happened(expect.objectContaining({ type: 'MessageSent' }))
  given(...slow, bobAt(100))
    .when(send, sending(bob, 'MODERATOR'), now(101))
    .happened(expect.objectContaining({ type: 'MessageSent' }))
})

test('in a private room a role on the server does not spare the waiting', () =>
  given(...slow, bobAt(100), roomUpdated({ visibility: 'PRIVATE', slug: null }))
    .when(send, sending(bob, 'ADMIN'), now(101))
    .refused('RATE_LIMITED'))

test('whoever was a moderator when they sent waits once they are none any more', () =>
  given(...slow, memberRoleChanged(bob, 'MODERATOR'), bobAt(100), memberRoleChanged(bob, 'MEMBER'))
    .when(send, sending(bob), now(101))
    .refused('RATE_LIMITED'))

test('leaving and joining again does not spare the waiting', () =>
  given(...slow, bobAt(100), userLeft(bob), userJoined(bob, 'MEMBER', 1))
    .when(send, sending(bob), now(101))
    .refused('RATE_LIMITED'))

test('a repeat by its key is recognised before the waiting, and archiving is told before it', () => {
  const known = evolveFact(
    undefined,
    asStored({ ...messageSent(1, 'More', { clientMessageId: 'key-1' }), actor: bob }, 5),
  )
  given(...slow, bobAt(100))
    .when(send, { ...sending(bob), clientMessageId: 'key-1' }, { known, now: clock(101) })
    .nothing()
  given(...slow, bobAt(100), roomArchived)
    .when(send, sending(bob), now(101))
    .refused('ARCHIVED')
})

test('edits do not wait', () => {
  const known = evolveFact(undefined, asStored({ ...messageSent(1), actor: bob }, 5))
  given(...slow, bobAt(100))
    .when(edit, { actor: as(bob), messageId: hello, text: 'Better', mentions: [], mentionsRoom: false }, known)
    .happened(expect.objectContaining({ type: 'MessageEdited' }))
})
