// Many who follow who is there, or who types, are told by the same frames: each is executed once.

import { expect, test } from 'vitest'
import { createRoom, type Data, guest, join, registered } from '../support/client.ts'
import { resolutionsOf } from '../support/executions.ts'
import { follow } from '../support/following.ts'
import { mutate } from '../support/mutate.ts'
import { startTestServer } from '../support/testServer.ts'

const followers = 12

test('what a conversation’s followers are told of its people is executed once for all, and the viewer is nobody’s', async () => {
  await using server = await startTestServer({ presenceTimes: { graceMs: 100, awayAfterMs: 60_000 } })
  const ada = await registered(server.graphql, 'ada')
  const { id } = await createRoom(ada, 'Tea')
  const people = await Promise.all(Array.from({ length: followers }, () => guest(server.graphql)))
  const bob = await guest(server.graphql, 'Bob')
  await join(bob, id)
  const presence = 'subscription ($id: ID) { presence(conversationId: $id) { users { displayName presence } } }'
  const typing = 'subscription ($id: ID!) { typing(conversationId: $id) { users { displayName } } }'
  const there = people.map((person) => follow(person, presence, { id }))
  const types = people.map((person) => follow(person, typing, { id }))
  await Promise.all([...there, ...types].map((followed) => followed.frame(0)))

  const comes = await resolutionsOf('PresencePayload', 'users', async () => {
    const socket = bob.socket({ lazy: false, onNonLazyError: () => {} })
    const isThere = ({ users }: Data) => users.some(({ displayName }: Data) => displayName === 'Bob')
    await Promise.all(there.map((followed) => followed.until(isThere)))
    await socket.dispose()
    await Promise.all(
      there.map((followed) =>
        followed.until(({ users }: Data) => users.some((user: Data) => user.presence === 'OFFLINE')),
      ),
    )
  })
  // A frame that says that he is there, one that he is gone, and at most one for those who were not ready with the others.
  expect(comes).toBeLessThanOrEqual(4)

  const begins = await resolutionsOf('TypingPayload', 'users', async () => {
    await mutate(bob, 'setTyping', { conversationId: id, typing: true }, 'conversation { id }')
    await Promise.all(types.map((followed) => followed.until(({ users }: Data) => users.length === 1)))
  })
  expect(begins).toBeLessThanOrEqual(2)
  for (const followed of [...there, ...types]) await followed[Symbol.asyncDispose]()
})
