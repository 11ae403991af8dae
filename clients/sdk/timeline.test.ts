import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { QueuedMessage } from './queuedMessage.ts'
import { type Message, Timeline } from './timeline.ts'

const ada = { id: 'user_ada', username: 'ada', displayName: 'Ada' }
const bob = { id: 'user_bob', username: 'bob', displayName: 'Bob' }

const message = (number: number, more: Partial<Message> = {}): Message => ({
  id: `message_${number}`,
  number,
  revision: number + 1,
  clientMessageId: `key-${number}`,
  text: `text ${number}`,
  sentAt: '2026-01-31T12:00:00.000Z',
  editedAt: null,
  deletedAt: null,
  mentionsRoom: false,
  mentions: [],
  author: ada,
  ...more,
})

const queued = (number: number): QueuedMessage => ({
  clientMessageId: `key-${number}`,
  conversationId: 'room_tea',
  text: `text ${number}`,
  queuedAt: number,
})

const sentIn = (of: Message) =>
  ({
    __typename: 'MessageSent',
    cursor: 'c',
    revision: of.revision,
    occurredAt: of.sentAt,
    actor: of.author,
    message: of,
  }) as const

const editedIn = (of: Message) => ({ ...sentIn(of), __typename: 'MessageEdited' }) as const

/** `sent 1`, `sending 2` … */
const shown = (timeline: Timeline): readonly string[] =>
  timeline.entries().map((entry) => `${entry.state} ${entry.state === 'sent' ? entry.message.text : entry.queued.text}`)

test('what is on its way stands last, and becomes what was sent, in its place', () => {
  const timeline = new Timeline(ada.id)
  timeline.addPage([message(1, { author: bob })], { isFirst: true })
  timeline.queue(queued(3))
  expect(shown(timeline)).toEqual(['sent text 1', 'sending text 3'])
  timeline.apply(sentIn(message(2, { author: bob, clientMessageId: null })))
  timeline.apply(sentIn(message(3)))
  expect(shown(timeline)).toEqual(['sent text 1', 'sent text 2', 'sent text 3'])
})

test('the key of somebody else is not one’s own', () => {
  const timeline = new Timeline(ada.id)
  timeline.addPage([], { isFirst: true })
  timeline.queue(queued(1))
  timeline.apply(sentIn(message(1, { author: bob })))
  expect(shown(timeline)).toEqual(['sent text 1', 'sending text 1'])
})

test('however answer, echo and page come, a message of one’s own is never there twice, and never gone', () => {
  const kinds = ['queued', 'answer', 'echo', 'page', 'queued again'] as const
  fc.assert(
    fc.property(fc.shuffledSubarray([...kinds], { minLength: kinds.length }), fc.boolean(), (order, edited) => {
      const timeline = new Timeline(ada.id)
      timeline.addPage([], { isFirst: true })
      const changed = message(1, { text: 'changed', editedAt: '2026-01-31T12:00:01.000Z' })
      for (const kind of order) {
        if (kind === 'answer') timeline.add(message(1))
        else if (kind === 'echo') timeline.apply(sentIn(edited ? changed : message(1)))
        else if (kind === 'page') timeline.addPage([message(1)], { isFirst: true })
        else timeline.queue(queued(1))
        expect(shown(timeline)).toHaveLength(1)
      }
      expect(shown(timeline)).toEqual([edited ? 'sent changed' : 'sent text 1'])
    }),
  )
})

test('an edit of a message that is not loaded shows once it is, even if the page is older', () => {
  const timeline = new Timeline(ada.id)
  timeline.addPage([message(60)], { isFirst: false })
  timeline.apply(editedIn(message(3, { text: 'changed', editedAt: '2026-01-31T13:00:00.000Z' })))
  expect(shown(timeline)).toEqual(['sent text 60'])
  timeline.addPage([message(3), message(59)], { isFirst: false })
  expect(shown(timeline)).toEqual(['sent changed', 'sent text 59', 'sent text 60'])
})

test('after a reset only what is on its way is left', () => {
  const timeline = new Timeline(ada.id)
  timeline.addPage([message(1)], { isFirst: true })
  timeline.queue(queued(2))
  timeline.queue({ ...queued(3), refusal: { code: 'ARCHIVED', detail: 'It can only be read.' } })
  timeline.reset()
  expect(shown(timeline)).toEqual(['sending text 2', 'refused text 3'])
})
