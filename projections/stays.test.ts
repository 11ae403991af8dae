// Who was in a conversation and when, who may not be, and what a direct conversation is.

import { expect, test } from 'vitest'
import type { ParleyEvent } from '../src/domain/events.ts'
import { membershipId } from '../src/domain/ids.ts'
import {
  by,
  dmOpened,
  dmSent,
  invitationDeclined,
  invitationReceived,
  memberBanned,
  memberRemoved,
  memberUnbanned,
  roomCreated,
  type Told,
  userJoined,
  userLeft,
} from '../test/fixtures/events.ts'
import { ada, bob, clock, eve, garden, general, hello } from '../test/fixtures/people.ts'
import { folded, logged } from '../test/support/folded.ts'
import { bans } from './bans.ts'
import { directs } from './directs.ts'
import { invitationId, invitations } from './invitations.ts'
import { memberships } from './memberships.ts'
import type { Projection } from './projection.ts'
import { rooms } from './rooms.ts'
import { stays } from './stays.ts'

const after = <D extends object>(projection: Projection<D>, ...events: readonly (ParleyEvent & Told)[]) =>
  folded(projection, logged(events))
const open = [by(ada, roomCreated()), by(ada, userJoined(ada, 'OWNER'))] as const

test('every stay is kept, from its first revision to its last; only the last one can last', () => {
  const events = [
    ...open,
    userJoined(bob),
    userLeft(bob),
    userJoined(bob),
    memberRemoved(bob),
    userJoined(bob),
  ] as const
  const { stays: were } = after(stays, ...events).get(membershipId(general, bob)) ?? {}
  expect(were).toEqual([{ from: 2, to: 3 }, { from: 4, to: 5 }, { from: 6 }])
  expect(after(stays, ...events).get(membershipId(general, ada))?.stays).toEqual([{ from: 1 }])
})

test('a ban ends the stay that lasts, and begins none', () => {
  expect(after(stays, ...open, userJoined(bob), memberBanned(bob)).get(membershipId(general, bob))?.stays).toEqual([
    { from: 2, to: 3 },
  ])
  const left = after(stays, ...open, userJoined(bob), userLeft(bob), memberBanned(bob))
  expect(left.get(membershipId(general, bob))?.stays).toEqual([{ from: 2, to: 3 }])
  expect(after(stays, ...open, memberBanned(eve)).has(membershipId(general, eve))).toBe(false)
})

test('a ban is there until it is lifted, and does without its reason once that is forgotten', () => {
  const id = membershipId(general, eve)
  const ban = { conversationId: general, userId: eve, bannedBy: ada, bannedAt: clock(2) }
  expect(after(bans, ...open, by(ada, memberBanned(eve, 'Spam.'))).get(id)).toEqual({ ...ban, reason: 'Spam.' })
  expect(after(bans, ...open, by(ada, memberBanned(eve))).get(id)).toEqual(ban)
  expect(after(bans, ...open, by(ada, memberBanned(eve)), memberUnbanned(eve)).has(id)).toBe(false)
})

test('a banned person is no member, and counts as one only where they were', () => {
  const banned = { ...memberBanned(bob), data: { userId: bob, wasMember: true as const } }
  expect(after(memberships, ...open, userJoined(bob), banned).has(membershipId(general, bob))).toBe(false)
  expect(after(rooms, ...open, userJoined(bob), banned).get(general)?.memberCount).toBe(1)
  expect(after(rooms, ...open, memberBanned(eve)).get(general)?.memberCount).toBe(1)
})

test('a direct conversation has its people from the beginning, and its newest message', () => {
  const [id, opened] = [...after(directs, by(ada, dmOpened(ada, bob)))][0] ?? []
  expect(opened).toMatchObject({ participants: [ada, bob], lastNumber: 0, activeAt: clock(0), lastRevision: 0 })
  const sent = after(directs, by(ada, dmOpened(ada, bob)), by(bob, dmSent(1))).get(id ?? '')
  expect(sent).toMatchObject({ lastNumber: 1, lastMessageId: hello, activeAt: clock(1), lastRevision: 1 })
  const members = [...after(memberships, by(ada, dmOpened(ada, bob)), by(bob, dmSent(1))).values()]
  expect(members.map(({ userId, readNumber, role }) => [userId, readNumber, role])).toEqual([
    [ada, 0, 'MEMBER'],
    [bob, 1, 'MEMBER'],
  ])
  expect(after(rooms, dmOpened(ada, bob), dmSent(1)).size).toBe(0)
})

test('an invitation waits until it is answered, and comes again when it is given again', () => {
  const id = invitationId(general, ada)
  const waiting = { userId: ada, roomId: general, invitedBy: bob, invitedAt: clock(0) }
  expect(after(invitations, invitationReceived(5, general, bob)).get(id)).toEqual(waiting)
  for (const answer of [
    invitationDeclined(5),
    { type: 'InvitationAccepted', data: { roomId: general, revision: 5 } } as const,
  ]) {
    expect(after(invitations, invitationReceived(5, general, bob), answer).has(id)).toBe(false)
    expect(after(invitations, invitationReceived(5), answer, invitationReceived(9)).get(id)).toMatchObject({
      invitedAt: clock(2),
    })
  }
  // To each room its own.
  expect(after(invitations, invitationReceived(5), invitationReceived(2, garden)).size).toBe(2)
})
