import { join as inFolder } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { createRoom, guest, join, registered, send } from '../support/client.ts'
import { mutate } from '../support/mutate.ts'
import { startTestServer } from '../support/testServer.ts'

/** Keeps the read models from being written: whoever holds SQLite's one write lock is waited for. */
function holdReadModels(folder: string): Disposable {
  const database = new DatabaseSync(inFolder(folder, 'documents.db'))
  database.exec('BEGIN IMMEDIATE')
  return {
    [Symbol.dispose]: () => {
      database.exec('ROLLBACK')
      database.close()
    },
  }
}

test('while the read models stand still, commands go on exactly, and queries say that they are behind', async () => {
  await using server = await startTestServer()
  const ada = await registered(server.graphql, 'ada')
  const bob = await guest(server.graphql)
  const room = await createRoom(ada, 'Behind')
  await join(bob, room.id)
  const before = await send(bob, room.id, 'before', 'k0')
  await bob.query('query ($id: ID) { room(id: $id) { lastNumber } }', { id: room.id })
  {
    using _held = holdReadModels(server.folder)
    const first = await send(bob, room.id, 'first', 'k1')
    expect(first).toMatchObject({ duplicate: false, message: { number: before.message.number + 1 } })
    // ONCE, ORDER: nothing of this is in a document yet.
    const second = { conversationId: room.id, text: 'second', clientMessageId: 'k2' }
    // What a repeat shows of its message is read from a document, so only where it stands is asked for.
    const repeat = () => mutate(bob, 'sendMessage', second, 'position duplicate')
    const results = await Promise.all(Array.from({ length: 16 }, repeat))
    expect(results.filter(({ duplicate }) => !duplicate)).toHaveLength(1)
    expect(new Set(results.map(({ position }) => position)).size).toBe(1)
    expect(await send(bob, room.id, 'other', 'k2')).toMatchObject({ __typename: 'ConflictError', code: 'CONFLICT' })
    expect(await repeat()).toMatchObject({ duplicate: true, position: results[0]?.position })
    const fresh = await mutate(bob, 'sendMessage', { conversationId: room.id, text: 'Unread', clientMessageId: 'k3' })
    expect(fresh).toMatchObject({ __typename: 'SendMessagePayload' })

    const { body } = await bob.post('query ($id: ID) { room(id: $id) { lastNumber } }', { id: room.id })
    expect(body).toMatchObject({
      data: { room: { lastNumber: before.message.number } },
      extensions: { parley: { behind: true } },
    })
  }
  const { room: after } = await bob.query('query ($id: ID) { room(id: $id) { messages { nodes { number text } } } }', {
    id: room.id,
  })
  expect(after.messages.nodes).toEqual([
    { number: 1, text: 'before' },
    { number: 2, text: 'first' },
    { number: 3, text: 'second' },
    { number: 4, text: 'Unread' },
  ])
})
