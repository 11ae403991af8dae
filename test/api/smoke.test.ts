import { expect, test } from 'vitest'
import { createRoom, join, registered, send } from '../support/client.ts'
import { startTestServer } from '../support/testServer.ts'

test('what one person sends, another one reads and hears', async () => {
  await using server = await startTestServer()
  const ada = await registered(server.graphql, 'ada')
  const bob = await registered(server.graphql, 'bob')
  const room = await createRoom(ada, 'Tea Time')
  await join(bob, room.id)
  const socket = bob.socket()
  const feed = socket.iterate({
    query:
      'subscription ($id: ID!) { conversationFeed(conversationId: $id) { caughtUp cursor events { __typename revision ... on MessageSent { message { text author { username } } } } } }',
    variables: { id: room.id },
  })
  const first = await feed.next()
  expect(first.value.data).toMatchObject({ conversationFeed: { caughtUp: true, events: [] } })
  const sent = await send(ada, room.id, 'Hello, @bob')
  expect(sent).toMatchObject({ __typename: 'SendMessagePayload', message: { number: 1 } })
  const second = await feed.next()
  expect(second.value.data.conversationFeed.events).toMatchObject([
    { __typename: 'MessageSent', message: { text: 'Hello, @bob', author: { username: 'ada' } } },
  ])
  const { room: seen } = await bob.query(
    'query ($id: ID) { room(id: $id) { unreadCount mentionCount messages { nodes { text } } } }',
    { id: room.id },
    { headers: { 'parley-at-least': sent.position } },
  )
  expect(seen).toEqual({ unreadCount: 1, mentionCount: 1, messages: { nodes: [{ text: 'Hello, @bob' }] } })
  await socket.dispose()
})
