// Repeats of a command showed what their sender may not see any more.

import { expect, test } from 'vitest'
import { type ApiClient, join, registered } from '../support/client.ts'
import { mutate } from '../support/mutate.ts'
import { startTestServer } from '../support/testServer.ts'

const invited = async (by: ApiClient, who: ApiClient & { readonly userId: string }, roomId: string) => {
  await mutate(by, 'inviteToRoom', { roomId, userIds: [who.userId] })
  expect(await join(who, roomId)).toMatchObject({ __typename: 'JoinRoomPayload' })
}

test('REVOKE: whoever is out of a private room is not shown it by making it again with its key', async () => {
  await using server = await startTestServer()
  const ada = await registered(server.graphql, 'ada')
  const bob = await registered(server.graphql, 'bob')
  const input = { name: 'Surprise', visibility: 'PRIVATE', idempotencyKey: 'party' }
  const make = () => mutate(ada, 'createRoom', input, 'room { id topic }')
  const { room } = await make()
  expect(await make()).toMatchObject({ room })
  await invited(ada, bob, room.id)
  await mutate(ada, 'setMemberRole', { roomId: room.id, userId: bob.userId, role: 'OWNER' })
  await mutate(ada, 'leaveRoom', { roomId: room.id }, 'roomId')
  await mutate(bob, 'updateRoom', { roomId: room.id, topic: 'A cake for Ada' })
  expect(await make()).toMatchObject({ __typename: 'ConflictError', field: 'idempotencyKey' })
  await invited(bob, ada, room.id)
  expect(await make()).toMatchObject({ room: { id: room.id, topic: 'A cake for Ada' } })
})

test('SAME: a key that sent before the latest joining says nothing of what became of its message', async () => {
  await using server = await startTestServer()
  const ada = await registered(server.graphql, 'ada')
  const bob = await registered(server.graphql, 'bob')
  const room = { name: 'Tea Time', visibility: 'PRIVATE', historyVisibility: 'SINCE_JOINED' }
  const { id } = (await mutate(ada, 'createRoom', room, 'room { id }')).room
  const say = () =>
    mutate(
      bob,
      'sendMessage',
      { conversationId: id, text: 'Hello', clientMessageId: 'hello' },
      'duplicate message { id number text editedAt deletedAt deletedBy { username } }',
    )
  await invited(ada, bob, id)
  const { message } = await say()
  await mutate(bob, 'leaveRoom', { roomId: id }, 'roomId')
  await mutate(ada, 'deleteMessage', { messageId: message.id })
  await invited(ada, bob, id)
  expect(await bob.query('query ($id: ID!) { node(id: $id) { id } }', { id: message.id })).toEqual({ node: null })
  expect(await say()).toMatchObject({
    duplicate: true,
    message: { id: message.id, number: 1, text: null, deletedAt: null, deletedBy: null },
  })
})
