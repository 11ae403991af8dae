// Each read model by itself: these events, that document.

import { expect, test } from 'vitest'
import type { ParleyEvent, Recorded } from '../src/domain/events.ts'
import { membershipId, rawId, sessionId } from '../src/domain/ids.ts'
import { decode, isDecoded } from '../src/eventstore/decode.ts'
import type { Position } from '../src/eventstore/port.ts'
import {
  allSessionsEnded,
  by,
  controls,
  guestClaimed,
  guestCreated,
  memberBanned,
  memberRoleChanged,
  messageDeleted,
  messageEdited,
  messageSent,
  passwordChanged,
  presenceChanged,
  roomCreated,
  roomUpdated,
  type Told,
  userDisabled,
  userEnabled,
  userJoined,
  userLeft,
  userRegistered,
} from '../test/fixtures/events.ts'
import { ada, bob, clock, eve, general, hello, laptop } from '../test/fixtures/people.ts'
import { kept, streamOfType } from '../test/fixtures/stored.ts'
import { folded, logged } from '../test/support/folded.ts'
import { allProjections } from './all.ts'
import { memberships } from './memberships.ts'
import { mentions } from './mentions.ts'
import { messages } from './messages.ts'
import { presence } from './presence.ts'
import { type Projection, projection } from './projection.ts'
import { readMarkers } from './readMarkers.ts'
import { slugs, usernames } from './reservations.ts'
import { rooms } from './rooms.ts'
import { sessions } from './sessions.ts'
import { users } from './users.ts'

const after = <D extends object>(projection: Projection<D>, ...events: readonly (ParleyEvent & Told)[]) =>
  folded(projection, logged(events))

const open = [by(ada, roomCreated({ topic: 'Everything' })), by(ada, userJoined(ada, 'OWNER'))] as const

test('a room knows its settings, its members and its newest message', () => {
  expect(after(rooms, ...open, userJoined(bob), by(bob, messageSent(1))).get(general)).toMatchObject({
    name: 'General',
    nameKey: 'general',
    slug: 'general',
    topic: 'Everything',
    createdBy: ada,
    createdAt: clock(0),
    memberCount: 2,
    lastNumber: 1,
    lastMessageId: hello,
    activeAt: clock(3),
    lastRevision: 3,
    lastEventId: rawId(hello),
  })
  const changed = after(
    rooms,
    ...open,
    roomUpdated({ name: 'Garden', topic: null }),
    controls.RoomArchived,
    userLeft(ada),
  )
  expect(changed.get(general)).toMatchObject({ name: 'Garden', nameKey: 'garden', archived: true, memberCount: 0 })
  expect(changed.get(general)).not.toHaveProperty('topic')
})

test('a membership begins with joining, reads by sending, and ends', () => {
  const id = membershipId(general, bob)
  const joined = [...open, userJoined(bob, 'MEMBER', 7)] as const
  expect(after(memberships, ...joined, memberRoleChanged(bob, 'MODERATOR'), by(bob, messageSent(9))).get(id)).toEqual({
    conversationId: general,
    userId: bob,
    role: 'MODERATOR',
    joinedAt: clock(2),
    joinedRevision: 2,
    readNumber: 9,
  })
  for (const end of [userLeft(bob), controls.MemberRemoved, memberBanned(bob)])
    expect(after(memberships, ...joined, end).has(id)).toBe(false)
  // Sending and roles of those who are no members make none.
  expect(after(memberships, by(bob, messageSent(1)), memberRoleChanged(bob, 'OWNER'), userLeft(bob)).size).toBe(0)
})

test('a message is what was last said, with where its texts lie', () => {
  const document = after(messages, by(bob, controls.MessageSent), by(bob, messageEdited(hello, 'Better'))).get(hello)
  expect(document).toMatchObject({ authorId: bob, text: 'Better', editedAt: clock(1), clientMessageId: 'key-1' })
  expect(document).not.toHaveProperty('mentions')
  expect(document?.bodies).toHaveLength(2)
})

test('ERASE: a deleted message keeps its number and its key, and nothing of what it said', () => {
  const events = [
    by(bob, controls.MessageSent),
    by(bob, messageEdited(hello, 'Better')),
    by(ada, messageDeleted(hello)),
  ]
  expect(after(messages, ...events).get(hello)).toEqual({
    conversationId: general,
    number: 1,
    sentRevision: 0,
    authorId: bob,
    sentAt: clock(0),
    editedAt: clock(1),
    deletedAt: clock(2),
    deletedBy: ada,
    clientMessageId: 'key-1',
    bodies: [],
  })
})

test('FOLD: without the bodies that were forgotten the same comes out for what was deleted', () => {
  const events = logged([
    by(bob, controls.MessageSent),
    by(bob, messageEdited(hello, 'x')),
    by(ada, messageDeleted(hello)),
  ])
  const bare = events.map((event) => {
    const { body: _forgotten, ...rest } = event
    return rest as Recorded
  })
  expect(folded(messages, bare)).toEqual(folded(messages, events))
})

test('messages that are not there are neither edited nor deleted, and events of nobody send none', () => {
  expect(after(messages, messageSent(1), messageEdited(hello, 'x'), messageDeleted(hello)).size).toBe(0)
})

test('a mention is kept for each who was named, and for everyone', () => {
  const found = after(mentions, by(ada, { ...messageSent(3, 'x', { mentions: [bob, eve], mentionsRoom: true }) }))
  expect([...found.values()]).toEqual([
    { conversationId: general, target: bob, number: 3, withRoom: true },
    { conversationId: general, target: eve, number: 3, withRoom: true },
    { conversationId: general, target: 'everyone', number: 3 },
  ])
  expect(after(mentions, by(ada, messageSent(1))).size).toBe(0)
})

test('a person is who they say, with what they may do, and until when their sessions hold', () => {
  const events = [userRegistered('Ada'), controls.ProfileUpdated, controls.ServerRoleChanged, passwordChanged(laptop)]
  expect(after(users, ...events, userDisabled, userEnabled, allSessionsEnded()).get(ada)).toEqual({
    username: 'Ada',
    usernameKey: 'ada',
    displayName: 'Ada L.',
    displayNameKey: 'ada l.',
    bio: 'Counts.',
    kind: 'HUMAN',
    serverRole: 'MODERATOR',
    disabled: false,
    createdAt: clock(0),
    validity: { after: 6 },
  })
  expect(after(users, guestCreated()).get(ada)).toMatchObject({ kind: 'GUEST', serverRole: 'GUEST' })
  // Whoever was never made stays unknown.
  expect(after(users, controls.ProfileUpdated, userDisabled, passwordChanged()).size).toBe(0)
})

test('a claimed guest is an ordinary member who goes by the name', () => {
  expect(after(users, guestCreated(), controls.ProfileUpdated, guestClaimed('Otto')).get(ada)).toEqual({
    username: 'Otto',
    usernameKey: 'otto',
    displayName: 'Quiet Otter',
    displayNameKey: 'quiet otter',
    bio: 'Counts.',
    kind: 'HUMAN',
    serverRole: 'MEMBER',
    disabled: false,
    createdAt: clock(0),
    validity: { after: -1 },
  })
  expect(after(users, guestClaimed()).size).toBe(0)
})

test('FOLD: a display name is the same once the event that said it first was forgotten with the hash', () => {
  const { body: _forgotten, ...bare } = userRegistered()
  const changed = { ...passwordChanged(), body: { passwordHash: '$argon2id$second', displayName: 'Ada' } }
  expect(after(users, bare, changed)).toEqual(after(users, userRegistered(), changed))
})

test('a name that was forgotten is absent', () => {
  const { body: _forgotten, ...bare } = userRegistered()
  expect(after(users, bare).get(ada)).not.toHaveProperty('displayName')
})

test('somebody is there as their newest event says, with the devices of all nodes', () => {
  const nodes = { one: [{ id: 'laptop', since: clock(1), away: true }] }
  const away = after(presence, controls.PresenceChanged, presenceChanged({ nodes }))
  expect([...away]).toEqual([[ada, { status: 'AWAY' }]])
  expect(after(presence, controls.PresenceChanged).get(ada)).toEqual({ status: 'BUSY', statusText: 'In a meeting' })
  const gone = presenceChanged({ status: 'BUSY', statusSince: clock(2), lastSeenAt: clock(3) }, 'Gone home')
  expect(after(presence, gone).get(ada)).toEqual({ status: 'OFFLINE', statusText: 'Gone home', lastSeenAt: clock(3) })
})

test('names lead to who claimed them last, until they are freed', () => {
  expect(after(usernames, controls.UsernameClaimed).get('ada')).toEqual({ userId: ada })
  expect(after(usernames, controls.UsernameClaimed, controls.UsernameReleased).size).toBe(0)
  expect(after(slugs, controls.SlugClaimed).get('general')).toEqual({ roomId: general })
  expect(after(slugs, controls.SlugClaimed, controls.SlugReleased).size).toBe(0)
})

test('a session is used and ends; a read marker says how far', () => {
  const id = sessionId(streamOfType('SessionUsed').slice('session-'.length))
  expect(after(sessions, controls.SessionStarted, controls.SessionUsed, controls.SessionEnded).get(id)).toMatchObject({
    userId: ada,
    startedAt: clock(0),
    lastUsedAt: clock(1),
    ended: true,
    userAgent: 'A browser',
  })
  expect(after(sessions, controls.SessionUsed, controls.SessionEnded).size).toBe(0)
  expect([...after(readMarkers, controls.ReadMarkerAdvanced)]).toEqual([
    [`${general}_${ada}`, { conversationId: general, userId: ada, number: 7, messageId: hello, at: clock(0) }],
  ])
})

test('a read model that takes a type must fold it', () =>
  expect(() =>
    projection({ name: 'half', version: 1, indexes: [], documentOf: { UserLeft: () => 'x' }, evolve: {} }),
  ).toThrow('half takes UserLeft'))

test('every fold takes every stored event by itself', () => {
  for (const one of allProjections)
    for (const type of Object.keys(one.documentOf)) {
      const decoded = decode({ ...kept(type), revision: 0, position: '0001' as Position })
      if (!isDecoded(decoded)) throw new Error(decoded.undecodable)
      expect(() => folded(one, [decoded])).not.toThrow()
    }
})
