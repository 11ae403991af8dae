// Stories of private rooms: who is let in, how much they see, and what changes when a room opens or closes.

import { expect, test } from 'vitest'
import {
  by,
  memberBanned,
  memberRemoved,
  memberRoleChanged,
  memberUnbanned,
  messageEdited,
  messageSent,
  roomArchived,
  roomCreated,
  roomUpdated,
  userInvited,
  userJoined,
  userLeft,
} from '../../test/fixtures/events.ts'
import { ada, as, bob, dan, eve, hello } from '../../test/fixtures/people.ts'
import { asStored, storiesOf } from '../../test/support/given.ts'
import { mayFind, mayRead, visibleFrom } from './access.ts'
import * as conversation from './conversation.ts'
import type { UserId } from './ids.ts'
import { edit, evolveFact, remove as removeMessage } from './message.ts'
import { create, invite, join, leave, setRole, update } from './room.ts'

const given = storiesOf(conversation)
const nobody = new Map<UserId, number>()
const open = [by(ada, roomCreated()), userJoined(ada, 'OWNER'), userJoined(bob)] as const
/** Ada's private room, with Bob in it; the next event has revision 3. */
const closed = [by(ada, roomCreated({ visibility: 'PRIVATE' })), userJoined(ada, 'OWNER'), userJoined(bob)] as const
/** The same, where members see only what was sent since they joined. */
const forgetful = [
  by(ada, roomCreated({ visibility: 'PRIVATE', historyVisibility: 'SINCE_JOINED' })),
  userJoined(ada, 'OWNER'),
  userJoined(bob),
] as const

const exists = (state: conversation.Conversation): conversation.OpenConversation => {
  if (state.status === 'none') throw new Error('The room is there.')
  return state
}

// ── making ──

test('a private room has no slug, and none is taken for it', () => {
  const { data } = roomCreated({ visibility: 'PRIVATE', historyVisibility: 'SINCE_JOINED' })
  const { slug: _none, ...unnamed } = data
  given()
    .when(create, { creator: as(ada), name: 'General', visibility: 'PRIVATE', historyVisibility: 'SINCE_JOINED' })
    .happened({ type: 'RoomCreated', data: unnamed }, userJoined(ada, 'OWNER'))
  given()
    .when(create, {
      creator: as(ada),
      name: 'General',
      slug: 'general',
      visibility: 'PRIVATE',
      historyVisibility: 'ALL',
    })
    .refused('BAD_INPUT', 'slug')
})

test('a public room shows its whole history', () => {
  given()
    .when(create, {
      creator: as(ada),
      name: 'General',
      slug: 'general',
      visibility: 'PUBLIC',
      historyVisibility: 'SINCE_JOINED',
    })
    .refused('BAD_INPUT', 'historyVisibility')
  given(...open)
    .when(update, { actor: as(ada), historyVisibility: 'SINCE_JOINED' })
    .refused('BAD_INPUT', 'historyVisibility')
  given(...forgetful)
    .when(update, { actor: as(ada), visibility: 'PUBLIC', slug: 'general' })
    .refused('BAD_INPUT', 'historyVisibility')
  given(...forgetful)
    .when(update, { actor: as(ada), visibility: 'PUBLIC', slug: 'garden', historyVisibility: 'ALL' })
    .happened(roomUpdated({ slug: 'garden', visibility: 'PUBLIC', historyVisibility: 'ALL' }))
})

// ── opening and closing ──

test('a room that becomes private gives its slug back; again, it changes nothing', () => {
  const story = given(...open).when(update, { actor: as(ada), visibility: 'PRIVATE' })
  story.happened(roomUpdated({ slug: null, visibility: 'PRIVATE' }))
  expect(exists(story.state)).toMatchObject({ visibility: 'PRIVATE', slug: undefined })
  given(...open, roomUpdated({ slug: null, visibility: 'PRIVATE' }))
    .when(update, { actor: as(ada), visibility: 'PRIVATE' })
    .nothing()
})

test('an admin of the server closes a public room, and is told so again, though it is not theirs any more', () => {
  const closing = { actor: as(bob, 'ADMIN'), visibility: 'PRIVATE' } as const
  const change = roomUpdated({ slug: null, visibility: 'PRIVATE' })
  given(...open)
    .when(update, closing)
    .happened(change)
  given(...open, change)
    .when(update, closing)
    .nothing()
  given(...open, change)
    .when(update, { ...closing, name: 'Mine' })
    .refused('FORBIDDEN')
  given(...open, change)
    .when(update, { ...closing, actor: as(bob) })
    .refused('FORBIDDEN')
})

test('a room that becomes private takes no slug with it', () =>
  given(...open)
    .when(update, { actor: as(ada), visibility: 'PRIVATE', slug: 'garden' })
    .refused('BAD_INPUT', 'slug'))

test('a private room gets no slug, and becomes public only with one', () => {
  const unnamed = [...closed, roomUpdated({ slug: null })] as const
  given(...unnamed)
    .when(update, { actor: as(ada), slug: 'garden' })
    .refused('BAD_INPUT', 'slug')
  given(...unnamed)
    .when(update, { actor: as(ada), visibility: 'PUBLIC' })
    .refused('BAD_INPUT', 'slug')
  given(...unnamed)
    .when(update, { actor: as(ada), visibility: 'PUBLIC', slug: 'garden' })
    .happened(roomUpdated({ slug: 'garden', visibility: 'PUBLIC' }))
})

test('a room that becomes private can be read by its members alone, and by everyone once it is public again', () => {
  const made = exists(given(...open, roomUpdated({ slug: null, visibility: 'PRIVATE' })).state)
  expect([ada, bob, eve].map((user) => mayRead(made, user))).toEqual([true, true, false])
  const again = exists(given(...closed, roomUpdated({ slug: 'general', visibility: 'PUBLIC' })).state)
  expect(mayRead(again, eve)).toBe(true)
})

test('an archived room is neither opened nor closed', () => {
  given(...open, roomArchived)
    .when(update, { actor: as(ada), visibility: 'PRIVATE' })
    .refused('ARCHIVED')
  given(...closed, roomArchived)
    .when(update, { actor: as(ada), historyVisibility: 'SINCE_JOINED' })
    .refused('ARCHIVED')
})

// ── how much of the history ──

test('with SINCE_JOINED one sees from the newest joining on, and the present setting holds for all history', () => {
  const left = [...forgetful, messageSent(1), userLeft(bob), messageSent(2), userJoined(bob, 'MEMBER', 2)] as const
  expect(visibleFrom(exists(given(...forgetful).state), bob)).toBe(2)
  expect(visibleFrom(exists(given(...left).state), bob)).toBe(6)
  expect(visibleFrom(exists(given(...left).state), ada)).toBe(1)
  // Not in it: nothing.
  expect(visibleFrom(exists(given(...forgetful).state), eve)).toBe(Number.POSITIVE_INFINITY)
  const all = given(...left, roomUpdated({ historyVisibility: 'ALL' })).state
  expect(visibleFrom(exists(all), bob)).toBe(0)
  const back = given(...closed, roomUpdated({ historyVisibility: 'SINCE_JOINED' })).state
  expect(visibleFrom(exists(back), bob)).toBe(2)
})

test('a role that changes does not change how much one sees', () =>
  expect(visibleFrom(exists(given(...forgetful, memberRoleChanged(bob, 'MODERATOR')).state), bob)).toBe(2))

test('what was sent before is there for nobody who joined since: neither to edit nor to delete', () => {
  const eves = evolveFact(undefined, asStored({ ...messageSent(1), actor: eve }, 4))
  const came = [
    ...forgetful,
    userJoined(eve),
    by(eve, messageSent(1)),
    userLeft(eve),
    userInvited(eve),
    userJoined(eve, 'MEMBER', 1),
  ] as const
  given(...came)
    .when(edit, { actor: as(eve), messageId: hello, text: 'Better', mentions: [], mentionsRoom: false }, eves)
    .refused('NOT_FOUND', 'messageId')
  given(...came)
    .when(removeMessage, { actor: as(eve), messageId: hello }, eves)
    .refused('NOT_FOUND', 'messageId')
  given(...came, roomUpdated({ historyVisibility: 'ALL' }))
    .when(edit, { actor: as(eve), messageId: hello, text: 'Better', mentions: [], mentionsRoom: false }, eves)
    .happened(messageEdited(hello, 'Better', { subjectRevision: 4 }))
})

// ── slow mode as a setting ──

test('moderators set slow mode, and setting it to what it is changes nothing', () => {
  given(...open, memberRoleChanged(bob, 'MODERATOR'))
    .when(update, { actor: as(bob), slowModeSeconds: 30 })
    .happened(roomUpdated({ slowModeSeconds: 30 }))
  given(...open)
    .when(update, { actor: as(bob), slowModeSeconds: 30 })
    .refused('FORBIDDEN')
  given(...open)
    .when(update, { actor: as(ada), slowModeSeconds: 0 })
    .nothing()
})

// ── invitations ──

test('moderators invite to a private room, members to a public one', () => {
  const asked = { users: [eve], declined: nobody }
  given(...closed)
    .when(invite, { actor: as(ada), ...asked })
    .happened(userInvited(eve))
  given(...closed)
    .when(invite, { actor: as(bob), ...asked })
    .refused('FORBIDDEN')
  given(...closed, memberRoleChanged(bob, 'MODERATOR'))
    .when(invite, { actor: as(bob), ...asked })
    .happened(userInvited(eve))
  given(...open)
    .when(invite, { actor: as(bob), ...asked })
    .happened(userInvited(eve))
  given(...open)
    .when(invite, { actor: as(dan), ...asked })
    .refused('FORBIDDEN')
  // An invitation is no membership.
  given(...closed, userInvited(dan))
    .when(invite, { actor: as(dan), ...asked })
    .refused('FORBIDDEN')
})

test('all are invited, or none', () => {
  given(...closed)
    .when(invite, { actor: as(ada), users: [eve, dan, eve], declined: nobody })
    .happened(userInvited(eve), userInvited(dan))
  given(...closed)
    .when(invite, { actor: as(ada), users: [eve, bob], declined: nobody })
    .refused('CONFLICT', 'userIds.1')
  given(...closed, memberBanned(dan))
    .when(invite, { actor: as(ada), users: [eve, dan], declined: nobody })
    .refused('CONFLICT', 'userIds.1')
})

test('nobody invites themselves: who may is a member already', () =>
  given(...closed)
    .when(invite, { actor: as(ada), users: [ada], declined: nobody })
    .refused('CONFLICT', 'userIds.0'))

test('whoever is invited already is not invited again, unless they have declined that invitation', () => {
  const invited = [...closed, userInvited(eve)] as const
  given(...invited)
    .when(invite, { actor: as(ada), users: [eve], declined: nobody })
    .nothing()
  given(...invited)
    .when(invite, { actor: as(ada), users: [eve, dan], declined: nobody })
    .happened(userInvited(dan))
  given(...invited)
    .when(invite, { actor: as(ada), users: [eve], declined: new Map([[eve, 3]]) })
    .happened(userInvited(eve))
  given(...invited, userInvited(eve))
    .when(invite, { actor: as(ada), users: [eve], declined: new Map([[eve, 3]]) })
    .nothing()
})

test('nobody is invited to an archived room', () =>
  given(...closed, roomArchived)
    .when(invite, { actor: as(ada), users: [eve], declined: nobody })
    .refused('ARCHIVED'))

test('an invitation lets in until it is declined, and a newer one again', () => {
  const invited = [...closed, userInvited(eve)] as const
  given(...invited)
    .when(join, { user: eve })
    .happened(userJoined(eve))
  given(...invited)
    .when(join, { user: eve, declined: 3 })
    .refused('NOT_FOUND', 'roomId')
  given(...invited, userInvited(eve))
    .when(join, { user: eve, declined: 3 })
    .happened(userJoined(eve))
  // What was declined of a public room does not matter: everyone may join.
  given(...open, userInvited(eve))
    .when(join, { user: eve, declined: 3 })
    .happened(userJoined(eve))
})

test('an invitation is used up by joining, and lost by a ban', () => {
  for (const end of [userLeft(eve), memberRemoved(eve)])
    given(...closed, userInvited(eve), userJoined(eve), end)
      .when(join, { user: eve })
      .refused('NOT_FOUND')
  given(...closed, userInvited(eve), memberBanned(eve), memberUnbanned(eve))
    .when(join, { user: eve })
    .refused('NOT_FOUND')
})

test('an invitation to a public room lets in when the room has become private', () => {
  const story = given(...open, userInvited(eve), roomUpdated({ slug: null, visibility: 'PRIVATE' }))
  story.when(join, { user: eve }).happened(userJoined(eve))
  story.when(join, { user: dan }).refused('NOT_FOUND')
})

test('invited people know that the room is there, and read nothing', () => {
  const state = exists(given(...closed, userInvited(eve)).state)
  expect([mayFind(state, eve), mayRead(state, eve)]).toEqual([true, false])
  expect([mayFind(state, dan), mayRead(state, dan)]).toEqual([false, false])
  given(...closed, userInvited(eve))
    .when(leave, { user: eve })
    .nothing()
})

test('nobody joins an archived room by an invitation', () =>
  given(...closed, userInvited(eve), roomArchived)
    .when(join, { user: eve })
    .refused('ARCHIVED'))

// ── bans and the last owner ──

test('whoever is banned sees nothing of a room, public or not, and is in it no more', () => {
  for (const made of [open, closed]) {
    const state = exists(given(...made, memberBanned(bob)).state)
    expect([mayRead(state, bob), mayFind(state, bob), state.members.has(bob)]).toEqual([false, false, false])
  }
  given(...closed, memberBanned(bob), memberUnbanned(bob))
    .when(join, { user: bob })
    .refused('NOT_FOUND')
})

test('the last owner of a private room hands it on before leaving, unless alone', () => {
  given(...closed)
    .when(leave, { user: ada })
    .refused('CONFLICT')
  given(...closed)
    .when(setRole, { actor: as(ada), user: ada, role: 'MEMBER' })
    .refused('CONFLICT', 'role')
  given(...closed, userInvited(eve), userLeft(bob))
    .when(leave, { user: ada })
    .happened(userLeft(ada))
})
