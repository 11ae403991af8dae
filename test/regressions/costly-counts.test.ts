// Aliases of counts over all conversations: each counted thousands of times anew, and everybody else waited for it.

import { expect, test, vi } from 'vitest'
import { Queries } from '../../src/queries/queries.ts'
import { createRoom, guest, join, registered, send } from '../support/client.ts'
import { startTestServer } from '../support/testServer.ts'

test('counts over all conversations are made once an operation, and only where something is unread', async () => {
  await using server = await startTestServer()
  const ada = await registered(server.graphql, 'ada')
  const bob = await guest(server.graphql, 'Bob')
  for (const name of ['Tea Time', 'Garden', 'Attic']) {
    const { id } = await createRoom(ada, name)
    await join(bob, id)
    if (name === 'Garden') await send(ada, id, '@room, look')
  }
  const counting = vi.spyOn(Queries.prototype, 'mentionCount')
  const finding = vi.spyOn(Queries.prototype, 'readNumber')
  const aliases = Array.from({ length: 10 }, (_, n) => `m${n}: mentionCount u${n}: unreadCount`).join(' ')
  const { viewer } = await bob.query(`{ viewer { ${aliases} } }`)
  expect(new Set(Object.values(viewer))).toEqual(new Set([1]))
  expect(counting).toHaveBeenCalledTimes(1)
  // Once for each of the three, and once more where mentions are counted.
  expect(finding).toHaveBeenCalledTimes(4)
  vi.restoreAllMocks()
})
