// Feeds that show the same are served together.

import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { type ApiClient, createRoom, guest, join, registered, send } from '../support/client.ts'
import { executionsOf } from '../support/executions.ts'
import { startTestServer } from '../support/testServer.ts'

const documentWith = (more: string) => `subscription ($id: ID!, $after: FeedCursor) {
  conversationFeed(conversationId: $id, after: $after) {
    cursor caughtUp reset { reason }
    events {
      __typename revision occurredAt cursor actor { id username displayName }
      ... on MessageSent { message { id number text sentAt author { displayName } mentions { id } } }
      ... on MessageEdited { message { id text editedAt } }
      ... on MessageDeleted { message { id text deletedAt deletedBy { id } } }
      ... on UserJoined { user { id displayName kind } }
      ${more}
    }
  }
}`
const shared = documentWith('')
/** Asks for something that is per viewer: each frame is executed for this subscriber alone. */
const alone = documentWith('conversation { unreadCount }')

/** The texts of the frames, as they came. */
async function follow(client: ApiClient, query: string, id: string): Promise<string[]> {
  const socket = new WebSocket(client.graphql.replace(/^http/, 'ws'), 'graphql-transport-ws')
  await new Promise((resolve) => socket.once('open', resolve))
  const heard: string[] = []
  const first = Promise.withResolvers<void>()
  socket.on('message', (data) => {
    const text = String(data)
    if (text.includes('"connection_ack"'))
      socket.send(JSON.stringify({ id: 'feed', type: 'subscribe', payload: { query, variables: { id } } }))
    if (!text.startsWith('{"id":"feed"')) return
    heard.push(text)
    first.resolve()
  })
  socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization: `Bearer ${client.token}` } }))
  await first.promise
  return heard
}

interface HeardFrame {
  readonly payload: { readonly data: { readonly conversationFeed: { readonly events: readonly object[] } } }
}

const eventsIn = (heard: readonly string[]) =>
  heard.flatMap((text) => (JSON.parse(text) as HeardFrame).payload.data.conversationFeed.events)

/** The bytes of each event, without what only `alone` asks for. */
const bytesOf = (heard: readonly string[]) =>
  eventsIn(heard).map((event) => JSON.stringify({ ...event, conversation: undefined }))

test('SAME: a frame is executed once for all who follow with one document, and shows what each would be shown alone', async () => {
  await using server = await startTestServer()
  const ada = await registered(server.graphql, 'ada')
  const room = await createRoom(ada, 'Tea Time')
  const readers: ApiClient[] = [ada]
  for (let number = 0; number < 5; number++) {
    const reader = await guest(server.graphql, `Reader ${number}`)
    await join(reader, room.id)
    readers.push(reader)
  }
  const together = await Promise.all(readers.map((reader) => follow(reader, shared, room.id)))
  const apart = await follow(ada, alone, room.id)
  const all = (count: number) =>
    expect.poll(() => [apart, ...together].every((heard) => eventsIn(heard).length === count)).toBe(true)
  const count = await executionsOf('ConversationFeedPayload', async () => {
    const { message } = await send(ada, room.id, 'Hello, @ada')
    await all(1)
    await ada.command('mutation ($input: EditMessageInput!) { editMessage(input: $input) { __typename } }', {
      input: { messageId: message.id, text: 'Hello' },
    })
    await all(2)
    await ada.command('mutation ($input: DeleteMessageInput!) { deleteMessage(input: $input) { __typename } }', {
      input: { messageId: message.id },
    })
    await join(await guest(server.graphql, 'Late'), room.id)
    await all(4)
  })
  // At most four frames for the six who follow together, and as many for the one apart.
  expect(count).toBeLessThanOrEqual(8)
  const changes = bytesOf(apart)
  for (const heard of together) expect(bytesOf(heard)).toEqual(changes)
})

test('REVOKE: of those who follow together, whoever is removed gets nothing that comes after', async () => {
  await using server = await startTestServer()
  const ada = await registered(server.graphql, 'ada')
  const room = await createRoom(ada, 'Tea Time')
  await ada.command('mutation ($input: UpdateRoomInput!) { updateRoom(input: $input) { __typename } }', {
    input: { roomId: room.id, visibility: 'PRIVATE' },
  })
  const bob = await registered(server.graphql, 'bob')
  await ada.command('mutation ($input: InviteToRoomInput!) { inviteToRoom(input: $input) { __typename } }', {
    input: { roomId: room.id, userIds: [bob.userId] },
  })
  await join(bob, room.id)
  const [adas, bobs] = await Promise.all([follow(ada, shared, room.id), follow(bob, shared, room.id)])
  const removed = await ada.command(
    'mutation ($input: RemoveMemberInput!) { removeMember(input: $input) { __typename ... on Error { detail } } }',
    { input: { roomId: room.id, userId: bob.userId } },
  )
  expect(removed).toMatchObject({ __typename: 'RemoveMemberPayload' })
  await send(ada, room.id, 'Only for us')
  await expect.poll(() => adas.some((text) => text.includes('Only for us'))).toBe(true)
  await expect.poll(() => bobs.at(-1)).toContain('"complete"')
  await sleep(50)
  expect(bobs.join()).not.toContain('Only for us')
})
