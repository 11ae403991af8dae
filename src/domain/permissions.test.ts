// Cell by cell, and written out: what the tables say is compared with this, not with themselves.

import { expect, test } from 'vitest'
import {
  by,
  dmOpened,
  memberBanned,
  memberRoleChanged,
  messageSent,
  roomCreated,
  userInvited,
  userJoined,
} from '../../test/fixtures/events.ts'
import { ada, as, bob, clock, hello } from '../../test/fixtures/people.ts'
import { asStored, storiesOf } from '../../test/support/given.ts'
import { type Actor, may, mayFind, mayRead } from './access.ts'
import * as conversation from './conversation.ts'
import type { Decision } from './decision.ts'
import type { ParleyEvent, ServerRole } from './events.ts'
import { messageId, userId } from './ids.ts'
import { edit, evolveFact, type MessageFact, remove as removeMessage, send } from './message.ts'
import {
  type ConversationAction,
  conversationPermissions,
  mayOnServer,
  type ServerAction,
  serverPermissions,
} from './permissions.ts'
import { archive, invite, join, leave, remove, setRole, update } from './room.ts'
import { contentHash } from './text.ts'
import { setTyping } from './typing.ts'

const person = (digit: string) => userId(`${digit.repeat(8)}-0000-4000-8000-000000000000`)

/** Who asks. In a direct conversation those who are in the room stand for the people in it. */
const people = {
  stranger: as(person('1')),
  guest: as(person('2'), 'GUEST'),
  invited: as(person('3')),
  banned: as(person('4')),
  member: as(person('5')),
  'guest inside': as(person('6'), 'GUEST'),
  moderator: as(person('7')),
  owner: as(person('8')),
  'server moderator': as(person('9'), 'MODERATOR'),
  'server admin': as(person('a'), 'ADMIN'),
  'banned admin': as(person('b'), 'ADMIN'),
} as const
const names = Object.keys(people) as readonly (keyof typeof people)[]

type Cells = { readonly PUBLIC: string; readonly PRIVATE: string; readonly DIRECT: string }

// In the order of the people above:
// stranger  guest  invited  banned    member  guest inside  moderator  owner    server moderator  server admin  banned admin
const expected: { readonly [A in ConversationAction]: Cells } = {
  read: { PUBLIC: '+++- ++++ ++-', PRIVATE: '---- ++++ ---', DIRECT: '---- ++++ ---' },
  join: { PUBLIC: '+++- ++++ ++-', PRIVATE: '--+- ++++ ---', DIRECT: '---- ---- ---' },
  send: { PUBLIC: '---- ++++ ---', PRIVATE: '---- ++++ ---', DIRECT: '---- ++++ ---' },
  setTyping: { PUBLIC: '---- ++++ ---', PRIVATE: '---- ++++ ---', DIRECT: '---- ++++ ---' },
  markRead: { PUBLIC: '---- ++++ ---', PRIVATE: '---- ++++ ---', DIRECT: '---- ++++ ---' },
  edit: { PUBLIC: '---- ++++ ---', PRIVATE: '---- ++++ ---', DIRECT: '---- ++++ ---' },
  deleteOwn: { PUBLIC: '+++- ++++ ++-', PRIVATE: '---- ++++ ---', DIRECT: '---- ++++ ---' },
  deleteOthers: { PUBLIC: '---- --++ ++-', PRIVATE: '---- --++ ---', DIRECT: '---- ---- ---' },
  mentionRoom: { PUBLIC: '---- ++++ ++-', PRIVATE: '---- ++++ ---', DIRECT: '---- ++++ ---' },
  invite: { PUBLIC: '---- ++++ ++-', PRIVATE: '---- --++ ---', DIRECT: '---- ---- ---' },
  describe: { PUBLIC: '---- --++ ++-', PRIVATE: '---- --++ ---', DIRECT: '---- ---- ---' },
  configure: { PUBLIC: '---- ---+ -+-', PRIVATE: '---- ---+ ---', DIRECT: '---- ---- ---' },
  remove: { PUBLIC: '---- --++ ++-', PRIVATE: '---- --++ ---', DIRECT: '---- ---- ---' },
  setRoles: { PUBLIC: '---- ---+ -+-', PRIVATE: '---- ---+ ---', DIRECT: '---- ---- ---' },
  archive: { PUBLIC: '---- ---+ -+-', PRIVATE: '---- ---+ ---', DIRECT: '---- ---- ---' },
}

const kinds = ['PUBLIC', 'PRIVATE', 'DIRECT'] as const
const cells = (Object.keys(expected) as readonly ConversationAction[]).flatMap((action) =>
  kinds.map((kind) => ({ action, kind, cells: expected[action][kind].replaceAll(' ', '') })),
)

const given = storiesOf(conversation)
const inside = [people.member, people['guest inside'], people.moderator, people.owner].map(({ user }) => user)
const room = (visibility: 'PUBLIC' | 'PRIVATE') =>
  given(
    by(ada, roomCreated({ visibility })),
    userJoined(ada, 'OWNER'),
    ...inside.map((user) => userJoined(user)),
    memberRoleChanged(people.moderator.user, 'MODERATOR'),
    memberRoleChanged(people.owner.user, 'OWNER'),
    // Over whom the others have something to say.
    userJoined(bob),
    userInvited(people.invited.user),
    memberBanned(people.banned.user),
    memberBanned(people['banned admin'].user),
  ).state

const conversations = {
  PUBLIC: room('PUBLIC'),
  PRIVATE: room('PRIVATE'),
  DIRECT: given(dmOpened(ada, bob, ...inside)).state,
}

function open(kind: (typeof kinds)[number]): conversation.OpenConversation {
  const state = conversations[kind]
  if (state.status === 'none') throw new Error('It was opened.')
  return state
}

test('every action has a row', () =>
  expect(Object.keys(expected).sort()).toEqual(Object.keys(conversationPermissions).sort()))

test.each(cells)('$action in $kind: $cells', ({ action, kind, cells }) => {
  const allowed = names.map((name) => (may(open(kind), people[name], action) ? '+' : '-')).join('')
  expect(allowed).toBe(cells)
})

// ── the rules ask the table ──

const said = (author: Actor): MessageFact | undefined =>
  evolveFact(undefined, asStored({ ...messageSent(1), actor: author.user }, 60))
const other = userId('cccccccc-0000-4000-8000-000000000000')
const sending = (actor: Actor, mentionsRoom = false) => ({
  actor,
  messageId: messageId('30000000-0000-4000-8000-000000000009'),
  text: 'Hello!',
  contentHash: contentHash({ text: 'Hello!' }),
  mentions: [],
  mentionsRoom,
})
type Asked = (state: conversation.Conversation, actor: Actor) => Decision<ParleyEvent>

const rules: { readonly [A in Exclude<ConversationAction, 'read' | 'markRead' | 'mentionRoom'>]: Asked } = {
  join: (state, { user }) => join(state, { user }),
  send: (state, actor) => send(state, sending(actor), { known: undefined, now: clock(60) }),
  setTyping: (state, actor) => setTyping(state, { actor, typing: true }),
  edit: (state, actor) =>
    edit(state, { actor, messageId: hello, text: 'Better', mentions: [], mentionsRoom: false }, said(actor)),
  deleteOwn: (state, actor) => removeMessage(state, { actor, messageId: hello }, said(actor)),
  deleteOthers: (state, actor) => removeMessage(state, { actor, messageId: hello }, said(as(ada))),
  invite: (state, actor) => invite(state, { actor, users: [other], declined: new Map() }),
  describe: (state, actor) => update(state, { actor, topic: 'Flowers', slowModeSeconds: 10 }),
  configure: (state, actor) => update(state, { actor, name: 'Garden' }),
  remove: (state, actor) => remove(state, { actor, user: bob }),
  setRoles: (state, actor) => setRole(state, { actor, user: bob, role: 'MODERATOR' }),
  archive: (state, actor) => archive(state, { actor }),
}

test.each(cells.filter(({ action }) => action in rules))('$action in $kind is what the rule does', (cell) => {
  const { action, kind, cells } = cell
  const rule = rules[action as keyof typeof rules]
  const state = open(kind)
  const answers = names.map((name) => rule(state, people[name]))
  expect(answers.map((answer) => (answer.kind === 'refused' ? '-' : '+')).join('')).toBe(cells)
  for (const [index, answer] of answers.entries()) {
    const name = names[index]
    if (answer.kind !== 'refused' || name === undefined) continue
    // Whoever may know of it is told that it is forbidden, everybody else that there is nothing; a ban of a public room is no secret.
    const { user } = people[name]
    const knows =
      action === 'send' || action === 'setTyping' || /^(edit|delete)/.test(action)
        ? mayRead(state, user)
        : kind !== 'DIRECT' && (mayFind(state, user) || (action === 'join' && kind === 'PUBLIC'))
    expect([name, answer.code]).toEqual([name, knows ? 'FORBIDDEN' : 'NOT_FOUND'])
  }
})

test('each field of the settings is asked for by itself', () => {
  const moderator = people.moderator
  for (const change of [
    { name: 'Garden' },
    { slug: 'garden' },
    { visibility: 'PRIVATE' },
    { historyVisibility: 'ALL' },
  ] as const)
    given(by(ada, roomCreated()), userJoined(ada, 'OWNER'), userJoined(moderator.user, 'MODERATOR'))
      .when(update, { actor: moderator, topic: 'Flowers', ...change })
      .refused('FORBIDDEN', Object.keys(change)[0])
})

test('a direct conversation is no room: it is not joined, left or changed', () => {
  const direct = given(dmOpened(ada, bob))
  direct.when(join, { user: ada }).refused('NOT_FOUND', 'roomId')
  direct.when(leave, { user: ada }).refused('NOT_FOUND', 'roomId')
  direct.when(update, { actor: as(ada), name: 'Ours' }).refused('NOT_FOUND', 'roomId')
})

test('@room counts for those who may call everyone', () => {
  const called = (kind: (typeof kinds)[number], actor: Actor) => {
    const decision = send(open(kind), sending(actor, true), { known: undefined, now: clock(60) })
    if (decision.kind === 'refused') return decision.code
    const [event] = decision.events
    return event?.data.mentionsRoom === true
  }
  for (const kind of kinds)
    for (const name of ['member', 'guest inside', 'moderator', 'owner'] as const)
      expect([kind, name, called(kind, people[name])]).toEqual([kind, name, true])
})

// ── on the server ──

const roles: readonly ServerRole[] = ['GUEST', 'MEMBER', 'MODERATOR', 'ADMIN', 'OWNER']

/** In the order of the roles above. */
const expectedOnServer: { readonly [A in ServerAction]: string } = {
  createRoom: '-++++',
  writeToRoommates: '+++++',
  writeToAnyone: '-++++',
  moderateRooms: '--+++',
  ownRooms: '---++',
  administer: '---++',
}

test('every action on the server has a row', () =>
  expect(Object.keys(expectedOnServer).sort()).toEqual(Object.keys(serverPermissions).sort()))

test.each(Object.entries(expectedOnServer))('%s on the server: %s', (action, cells) => {
  // The keys are those of the table, as was just seen.
  expect(roles.map((role) => (mayOnServer(role, action as ServerAction) ? '+' : '-')).join('')).toBe(cells)
})
