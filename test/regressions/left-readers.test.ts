// Whoever came to a private room was told how far those had read who had left it before.

import { expect, test } from 'vitest'
import { join, registered, send } from '../support/client.ts'
import { mutate } from '../support/mutate.ts'
import { startTestServer } from '../support/testServer.ts'

test('SAME: read markers tell of members only, not of who was there before', async () => {
  await using server = await startTestServer()
  const [ada, bob, eve] = [
    await registered(server.graphql, 'ada'),
    await registered(server.graphql, 'bob'),
    await registered(server.graphql, 'eve'),
  ]
  const input = { name: 'Tea Time', visibility: 'PRIVATE', historyVisibility: 'SINCE_JOINED' }
  const { room } = await mutate(ada, 'createRoom', input, 'room { id }')
  const readers = async (client: typeof ada, first = 20) => {
    const query =
      'query ($id: ID!, $first: Int!) { room(id: $id) { readMarkers(first: $first) { user { username } } } }'
    const { data } = (await client.post(query, { id: room.id, first })).body
    return data?.room.readMarkers.map(({ user }: { user: { username: string } }) => user.username)
  }
  const read = async (client: typeof ada) => {
    await mutate(ada, 'inviteToRoom', { roomId: room.id, userIds: [client.userId] })
    await join(client, room.id)
    const { message } = await send(ada, room.id, `Hello ${client.userId}`)
    expect(await mutate(client, 'markRead', { messageId: message.id })).toMatchObject({ __typename: 'MarkReadPayload' })
    return message.id
  }
  await read(bob)
  const last = await read(eve)
  await mutate(bob, 'markRead', { messageId: last })
  expect(await readers(bob)).toEqual(expect.arrayContaining(['bob', 'eve']))
  await mutate(bob, 'leaveRoom', { roomId: room.id }, 'roomId')
  expect(await readers(eve)).toEqual(['eve'])
  // The page is full also where the first ones have left.
  expect(await readers(eve, 1)).toEqual(['eve'])
}, 30_000)
