import { expect, test } from 'vitest'
import {
  by,
  memberBanned,
  memberRemoved,
  memberRoleChanged,
  memberUnbanned,
  messageSent,
  roomArchived,
  roomCreated,
  roomUnarchived,
  roomUpdated,
  userInvited,
  userJoined,
  userLeft,
} from '../../test/fixtures/events.ts'
import { ada, as, bob, dan, eve } from '../../test/fixtures/people.ts'
import { storiesOf } from '../../test/support/given.ts'
import { rankIn } from './access.ts'
import * as conversation from './conversation.ts'
import { archive, create, join, leave, remove, setRole, unarchive, update } from './room.ts'

const given = storiesOf(conversation)
/** What a public room is made with. */
const everyone = { visibility: 'PUBLIC', historyVisibility: 'ALL' } as const
/** Ada's public room, with Bob in it. */
const open = [by(ada, roomCreated()), userJoined(ada, 'OWNER'), userJoined(bob)] as const
/** The same, private. */
const closed = [by(ada, roomCreated({ visibility: 'PRIVATE' })), userJoined(ada, 'OWNER'), userJoined(bob)] as const

// ── making ──

test('whoever makes a room owns it, in the same append', () =>
  given()
    .when(create, { creator: as(ada), name: 'General', slug: 'general', ...everyone })
    .happened(roomCreated(), userJoined(ada, 'OWNER')))

test('a room keeps its topic', () =>
  given()
    .when(create, { creator: as(ada), name: 'General', slug: 'general', topic: 'Everything', ...everyone })
    .happened(roomCreated({ topic: 'Everything' }), userJoined(ada, 'OWNER')))

test('a room that the server makes has no members', () =>
  given()
    .when(create, { name: 'General', slug: 'general', ...everyone })
    .happened(roomCreated()))

test('guests make no rooms', () =>
  given()
    .when(create, { creator: as(ada, 'GUEST'), name: 'General', slug: 'general', ...everyone })
    .refused('FORBIDDEN'))

test('making it again by the same person under the same name changes nothing, even after it was renamed', () => {
  given(...open)
    .when(create, { creator: as(ada), name: 'General', slug: 'general', ...everyone })
    .nothing()
  given(...open, roomUpdated({ name: 'Garden' }))
    .when(create, { creator: as(ada), name: 'General', slug: 'general', ...everyone })
    .nothing()
})

test('a key that has made another room makes no second one', () => {
  given(...open)
    .when(create, { creator: as(ada), name: 'Another', slug: 'another', ...everyone })
    .refused('CONFLICT', 'idempotencyKey')
  given(...open)
    .when(create, { creator: as(bob), name: 'General', slug: 'general', ...everyone })
    .refused('CONFLICT')
})

// ── changing ──

test('an owner changes name, slug and topic, and only what differs is kept', () =>
  given(...open)
    .when(update, { actor: as(ada), name: 'General', slug: 'garden', topic: 'Flowers' })
    .happened(roomUpdated({ slug: 'garden', topic: 'Flowers' })))

test('null clears the topic, and clearing what is clear changes nothing', () => {
  given(...open, roomUpdated({ topic: 'Flowers' }))
    .when(update, { actor: as(ada), topic: null })
    .happened(roomUpdated({ topic: null }))
  given(...open)
    .when(update, { actor: as(ada), topic: null })
    .nothing()
})

test('a moderator changes the topic, but neither name nor slug', () => {
  const moderated = [...open, memberRoleChanged(bob, 'MODERATOR')] as const
  given(...moderated)
    .when(update, { actor: as(bob), topic: 'Flowers' })
    .happened(roomUpdated({ topic: 'Flowers' }))
  given(...moderated)
    .when(update, { actor: as(bob), name: 'Garden' })
    .refused('FORBIDDEN', 'name')
  given(...moderated)
    .when(update, { actor: as(bob), slug: 'garden' })
    .refused('FORBIDDEN', 'slug')
})

test('a plain member changes nothing', () =>
  given(...open)
    .when(update, { actor: as(bob), topic: 'Mine' })
    .refused('FORBIDDEN'))

test('in public rooms the roles on the server count, in private ones they do not', () => {
  given(...open)
    .when(update, { actor: as(eve, 'MODERATOR'), topic: 'Flowers' })
    .happened(roomUpdated({ topic: 'Flowers' }))
  given(...open)
    .when(update, { actor: as(eve, 'MODERATOR'), name: 'Garden' })
    .refused('FORBIDDEN', 'name')
  given(...open)
    .when(update, { actor: as(eve, 'ADMIN'), name: 'Garden' })
    .happened(roomUpdated({ name: 'Garden' }))
  given(...closed)
    .when(update, { actor: as(eve, 'OWNER'), name: 'Garden' })
    .refused('NOT_FOUND')
  given(...closed)
    .when(update, { actor: as(bob, 'OWNER'), name: 'Garden' })
    .refused('FORBIDDEN')
})

test('an archived room is not changed, though a repeat is recognised before that', () => {
  given(...open, roomArchived)
    .when(update, { actor: as(ada), name: 'Garden' })
    .refused('ARCHIVED')
  given(...open, roomUpdated({ name: 'Garden' }), roomArchived)
    .when(update, { actor: as(ada), name: 'Garden' })
    .nothing()
})

test('what is not there cannot be changed, left, joined or archived', () => {
  given()
    .when(update, { actor: as(ada), name: 'Garden' })
    .refused('NOT_FOUND')
  given()
    .when(archive, { actor: as(ada) })
    .refused('NOT_FOUND')
  given()
    .when(unarchive, { actor: as(ada) })
    .refused('NOT_FOUND')
  given().when(join, { user: ada }).refused('NOT_FOUND')
  given().when(leave, { user: ada }).refused('NOT_FOUND')
  given()
    .when(setRole, { actor: as(ada), user: bob, role: 'OWNER' })
    .refused('NOT_FOUND')
  given()
    .when(remove, { actor: as(ada), user: bob })
    .refused('NOT_FOUND')
})

// ── archiving ──

test('only owners archive and open again; twice is once', () => {
  given(...open)
    .when(archive, { actor: as(ada) })
    .happened(roomArchived)
  given(...open)
    .when(archive, { actor: as(bob) })
    .refused('FORBIDDEN')
  given(...open, roomArchived)
    .when(archive, { actor: as(ada) })
    .nothing()
  given(...open, roomArchived)
    .when(unarchive, { actor: as(ada) })
    .happened(roomUnarchived)
  given(...open, roomArchived)
    .when(unarchive, { actor: as(bob) })
    .refused('FORBIDDEN')
  given(...open)
    .when(unarchive, { actor: as(ada) })
    .nothing()
})

// ── joining and leaving ──

test('everyone may join a public room, and has then read what was written', () =>
  given(...open, by(ada, messageSent(1)), by(ada, messageSent(2)))
    .when(join, { user: eve })
    .happened(userJoined(eve, 'MEMBER', 2)))

test('joining twice changes nothing, in an archived room too', () =>
  given(...open, roomArchived)
    .when(join, { user: bob })
    .nothing())

test('nobody joins an archived room', () =>
  given(...open, roomArchived)
    .when(join, { user: eve })
    .refused('ARCHIVED'))

test('a private room does not admit that it exists', () => {
  given(...closed)
    .when(join, { user: eve })
    .refused('NOT_FOUND')
  given(...closed)
    .when(leave, { user: eve })
    .refused('NOT_FOUND')
  given(...closed)
    .when(archive, { actor: as(eve) })
    .refused('NOT_FOUND')
})

test('an invited person joins a private room, once', () => {
  given(...closed, userInvited(eve))
    .when(join, { user: eve })
    .happened(userJoined(eve))
  given(...closed, userInvited(eve), userJoined(eve), userLeft(eve))
    .when(join, { user: eve })
    .refused('NOT_FOUND')
})

test('a banned user cannot come back until the ban is lifted', () => {
  given(...open, memberBanned(bob))
    .when(join, { user: bob })
    .refused('FORBIDDEN')
  given(...closed, userInvited(eve), memberBanned(eve))
    .when(join, { user: eve })
    .refused('NOT_FOUND')
  given(...open, memberBanned(bob), memberUnbanned(bob))
    .when(join, { user: bob })
    .happened(userJoined(bob))
})

test('members leave; leaving where one is not changes nothing', () => {
  given(...open)
    .when(leave, { user: bob })
    .happened(userLeft(bob))
  given(...open)
    .when(leave, { user: eve })
    .nothing()
})

test('the last owner hands the room on before leaving, unless alone', () => {
  given(...open)
    .when(leave, { user: ada })
    .refused('CONFLICT')
  given(...open, memberRoleChanged(bob, 'OWNER'))
    .when(leave, { user: ada })
    .happened(userLeft(ada))
  given(...open, userLeft(bob))
    .when(leave, { user: ada })
    .happened(userLeft(ada))
})

// ── roles and removal ──

test('owners give roles', () => {
  given(...open)
    .when(setRole, { actor: as(ada), user: bob, role: 'MODERATOR' })
    .happened(memberRoleChanged(bob, 'MODERATOR'))
  given(...open)
    .when(setRole, { actor: as(ada), user: bob, role: 'MEMBER' })
    .nothing()
  given(...open)
    .when(setRole, { actor: as(bob), user: ada, role: 'MEMBER' })
    .refused('FORBIDDEN')
  given(...open)
    .when(setRole, { actor: as(ada), user: eve, role: 'MODERATOR' })
    .refused('NOT_FOUND', 'userId')
})

test('the last owner stays one', () => {
  given(...open)
    .when(setRole, { actor: as(ada), user: ada, role: 'MEMBER' })
    .refused('CONFLICT', 'role')
  given(...open, memberRoleChanged(bob, 'OWNER'))
    .when(setRole, { actor: as(ada), user: ada, role: 'MEMBER' })
    .happened(memberRoleChanged(ada, 'MEMBER'))
})

test('who has given up ownership gives it up only once', () =>
  given(...open, memberRoleChanged(bob, 'OWNER'), memberRoleChanged(ada, 'MEMBER'))
    .when(setRole, { actor: as(ada), user: ada, role: 'MEMBER' })
    .nothing())

test('moderators remove those below them', () => {
  const moderated = [
    ...open,
    memberRoleChanged(bob, 'MODERATOR'),
    userJoined(eve),
    userJoined(dan, 'MODERATOR'),
  ] as const
  given(...moderated)
    .when(remove, { actor: as(bob), user: eve, reason: 'Spam.' })
    .happened(memberRemoved(eve, 'Spam.'))
  given(...moderated)
    .when(remove, { actor: as(bob), user: dan })
    .refused('FORBIDDEN', 'userId')
  given(...moderated)
    .when(remove, { actor: as(bob), user: ada })
    .refused('FORBIDDEN', 'userId')
  given(...moderated)
    .when(remove, { actor: as(eve), user: bob })
    .refused('FORBIDDEN')
  given(...moderated)
    .when(remove, { actor: as(ada), user: dan })
    .happened(memberRemoved(dan))
  given(...open)
    .when(remove, { actor: as(ada), user: eve })
    .nothing()
})

test('nobody ranks by the server in a private room', () => {
  const [inOpen, inClosed] = [given(...open).state, given(...closed).state]
  if (inOpen.status === 'none' || inClosed.status === 'none') throw new Error('The rooms are there.')
  expect(
    ['OWNER', 'ADMIN', 'MODERATOR', 'MEMBER', 'GUEST'].map((role) => [
      rankIn(inOpen, as(eve, role as 'OWNER')),
      rankIn(inClosed, as(eve, role as 'OWNER')),
    ]),
  ).toEqual([
    [3, 0],
    [3, 0],
    [2, 0],
    [0, 0],
    [0, 0],
  ])
})
