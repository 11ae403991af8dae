import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ApiClient, createRoom, type Data, guest, join, registered, send } from '../support/client.ts'
import { mutate } from '../support/mutate.ts'
import { startTestServer, type TestServer } from '../support/testServer.ts'

let server: TestServer
let ada: ApiClient
let bob: ApiClient
let roomId: string
beforeAll(async () => {
  server = await startTestServer()
  ;[ada, bob] = await Promise.all([registered(server.graphql, 'ada'), guest(server.graphql, 'Bob')])
  roomId = (await createRoom(ada, 'Once')).id
  await join(bob, roomId)
})
afterAll(() => server[Symbol.asyncDispose]())

const conflict = { __typename: 'ConflictError', code: 'CONFLICT', field: 'clientMessageId' }
const duplicateOf = ({ message }: Data) => ({
  __typename: 'SendMessagePayload',
  duplicate: true,
  message: { id: message.id, number: message.number, revision: message.revision },
})

describe('ONCE: a message with a key', () => {
  test('is sent once; a repeat answers with the same message', async () => {
    const first = await send(bob, roomId, 'Hello', 'k1')
    expect(first).toMatchObject({ duplicate: false })
    for (let n = 0; n < 3; n++) expect(await send(bob, roomId, 'Hello', 'k1')).toMatchObject(duplicateOf(first))
  })

  test('without one each call sends', async () => {
    const [one, two] = [await send(bob, roomId, 'Hello'), await send(bob, roomId, 'Hello')]
    expect(two.message.number).toBe(one.message.number + 1)
  })

  test('does not change its text by a repeat with another one', async () => {
    const first = await send(bob, roomId, 'One', 'k2')
    for (const text of ['Two', 'One ', 'one']) expect(await send(bob, roomId, text, 'k2')).toMatchObject(conflict)
    expect(await send(bob, roomId, 'One', 'k2')).toMatchObject(duplicateOf(first))
  })

  test('is told apart by author, by conversation and byte by byte', async () => {
    const other = await createRoom(ada, 'Another')
    const made = [
      await send(ada, roomId, 'Text', 'é'),
      await send(bob, roomId, 'Text', 'é'),
      await send(ada, other.id, 'Text', 'é'),
      await send(ada, roomId, 'Text', 'e\u0301'),
      await send(ada, roomId, 'Text', 'É'),
      await send(ada, roomId, 'Text', 'é '),
    ]
    expect(made.map(({ duplicate }) => duplicate)).toEqual(made.map(() => false))
    expect(new Set(made.map(({ message }) => message.id)).size).toBe(made.length)
  })

  test.each([
    ['nothing', '', 'BAD_INPUT'],
    ['65 characters', 'x'.repeat(65), 'TOO_LARGE'],
    ['half of a surrogate pair', '\ud83d', 'BAD_INPUT'],
  ])('has no key of %s', async (_, key, code) => {
    expect(await send(bob, roomId, 'Text', key)).toMatchObject({
      __typename: 'ValidationError',
      code,
      field: 'clientMessageId',
    })
  })

  test('is recognised after an edit, by its first text', async () => {
    const first = await send(bob, roomId, 'As sent', 'k3')
    await mutate(bob, 'editMessage', { messageId: first.message.id, text: 'As edited' })
    expect(await send(bob, roomId, 'As sent', 'k3')).toMatchObject(duplicateOf(first))
    expect(await send(bob, roomId, 'As edited', 'k3')).toMatchObject(conflict)
  })

  test('is recognised after its deletion, whatever the text', async () => {
    const first = await send(bob, roomId, 'Gone', 'k4')
    await mutate(bob, 'deleteMessage', { messageId: first.message.id })
    for (const text of ['Gone', 'Something else'])
      expect(await send(bob, roomId, text, 'k4')).toMatchObject(duplicateOf(first))
    const { node } = await bob.query('query ($id: ID!) { node(id: $id) { ... on Message { text } } }', {
      id: first.message.id,
    })
    expect(node.text).toBeNull()
  })

  test('is recognised by those who have left, and in an archived room', async () => {
    const room = await createRoom(ada, 'Left and closed')
    await join(bob, room.id)
    const first = await send(bob, room.id, 'Before', 'k5')
    await mutate(bob, 'leaveRoom', { roomId: room.id })
    expect(await send(bob, room.id, 'Before', 'k5')).toMatchObject(duplicateOf(first))
    expect(await send(bob, room.id, 'New', 'k6')).toMatchObject({ __typename: 'ForbiddenError' })
    await mutate(ada, 'archiveRoom', { roomId: room.id })
    expect(await send(bob, room.id, 'Before', 'k5')).toMatchObject(duplicateOf(first))
  })

  test('is sent once when 64 come at the same time', async () => {
    const results = await Promise.all(Array.from({ length: 64 }, () => send(bob, roomId, 'At once', 'k7')))
    expect(new Set(results.map(({ message }) => message.id)).size).toBe(1)
    expect(results.filter(({ duplicate }) => !duplicate)).toHaveLength(1)
  })

  test('is sent once when two texts race for one key', async () => {
    const results = await Promise.all(Array.from({ length: 16 }, (_, n) => send(bob, roomId, `Text ${n % 2}`, 'k8')))
    expect(results.filter(({ duplicate }) => duplicate === false)).toHaveLength(1)
    expect(results.filter(({ duplicate }) => duplicate === true)).toHaveLength(7)
    expect(results.filter(({ code }) => code === 'CONFLICT')).toHaveLength(8)
  })
})
