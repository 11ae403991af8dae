import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ApiClient, createRoom, guest, join, registered, send } from '../support/client.ts'
import { readable } from '../support/readable.ts'
import { startTestServer, type TestServer } from '../support/testServer.ts'

let server: TestServer
let ada: ApiClient & { readonly userId: string }
let bob: ApiClient & { readonly userId: string }
const ids: Record<string, string> = {}
beforeAll(async () => {
  server = await startTestServer()
  ;[ada, bob] = await Promise.all([registered(server.graphql, 'Ada'), guest(server.graphql, 'Bob')])
  const room = await createRoom(ada, 'Nodes')
  const { message } = await send(ada, room.id, 'A node')
  await join(bob, room.id)
  await readable(server.graphql)
  const { room: seen, viewer } = await ada.query(
    'query ($id: ID) { room(id: $id) { viewerMembership { id } } viewer { session { id } } }',
    { id: room.id },
  )
  ids.User = bob.userId
  ids.Room = room.id
  ids.Message = message.id
  ids.Membership = seen.viewerMembership.id
  ids.Session = viewer.session.id
})
afterAll(() => server[Symbol.asyncDispose]())

const node = 'query ($id: ID!) { node(id: $id) { __typename id } }'
const nodes = 'query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }'
const absent = '00000000-0000-4000-8000-000000000000'

describe('a node', () => {
  test.each(['User', 'Room', 'Message', 'Membership', 'Session'])('of the type %s is found by its id', async (type) => {
    const id = ids[type]
    expect(await ada.query(node, { id })).toEqual({ node: { __typename: type, id } })
  })

  test("of another person's session is not there", async () => {
    expect(await bob.query(node, { id: ids.Session })).toEqual({ node: null })
  })

  test.each([
    '',
    'x',
    'room_',
    `room_${absent}`,
    `user_${absent}`,
    `message_${absent}`,
    `dm_${absent}`,
    `session_${absent}`,
    `membership_room_${absent}_${absent}`,
    `thing_${absent}`,
    `room_${absent}x`,
    ` room_${absent}`,
    `room_${absent}\n`,
    '__proto__',
    "room_' OR 1=1 --",
    'x'.repeat(10_000),
  ])('that is malformed or of nothing is null: %j', async (id) => {
    expect(await ada.query(node, { id })).toEqual({ node: null })
  })

  test('is not found by an id in other case, of another type, or cut', async () => {
    const room = ids.Room ?? ''
    const bad = [room.toUpperCase(), room.replace('room_', 'user_'), room.replace('room_', 'dm_'), room.slice(0, -1)]
    for (const id of bad) expect(await ada.query(node, { id }), id).toEqual({ node: null })
  })
})

describe('several nodes', () => {
  test('come in the order of their ids, with null where there is none', async () => {
    const asked = [ids.Message, 'x', ids.Room, ids.Message, `user_${absent}`]
    const found = (await ada.query(nodes, { ids: asked })).nodes
    expect(found).toEqual([
      { __typename: 'Message', id: ids.Message },
      null,
      { __typename: 'Room', id: ids.Room },
      { __typename: 'Message', id: ids.Message },
      null,
    ])
    expect((await ada.query(nodes, { ids: [] })).nodes).toEqual([])
  })

  test('are at most 100 at once', async () => {
    const one = ids.User ?? ''
    expect((await ada.query(nodes, { ids: Array(100).fill(one) })).nodes).toHaveLength(100)
    const { body } = await ada.post(nodes, { ids: Array(101).fill(one) })
    expect(body.errors?.[0]?.extensions?.code).toBe('BAD_INPUT')
  })
})

describe('a person', () => {
  const query = 'query ($id: ID, $username: String) { user(id: $id, username: $username) { id username } }'

  test('is asked for by exactly one of id and username', async () => {
    const found = { user: { id: ada.userId, username: 'Ada' } }
    for (const by of [{ id: ada.userId }, { username: 'Ada' }, { username: 'aDA' }])
      expect(await bob.query(query, by)).toEqual(found)
    for (const by of [{}, { id: ada.userId, username: 'Ada' }])
      expect((await bob.post(query, by)).body.errors?.[0]?.extensions?.code).toBe('BAD_INPUT')
  })

  test.each([
    { id: 'x' },
    { id: `user_${absent}` },
    { id: `room_${absent}` },
    { username: 'nobody' },
    { username: '' },
    { username: 'a b' },
    { username: 'x'.repeat(10_000) },
  ])('that is not there is null', async (by) => {
    expect(await bob.query(query, by)).toEqual({ user: null })
  })
})

test('a conversation is found by its id, and only by one of a conversation', async () => {
  const query = 'query ($id: ID!) { conversation(id: $id) { __typename id } }'
  const id = ids.Room
  expect(await ada.query(query, { id })).toEqual({ conversation: { __typename: 'Room', id } })
  for (const other of [ids.Message, ids.User, `room_${absent}`, `dm_${absent}`, 'x'])
    expect(await ada.query(query, { id: other }), other).toEqual({ conversation: null })
})
