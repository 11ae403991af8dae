// An invitation is brought to the invited person's own stream after it was decided in the room.

import { expect, test } from 'vitest'
import { guest, registered } from '../support/client.ts'
import { mutate } from '../support/mutate.ts'
import { startTestServer } from '../support/testServer.ts'

test('READYOURWRITES: with the position of the invitation, the invited person sees it', async () => {
  await using server = await startTestServer()
  const ada = await registered(server.graphql, 'ada')
  const bob = await guest(server.graphql)
  for (let room = 0; room < 20; room++) {
    const made = await mutate(ada, 'createRoom', { name: `Room ${room}`, visibility: 'PRIVATE' }, 'room { id }')
    const { position } = await mutate(ada, 'inviteToRoom', { roomId: made.room.id, userIds: [bob.userId] })
    const { viewer } = await bob.query(
      '{ viewer { invitations { roomId } } }',
      {},
      { headers: { 'parley-at-least': position } },
    )
    expect(viewer.invitations).toContainEqual({ roomId: made.room.id })
  }
})
