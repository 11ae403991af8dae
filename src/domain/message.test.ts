import { expect, test } from 'vitest'
import {
  by,
  memberBanned,
  memberRoleChanged,
  messageDeleted,
  messageEdited,
  messageSent,
  roomArchived,
  roomCreated,
  userJoined,
  userLeft,
} from '../../test/fixtures/events.ts'
import { ada, as, bob, clock, dan, eve, hello } from '../../test/fixtures/people.ts'
import { asStored, storiesOf } from '../../test/support/given.ts'
import * as conversation from './conversation.ts'
import type { MessageEvent } from './events.ts'
import { rawId, type UserId, userId } from './ids.ts'
import { edit, evolveFact, type MessageFact, remove, type Sending, type SendMessage, send } from './message.ts'
import { contentHash } from './text.ts'

const given = storiesOf(conversation)
const open = [by(ada, roomCreated()), userJoined(ada, 'OWNER'), userJoined(bob)] as const
const closed = [by(ada, roomCreated({ visibility: 'PRIVATE' })), userJoined(ada, 'OWNER'), userJoined(bob)] as const

/** What is known of a message after these events, the first of which has revision 3. */
const after = (...events: readonly (MessageEvent & { readonly actor?: UserId })[]): MessageFact | undefined =>
  events.reduce<MessageFact | undefined>(
    (fact, event, index) => evolveFact(fact, asStored(event, index + 3)),
    undefined,
  )

/** What is known of the key that a message is sent with. */
const told = (known?: MessageFact): Sending => ({ known, now: clock(60) })

const sent = after(by(bob, messageSent(1)))

const sending = (user: UserId, text = 'Hello!', also: Partial<SendMessage> = {}): SendMessage => ({
  actor: as(user),
  messageId: hello,
  text,
  contentHash: contentHash({ text }),
  mentions: [],
  mentionsRoom: false,
  ...also,
})

const crowd = Array.from({ length: 51 }, (_, index) =>
  userId(`c0000000-0000-4000-8000-${`${index}`.padStart(12, '0')}`),
)

// ── sending ──

test('a member sends, and the message takes the next number', () =>
  given(...open, by(ada, messageSent(1)), by(ada, messageSent(2)))
    .when(send, sending(bob, 'Hello!', { clientMessageId: 'key-1' }), told())
    .happened(messageSent(3, 'Hello!', { clientMessageId: 'key-1' })))

test('only members send, in rooms that are not archived', () => {
  given(...open)
    .when(send, sending(eve), told())
    .refused('FORBIDDEN')
  given(...open, roomArchived)
    .when(send, sending(bob), told())
    .refused('ARCHIVED')
  given(...open, memberBanned(bob))
    .when(send, sending(bob), told())
    .refused('NOT_FOUND')
  given(...closed)
    .when(send, sending(eve), told())
    .refused('NOT_FOUND')
  given().when(send, sending(ada), told()).refused('NOT_FOUND')
})

test('ONCE: a key that has sent sends nothing more, whatever has become of the room', () => {
  given(...open, by(bob, messageSent(1)))
    .when(send, sending(bob), told(sent))
    .nothing()
  given(...open, by(bob, messageSent(1)), roomArchived)
    .when(send, sending(bob), told(sent))
    .nothing()
  given(...open, by(bob, messageSent(1)), userLeft(bob))
    .when(send, sending(bob), told(sent))
    .nothing()
})

test('ONCE: a key is compared with what was first sent, not with the edit', () => {
  const edited = after(by(bob, messageSent(1)), by(bob, messageEdited(hello, 'Better')))
  given(...open)
    .when(send, sending(bob, 'Hello!'), told(edited))
    .nothing()
  given(...open)
    .when(send, sending(bob, 'Better'), told(edited))
    .refused('CONFLICT', 'clientMessageId')
  given(...open)
    .when(send, sending(bob, 'Other'), told(sent))
    .refused('CONFLICT', 'clientMessageId')
})

test('ONCE: after a deletion its key sends nothing, whatever the text', () =>
  given(...open)
    .when(send, sending(bob, 'Other'), told(after(by(bob, messageSent(1)), messageDeleted(hello))))
    .nothing())

test('a repeat tells nothing to those who can no longer see the conversation', () =>
  given(...closed, userLeft(bob))
    .when(send, sending(bob), told(sent))
    .refused('NOT_FOUND'))

test('in public rooms anyone is mentioned, in private ones members only', () => {
  given(...open)
    .when(send, sending(bob, 'Hello!', { mentions: [ada, eve] }), told())
    .happened(messageSent(1, 'Hello!', { mentions: [ada, eve] }))
  given(...closed)
    .when(send, sending(bob, 'Hello!', { mentions: [ada, eve] }), told())
    .happened(messageSent(1, 'Hello!', { mentions: [ada] }))
  given(...closed)
    .when(send, sending(bob, 'Hello!', { mentions: [eve] }), told())
    .happened(messageSent(1))
})

test('members call a room of up to 50; in larger ones only moderators do, for others it stays text', () => {
  const whole = { mentionsRoom: true }
  const full = [...open, ...crowd.slice(0, 48).map((user) => userJoined(user))]
  given(...full)
    .when(send, sending(bob, 'Hello!', whole), told())
    .happened(messageSent(1, 'Hello!', whole))
  const larger = [...open, ...crowd.slice(0, 49).map((user) => userJoined(user))]
  given(...larger)
    .when(send, sending(bob, 'Hello!', whole), told())
    .happened(messageSent(1))
  given(...larger, memberRoleChanged(bob, 'MODERATOR'))
    .when(send, sending(bob, 'Hello!', whole), told())
    .happened(messageSent(1, 'Hello!', whole))
})

// ── editing ──

const editing = (user: UserId, text = 'Better') => ({
  actor: as(user),
  messageId: hello,
  text,
  mentions: [],
  mentionsRoom: false,
})

test('the author edits', () =>
  given(...open, by(bob, messageSent(1)))
    .when(edit, editing(bob), sent)
    .happened(messageEdited(hello, 'Better', { subjectRevision: 3 })))

test('an edit lists the mentions anew: members only in private rooms', () =>
  given(...closed)
    .when(edit, { ...editing(bob), mentions: [ada, eve], mentionsRoom: true }, sent)
    .happened(messageEdited(hello, 'Better', { subjectRevision: 3, mentions: [ada], mentionsRoom: true })))

test('editing to the present text changes nothing, after the room was archived or left too', () => {
  given(...open)
    .when(edit, editing(bob, 'Hello!'), sent)
    .nothing()
  const edited = after(by(bob, messageSent(1)), by(bob, messageEdited(hello, 'Better')))
  given(...open, roomArchived)
    .when(edit, editing(bob), edited)
    .nothing()
  given(...open, userLeft(bob))
    .when(edit, editing(bob), edited)
    .nothing()
})

test('nobody edits what is not theirs, deleted, or in a room that they left or that is archived', () => {
  given(...open)
    .when(edit, editing(ada), sent)
    .refused('FORBIDDEN')
  given(...open)
    .when(edit, editing(bob), after(by(bob, messageSent(1)), messageDeleted(hello)))
    .refused('CONFLICT')
  given(...open, userLeft(bob))
    .when(edit, editing(bob), sent)
    .refused('FORBIDDEN')
  given(...open, roomArchived)
    .when(edit, editing(bob), sent)
    .refused('ARCHIVED')
  given(...closed, userLeft(bob))
    .when(edit, editing(bob), sent)
    .refused('NOT_FOUND')
  given(...open)
    .when(edit, editing(bob), undefined)
    .refused('NOT_FOUND')
})

// ── deleting ──

test('the author deletes, and every text of the message is forgotten', () => {
  const edited = after(by(bob, messageSent(1)), by(bob, messageEdited(hello, 'Better')))
  given(...open)
    .when(remove, { actor: as(bob), messageId: hello }, edited)
    .happened(messageDeleted(hello, { subjectRevision: 3, forgets: [rawId(hello), asStored(roomArchived, 4).id] }))
})

test('moderators delete, with a reason, in archived rooms too', () =>
  given(...open, roomArchived)
    .when(remove, { actor: as(ada), messageId: hello, reason: 'Spam.' }, sent)
    .happened({
      ...messageDeleted(hello, { subjectRevision: 3, cause: 'MODERATOR' }),
      body: { reason: 'Spam.' },
    }))

test('deleting twice changes nothing', () =>
  given(...open)
    .when(remove, { actor: as(ada), messageId: hello }, after(by(bob, messageSent(1)), messageDeleted(hello)))
    .nothing())

test('others do not delete, and those who may not see it learn nothing', () => {
  given(...open, userJoined(dan))
    .when(remove, { actor: as(dan), messageId: hello }, sent)
    .refused('FORBIDDEN')
  given(...closed)
    .when(remove, { actor: as(eve, 'OWNER'), messageId: hello }, sent)
    .refused('NOT_FOUND')
  given(...open)
    .when(remove, { actor: as(ada), messageId: hello }, undefined)
    .refused('NOT_FOUND')
})

// ── what is known of a message ──

test('a message whose body was forgotten has no text, and an event of no person makes no message', () => {
  const { body: _forgotten, ...bare } = messageSent(1)
  expect(after(by(bob, bare))).toEqual({
    authorId: bob,
    revision: 3,
    deleted: false,
    contentHash: undefined,
    text: undefined,
    bodies: [rawId(hello)],
  })
  expect(after(messageSent(1))).toBeUndefined()
  expect(after(messageEdited(hello, 'Better'), messageDeleted(hello))).toBeUndefined()
})
