import { expect, test } from 'vitest'
import { by, dmOpened, dmSent, messageEdited } from '../../test/fixtures/events.ts'
import { ada, as, bob, clock, dan, eve, hello } from '../../test/fixtures/people.ts'
import { asStored, storiesOf } from '../../test/support/given.ts'
import * as conversation from './conversation.ts'
import { type OpenDirect, open, openAndSend, type Recipient } from './direct.ts'
import type { ServerRole } from './events.ts'
import { directIdOf, type UserId } from './ids.ts'
import { edit, evolveFact, type SendMessage, send } from './message.ts'
import { contentHash } from './text.ts'

const given = storiesOf(conversation)
const to = (user: UserId, known: Partial<Recipient> = {}): Recipient => ({
  user,
  disabled: false,
  sharesRoom: false,
  field: 'to.0',
  ...known,
})
const opening = (user: UserId, recipients: readonly Recipient[], role: ServerRole = 'MEMBER'): OpenDirect => ({
  actor: as(user, role),
  members: [user, ...recipients.map((one) => one.user)].toSorted(),
  recipients,
})
const sending = (user: UserId, text = 'Hello!', also: Partial<SendMessage> = {}): SendMessage => ({
  actor: as(user),
  messageId: hello,
  text,
  contentHash: contentHash({ text }),
  mentions: [],
  mentionsRoom: false,
  ...also,
})
const told = { known: undefined, now: clock(60) }

test('it is opened with everyone who is in it; again, by whomever, it changes nothing', () => {
  given()
    .when(open, opening(ada, [to(bob)]))
    .happened(dmOpened(ada, bob))
  for (const again of [opening(ada, [to(bob)]), opening(bob, [to(ada)])])
    given(dmOpened(ada, bob)).when(open, again).nothing()
})

test('alone it is a place for notes', () => given().when(open, opening(ada, [])).happened(dmOpened(ada)))

test('the same people are the same conversation, in whichever order and however often they are named', () => {
  expect(directIdOf([ada, bob])).toBe(directIdOf([bob, ada, bob]))
  expect(directIdOf([ada, bob])).not.toBe(directIdOf([ada, bob, eve]))
  expect(directIdOf([ada])).not.toBe(directIdOf([bob]))
})

test('nobody writes first to a disabled account, but what was opened before goes on', () => {
  given()
    .when(open, opening(ada, [to(bob), to(eve, { disabled: true, field: 'to.1' })]))
    .refused('FORBIDDEN', 'to.1')
  given(dmOpened(ada, bob))
    .when(open, opening(ada, [to(bob, { disabled: true })]))
    .nothing()
})

test('guests write to those they share a room with, each of them, and to themselves', () => {
  given()
    .when(open, opening(ada, [to(bob)], 'GUEST'))
    .refused('FORBIDDEN', 'to.0')
  given()
    .when(open, opening(ada, [to(bob, { sharesRoom: true })], 'GUEST'))
    .happened(dmOpened(ada, bob))
  given()
    .when(open, opening(ada, [to(bob, { sharesRoom: true }), to(eve, { field: 'to.1' })], 'GUEST'))
    .refused('FORBIDDEN', 'to.1')
  given()
    .when(open, opening(ada, [], 'GUEST'))
    .happened(dmOpened(ada))
  // They left the room since: what is open stays open.
  given(dmOpened(ada, bob))
    .when(open, opening(ada, [to(bob)], 'GUEST'))
    .nothing()
})

test('sending opens it in the same append, and the next time only sends', () => {
  given()
    .when(openAndSend, opening(ada, [to(bob)]), sending(ada), told)
    .happened(dmOpened(ada, bob), dmSent(1))
  given(dmOpened(ada, bob), by(bob, dmSent(1)))
    .when(openAndSend, opening(ada, [to(bob)]), sending(ada), told)
    .happened(dmSent(2))
})

test('a refused opening sends nothing', () =>
  given()
    .when(openAndSend, opening(ada, [to(bob, { disabled: true })]), sending(ada), told)
    .refused('FORBIDDEN'))

test('opened and sent with a key, a repeat does neither again; the key with another text is told', () => {
  const sent = by(ada, dmSent(1, 'Hello!', { clientMessageId: 'key-1' }))
  const known = evolveFact(undefined, asStored(sent, 1))
  const story = given(by(ada, dmOpened(ada, bob)), sent)
  story
    .when(openAndSend, opening(ada, [to(bob)]), sending(ada, 'Hello!', { clientMessageId: 'key-1' }), {
      known,
      now: clock(60),
    })
    .nothing()
  story
    .when(openAndSend, opening(ada, [to(bob)]), sending(ada, 'Other', { clientMessageId: 'key-1' }), {
      known,
      now: clock(60),
    })
    .refused('CONFLICT', 'clientMessageId')
})

test('it is sent to like any conversation, by those who are in it; to others it is not there', () => {
  given(dmOpened(ada, bob)).when(send, sending(bob), told).happened(dmSent(1))
  given(dmOpened(ada, bob)).when(send, sending(eve), told).refused('NOT_FOUND', 'conversationId')
  given().when(send, sending(ada), told).refused('NOT_FOUND', 'conversationId')
})

test('only those who are in it are mentioned in it, in edits too', () => {
  const known = evolveFact(undefined, asStored(by(ada, dmSent(1)), 1))
  given(dmOpened(ada, bob))
    .when(send, sending(ada, 'Hello!', { mentions: [bob, dan] }), told)
    .happened(dmSent(1, 'Hello!', { mentions: [bob] }))
  given(dmOpened(ada, bob))
    .when(openAndSend, opening(ada, [to(bob)]), sending(ada, 'Hello!', { mentions: [dan], mentionsRoom: true }), told)
    .happened(dmSent(1, 'Hello!', { mentionsRoom: true }))
  given(dmOpened(ada, bob), by(ada, dmSent(1)))
    .when(edit, { actor: as(ada), messageId: hello, text: 'Better', mentions: [dan, bob], mentionsRoom: false }, known)
    .happened(messageEdited(hello, 'Better', { subjectRevision: 1, mentions: [bob] }))
})
