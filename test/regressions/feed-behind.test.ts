// While the read models stood still, a live event whose person could not be read took its frame, and so its cursor, with it.

import { join as joinPath } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { createRoom, guest, join, registered, send } from '../support/client.ts'
import { startTestServer } from '../support/testServer.ts'

test('RESUME: a feed delivers every event while the read models are behind', async () => {
  await using server = await startTestServer()
  const ada = await registered(server.graphql, 'ada')
  const room = await createRoom(ada, 'Tea Time')
  const socket = ada.socket()
  const feed = socket.iterate({
    query: `subscription ($id: ID!) { conversationFeed(conversationId: $id) {
      events { __typename revision ... on UserJoined { user { id displayName } } } } }`,
    variables: { id: room.id },
  })
  await feed.next()
  const bob = await guest(server.graphql, 'Bob')
  await expect.poll(async () => (await bob.post('{ viewer { user { id } } }')).body.errors).toBeUndefined()
  const blocker = new DatabaseSync(joinPath(server.folder, 'documents.db'))
  blocker.exec('BEGIN IMMEDIATE')
  try {
    void join(bob, room.id).catch(() => {})
    const next = await feed.next()
    expect(next.value).toMatchObject({
      data: { conversationFeed: { events: [{ __typename: 'UserJoined', revision: 2, user: { displayName: 'Bob' } }] } },
    })
  } finally {
    blocker.exec('ROLLBACK')
    blocker.close()
  }
  await send(bob, room.id, 'Here I am')
  const after = await feed.next()
  expect(after.value).toMatchObject({ data: { conversationFeed: { events: [{ revision: 3 }] } } })
  await socket.dispose()
})
