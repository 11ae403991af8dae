import { afterAll, beforeAll, expect, test } from 'vitest'
import { ApiClient, createRoom, guest, join, registered, send } from '../support/client.ts'
import { mutate } from '../support/mutate.ts'
import { startTestServer, type TestServer } from '../support/testServer.ts'

const password = 'correct horse battery'
const fields = 'position user { id username displayName kind serverRole }'

let server: TestServer
let anonymous: ApiClient
beforeAll(async () => {
  server = await startTestServer()
  anonymous = new ApiClient(server.graphql)
})
afterAll(() => server[Symbol.asyncDispose]())

const claim = (client: ApiClient, input: object) => mutate(client, 'claimGuest', { password, ...input }, fields)
const byName = async (client: ApiClient, username: string) =>
  (await client.query('query ($username: String!) { user(username: $username) { id } }', { username })).user

test('a guest becomes an ordinary account: the session goes on, and so does everything that was said', async () => {
  const otto = await guest(server.graphql, 'Otto the Otter')
  const ada = await registered(server.graphql, 'ada')
  const { viewer } = await otto.query('{ viewer { user { username kind } } }')
  expect(viewer.user.kind).toBe('GUEST')
  const room = await createRoom(ada, 'Otters')
  await join(otto, room.id)
  const { message } = await send(otto, room.id, 'Hello!')

  expect(await claim(otto, { username: 'Otto' })).toMatchObject({
    __typename: 'ClaimGuestPayload',
    user: { id: otto.userId, username: 'Otto', displayName: 'Otto the Otter', kind: 'HUMAN', serverRole: 'MEMBER' },
  })
  const after = await otto.query(
    'query ($id: ID!) { viewer { user { username kind } } node(id: $id) { ... on Message { author { id username } } } }',
    {
      id: message.id,
    },
  )
  expect(after).toEqual({
    viewer: { user: { username: 'Otto', kind: 'HUMAN' } },
    node: { author: { id: otto.userId, username: 'Otto' } },
  })
  expect(await byName(ada, 'OTTO')).toEqual({ id: otto.userId })
  expect(await byName(ada, viewer.user.username)).toBeNull()
  expect(await mutate(anonymous, 'login', { username: 'otto', password }, 'user { id }')).toMatchObject({
    user: { id: otto.userId },
  })
  expect(await send(otto, room.id, 'Hello again!')).toMatchObject({ message: { number: 2 } })
  expect(await createRoom(otto, 'Otto’s own')).toMatchObject({ slug: 'otto-s-own' })
})

test('asked again it is as it was asked for; asked for something else it is too late', async () => {
  const client = await guest(server.graphql)
  await claim(client, { username: 'twice' })
  expect(await claim(client, { username: 'Twice' })).toMatchObject({ user: { id: client.userId, username: 'twice' } })
  expect(await claim(client, { username: 'thrice' })).toMatchObject({ __typename: 'ConflictError', code: 'CONFLICT' })
  expect(await claim(client, { username: 'twice', password: 'another horse battery' })).toMatchObject({
    __typename: 'ConflictError',
  })
  const ordinary = await registered(server.graphql, 'ordinary')
  expect(await claim(ordinary, { username: 'other' })).toMatchObject({ __typename: 'ConflictError' })
})

test.each([
  [{ username: 'TAKEN' }, 'ConflictError', 'CONFLICT', 'username'],
  [{ username: 'x' }, 'ValidationError', 'BAD_INPUT', 'username'],
  [{ username: 'x'.repeat(33) }, 'ValidationError', 'TOO_LARGE', 'username'],
  [{ username: 'everyone' }, 'ValidationError', 'BAD_INPUT', 'username'],
  [{ username: 'new-one', password: 'sevench' }, 'ValidationError', 'BAD_INPUT', 'password'],
  [{ username: 'new-one', password: 'password123' }, 'ValidationError', 'BAD_INPUT', 'password'],
  [{ username: 'new-one', password: 'NEW-ONE' }, 'ValidationError', 'BAD_INPUT', 'password'],
])('%j is refused, and the guest stays a guest', async (input, type, code, field) => {
  await mutate(anonymous, 'register', { username: 'taken', password })
  const client = await guest(server.graphql)
  expect(await claim(client, input)).toMatchObject({ __typename: type, code, field })
  expect((await client.query('{ viewer { user { kind } } }')).viewer.user.kind).toBe('GUEST')
})

test('of several guests who claim one name at the same instant one gets it, and the others are told', async () => {
  const guests = await Promise.all([1, 2, 3, 4].map(() => guest(server.graphql)))
  const results = await Promise.all(
    guests.map((client, index) => claim(client, { username: index % 2 ? 'Wanted' : 'wanted' })),
  )
  expect(results.map(({ __typename }) => __typename).sort()).toEqual([
    'ClaimGuestPayload',
    'ConflictError',
    'ConflictError',
    'ConflictError',
  ])
  const winner = results.find(({ user }) => user !== undefined)
  expect(await byName(guests[0] ?? anonymous, 'wanted')).toEqual({ id: winner?.user.id })
})

test('where nobody may register, guests stay guests', async () => {
  await using closed = await startTestServer({ env: { PARLEY_REGISTRATION: 'closed' } })
  const client = await guest(closed.graphql)
  expect(await claim(client, { username: 'otto' })).toMatchObject({ __typename: 'ForbiddenError', code: 'FORBIDDEN' })
})
