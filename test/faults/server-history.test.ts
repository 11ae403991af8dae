// The judge itself: what it must find in a history that was tampered with.

import { expect, test } from 'vitest'
import type { Attempt, LoggedEvent } from '../support/history.ts'
import { type Evidence, violations } from '../support/historyCheck.ts'

const roomId = 'room_1'
const stream = 'room-1'
const actor = 'user_ada'
const at = (revision: number): string => String(revision + 1).padStart(4, '0')
const event = (revision: number, type: string, rest: Partial<LoggedEvent>): LoggedEvent => ({
  position: at(revision),
  stream,
  revision,
  id: `e${revision}`,
  type,
  data: {},
  actor,
  occurredAt: `2026-01-01T00:00:0${revision}.000Z`,
  ...rest,
})
const sent = (revision: number, number: number, text: string): LoggedEvent =>
  event(revision, 'MessageSent', { data: { number, clientMessageId: `key-${text}` }, body: { text } })
const toldSent = (revision: number, number: number, text: string): Attempt => ({
  command: 'sendMessage',
  actor,
  roomId,
  text,
  key: `key-${text}`,
  outcome: 'ok',
  said: { position: at(revision), messageId: `message_e${revision}`, number, revision, duplicate: false },
})
const edited = event(4, 'MessageEdited', { data: { messageId: 'message_e1' }, body: { text: 'one, better' } })
const deleted = event(5, 'MessageDeleted', { data: { messageId: 'message_e2' } })

/** Three messages, of which the first was edited and the second deleted. */
const log: readonly LoggedEvent[] = [
  event(0, 'RoomCreated', { data: { name: 'tea' } }),
  sent(1, 1, 'one'),
  sent(2, 2, 'two'),
  sent(3, 3, 'three'),
  edited,
  deleted,
]
const attempts: readonly Attempt[] = [
  { command: 'createRoom', actor, text: 'tea', key: 'tea', outcome: 'ok', said: { position: at(0), roomId } },
  toldSent(1, 1, 'one'),
  toldSent(2, 2, 'two'),
  // Its answer was lost; it was never repeated.
  { command: 'sendMessage', actor, roomId, text: 'three', key: 'key-three', outcome: 'unknown' },
  {
    command: 'editMessage',
    actor,
    roomId,
    subject: 'message_e1',
    text: 'one, better',
    outcome: 'ok',
    said: { position: at(4) },
  },
  { command: 'deleteMessage', actor, roomId, subject: 'message_e2', outcome: 'ok', said: { position: at(5) } },
  { command: 'sendMessage', actor, roomId, text: 'four', key: 'key-four', outcome: 'failed', code: 'ARCHIVED' },
]
const shown = new Map([
  [
    roomId,
    [
      { id: 'message_e1', number: 1, text: 'one, better' },
      { id: 'message_e2', number: 2, text: null },
      { id: 'message_e3', number: 3, text: 'three' },
    ],
  ],
])
const honest: Evidence = { attempts, log, shown }

test('an honest history has nothing wrong with it', () => expect(violations(honest)).toEqual([]))

const without = (revision: number): LoggedEvent[] => log.filter((one) => one.revision !== revision)
const changed = (revision: number, change: Partial<LoggedEvent>): LoggedEvent[] =>
  log.map((one) => (one.revision === revision ? { ...one, ...change } : one))

test.each([
  ['an acknowledged message is lost', { log: without(2) }, /^ACK: the message "two" .* is lost/],
  [
    'a message without an answer is lost from what is shown',
    { shown: new Map([[roomId, shown.get(roomId)?.slice(0, 2) ?? []]]) },
    /^FOLD: .* shows 2/,
  ],
  ['a message is there twice', { log: [...log, { ...sent(6, 4, 'one'), id: 'e6' }] }, /^ONCE: .*key-one/],
  ['a revision is missing', { log: without(3) }, /^ORDER: revision 4 .* comes after 2/],
  [
    'a number is missing',
    { log: changed(3, { data: { number: 4, clientMessageId: 'key-three' } }) },
    /^ORDER: message number 4/,
  ],
  ['a time goes back', { log: changed(3, { occurredAt: '2025-12-31T23:59:59.000Z' }) }, /^ORDER: the time/],
  [
    'a message is there that nobody sent',
    { log: [...log, sent(6, 4, 'boo')] },
    /^NOGHOST: nobody did this: MessageSent/,
  ],
  ['a refused message is there', { log: [...log, sent(6, 4, 'four')] }, /^NOGHOST: "four" was refused/],
  [
    'somebody was removed by nobody',
    { log: [...log, event(6, 'MemberRemoved', { data: { userId: 'user_bob' } })] },
    /^NOGHOST: nobody did this: MemberRemoved/,
  ],
  ['an acknowledged edit is lost', { log: changed(4, { type: 'RoomArchived' }) }, /^FOLD: message_e1/],
  [
    'an acknowledged edit is shown without',
    {
      log: changed(4, { body: { text: 'one' } }),
      shown: new Map([[roomId, [{ id: 'message_e1', number: 1, text: 'one' }]]]),
    },
    /^ACK: message_e1 is shown as "one" instead of one, better/,
  ],
  ['an acknowledged deletion is lost', { log: without(5) }, /^ACK: the deletion of message_e2/],
  [
    'a deleted text is shown',
    { shown: new Map([[roomId, [{ id: 'message_e2', number: 2, text: 'two' }]]]) },
    /^ACK: message_e2 is shown as "two" instead of deleted/,
  ],
  [
    'a text is another one',
    { log: changed(1, { body: { text: 'won' } }) },
    /^ACK: the message "one" .* as another one/,
  ],
])('it is noticed when %s', (_, tampered, finding) => {
  expect(violations({ ...honest, ...tampered })).toContainEqual(expect.stringMatching(finding))
})
