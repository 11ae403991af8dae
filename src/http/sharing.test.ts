// Which subscriptions get the same frames.

import { parse } from 'graphql'
import { expect, test } from 'vitest'
import { schema } from '../../schema/schema.ts'
import { Sharing } from './sharing.ts'

const asked = (selection: string, variables = '') =>
  parse(`subscription ($id: ID!, $after: FeedCursor${variables}) {
    conversationFeed(conversationId: $id, after: $after) { cursor events { __typename ${selection} } }
  }`)

const message = '... on MessageSent { message { id text author { id displayName } } }'

test('a document that asks for nothing per viewer is shared, whoever sends it and wherever they begin', () => {
  const sharing = new Sharing(schema)
  const document = asked(message)
  const group = sharing.groupOf({ document, variableValues: { id: 'room_1' } })?.name
  expect(group).toBeTypeOf('string')
  expect(sharing.groupOf({ document, variableValues: { id: 'room_1', after: 'here' } })?.name).toBe(group)
  expect(sharing.groupOf({ document: asked(message), variableValues: { id: 'room_1' } })?.name).not.toBe(group)
})

test('one field that is per viewer, or that nobody has judged, keeps a document to itself', () => {
  const sharing = new Sharing(schema)
  for (const selection of [
    'conversation { unreadCount }',
    'conversation { id viewerMembership { id } }',
    '... on MessageSent { message { conversation { lastMessage { text } } } }',
  ])
    expect(sharing.groupOf({ document: asked(selection) })).toBeUndefined()
  const inFragment = parse(`
    subscription ($id: ID!) { conversationFeed(conversationId: $id) { events { ...Sent } } }
    fragment Sent on MessageSent { message { conversation { mentionCount } } }
  `)
  expect(sharing.groupOf({ document: inFragment })).toBeUndefined()
})

test('what else depends on a variable is shared by those who gave the same', () => {
  const sharing = new Sharing(schema)
  const document = asked('revision @include(if: $more)', ', $more: Boolean! = true')
  const groups = [{ more: true }, { more: false }, {}, { more: true }].map(
    (variableValues) => sharing.groupOf({ document, variableValues })?.name,
  )
  expect(groups[3]).toBe(groups[0])
  expect(new Set(groups).size).toBe(3)
})

test('of several operations each is judged by itself', () => {
  const sharing = new Sharing(schema)
  const document = parse(`
    subscription Plain($id: ID!) { conversationFeed(conversationId: $id) { cursor } }
    subscription Own($id: ID!) { conversationFeed(conversationId: $id) { events { conversation { unreadCount } } } }
  `)
  expect(sharing.groupOf({ document, operationName: 'Plain' })?.name).toBeTypeOf('string')
  expect(sharing.groupOf({ document, operationName: 'Own' })).toBeUndefined()
})

test('what passes with more than messages and people is shared, but not kept', () => {
  const sharing = new Sharing(schema)
  expect(sharing.groupOf({ document: asked(message) })?.lasting).toBe(true)
  expect(sharing.groupOf({ document: asked('conversation { id }') })?.lasting).toBe(true)
  for (const field of ['lastNumber', '... on Room { topic }', '... on DirectConversation { participants { id } }'])
    expect(sharing.groupOf({ document: asked(`conversation { ${field} }`) })?.lasting, field).toBe(false)
})

test("an inbox is shared whatever it asks of what is the viewer's own; of the rest, one field that is per viewer keeps it", () => {
  const sharing = new Sharing(schema)
  const inbox = (selection: string) => parse(`subscription { inboxFeed { cursor events { cursor ${selection} } } }`)
  const owned = `... on ConversationAdded { conversation { unreadCount } } ... on ReadMarkerAdvanced { number }
    ... on ConversationRemoved { conversationId } ... on InvitationReceived { invitation { id } }`
  const sent = '... on MessageSent { conversation { id } message { text } }'
  expect(sharing.saidOf({ document: inbox(`${owned} ${sent}`) })).toEqual({ shared: true })
  expect(sharing.saidOf({ document: inbox(`${owned} ... on MessageSent { conversation { unreadCount } }`) })).toEqual({
    shared: false,
    because: 'Conversation.unreadCount',
  })
})
