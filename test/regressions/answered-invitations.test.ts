// Whoever had just joined was still shown the invitation that they had accepted by it.

import { expect, test } from 'vitest'
import { guest, join, registered } from '../support/client.ts'
import { mutate } from '../support/mutate.ts'
import { startTestServer } from '../support/testServer.ts'

test('READYOURWRITES: an invitation is gone for whoever has just joined', async () => {
  await using server = await startTestServer()
  const ada = await registered(server.graphql, 'ada')
  const bob = await guest(server.graphql, 'Bob')
  const invitations = async () => (await bob.query('{ viewer { invitations { roomId } } }')).viewer.invitations
  for (let n = 0; n < 20; n++) {
    const { room } = await mutate(ada, 'createRoom', { name: `Room ${n}`, visibility: 'PRIVATE' }, 'room { id }')
    await mutate(ada, 'inviteToRoom', { roomId: room.id, userIds: [bob.userId] })
    await expect.poll(invitations, { timeout: 10_000, interval: 5 }).toEqual([{ roomId: room.id }])
    await join(bob, room.id)
    expect(await invitations()).toEqual([])
  }
}, 60_000)
