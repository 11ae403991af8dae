import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ApiClient, guest, registered } from '../support/client.ts'
import { mutate } from '../support/mutate.ts'
import { startTestServer, type TestServer } from '../support/testServer.ts'

let server: TestServer
let anonymous: ApiClient
beforeAll(async () => {
  server = await startTestServer()
  anonymous = new ApiClient(server.graphql)
})
afterAll(() => server[Symbol.asyncDispose]())

const password = 'correct horse battery'
const signedInFields =
  'position token user { id username displayName kind serverRole } session { id current expiresAt }'
const register = (input: Readonly<Record<string, unknown>>) =>
  mutate(anonymous, 'register', { password, ...input }, signedInFields)

describe('registering', () => {
  test('makes an account that is signed in at once', async () => {
    const made = await register({ username: 'Ada.Lovelace' })
    expect(made).toMatchObject({
      __typename: 'RegisterPayload',
      user: { username: 'Ada.Lovelace', displayName: 'Ada.Lovelace', kind: 'HUMAN', serverRole: 'MEMBER' },
      session: { current: true },
    })
    const { viewer } = await new ApiClient(server.graphql, made.token).query(
      '{ viewer { id user { username bio } session { id current } } }',
    )
    expect(viewer).toEqual({
      id: made.user.id,
      user: { username: 'Ada.Lovelace', bio: null },
      session: { id: made.session.id, current: true },
    })
  })

  test('a display name is kept, without the white space around it', async () => {
    const made = await register({ username: 'grace', displayName: '  Grace 🚀 Hopper ' })
    expect(made).toMatchObject({ user: { displayName: 'Grace 🚀 Hopper' } })
  })

  test('a name is taken whatever its case', async () => {
    await register({ username: 'Alan' })
    const again = await register({ username: 'aLAN' })
    expect(again).toMatchObject({ __typename: 'ConflictError', code: 'CONFLICT', field: 'username' })
  })

  test('of two who register one name at the same instant one wins, and the other is told', async () => {
    const results = await Promise.all(['Twin', 'tWIN', 'twiN'].map((username) => register({ username })))
    expect(results.map(({ __typename }) => __typename).sort()).toEqual([
      'ConflictError',
      'ConflictError',
      'RegisterPayload',
    ])
    const winner = results.find(({ token }) => token !== undefined)
    const { user } = await new ApiClient(server.graphql, winner?.token).query('{ user(username: "TWIN") { id } }')
    expect(user.id).toBe(winner?.user.id)
  })

  test.each([
    ['a', 'BAD_INPUT'],
    ['', 'BAD_INPUT'],
    ['x'.repeat(33), 'TOO_LARGE'],
    ['with space', 'BAD_INPUT'],
    ['ädä', 'BAD_INPUT'],
    ['ad\u200ba', 'BAD_INPUT'],
    ['@ada', 'BAD_INPUT'],
    ['...', 'BAD_INPUT'],
    ['room', 'BAD_INPUT'],
    ['All', 'BAD_INPUT'],
    ['here', 'BAD_INPUT'],
    ['everyone', 'BAD_INPUT'],
    ['System', 'BAD_INPUT'],
  ])('the username %j is refused', async (username, code) => {
    expect(await register({ username })).toMatchObject({ __typename: 'ValidationError', code, field: 'username' })
  })

  test.each([
    ['', 'BAD_INPUT'],
    [' \t ', 'BAD_INPUT'],
    ['x'.repeat(65), 'TOO_LARGE'],
    ['two\nlines', 'BAD_INPUT'],
    ['bell\u0007', 'BAD_INPUT'],
    ['nul\0', 'BAD_INPUT'],
    ['\u202eoverride', 'BAD_INPUT'],
    ['\u2066isolate', 'BAD_INPUT'],
    ['\u200b', 'BAD_INPUT'],
    ['half \ud83d', 'BAD_INPUT'],
  ])('the display name %j is refused', async (displayName, code) => {
    const refused = await register({ username: 'never-made', displayName })
    expect(refused).toMatchObject({ __typename: 'ValidationError', code, field: 'displayName' })
  })

  test('64 emoji are a display name', async () => {
    const displayName = '😀'.repeat(64)
    expect(await register({ username: 'smiley', displayName })).toMatchObject({ user: { displayName } })
  })

  test.each([
    ['of 7 characters', 'sevench'],
    ['of 129 characters', 'long '.repeat(26).slice(0, 129)],
    ['that is common', 'password123'],
    ['that is the name', 'never-made'],
    ['that is the name in other case', 'NEVER-MADE'],
    ['with NUL', 'twelve\0chars'],
  ])('a password %s is refused', async (_, bad) => {
    const refused = await register({ username: 'never-made', password: bad })
    expect(refused).toMatchObject({ __typename: 'ValidationError', code: 'BAD_INPUT', field: 'password' })
  })

  test('a password of 8 characters is one, and so is one of 128', async () => {
    expect(await register({ username: 'short', password: 'zq8!mv4k' })).toMatchObject({ __typename: 'RegisterPayload' })
    const long = 'six 6 '.repeat(22).slice(0, 128)
    expect(await register({ username: 'long', password: long })).toMatchObject({ __typename: 'RegisterPayload' })
    expect(await mutate(anonymous, 'login', { username: 'long', password: long })).toMatchObject({
      __typename: 'LoginPayload',
    })
  })

  test('what was refused has taken no name', async () => {
    await register({ username: 'second-try', password: 'short' })
    expect(await register({ username: 'second-try' })).toMatchObject({ __typename: 'RegisterPayload' })
  })
})

describe('guests', () => {
  test('come without anything, under a name of their own', async () => {
    const [one, two] = await Promise.all([1, 2].map(() => mutate(anonymous, 'createGuest', {}, signedInFields)))
    expect(one).toMatchObject({
      __typename: 'CreateGuestPayload',
      user: { kind: 'GUEST', serverRole: 'GUEST' },
      session: { current: true },
    })
    expect(one?.user.username).not.toBe(two?.user.username)
    expect(one?.user.displayName).not.toBe('')
  })

  test('may say what they are called, as long as it is a name', async () => {
    const made = await mutate(anonymous, 'createGuest', { displayName: 'Visitor' }, signedInFields)
    expect(made).toMatchObject({ user: { displayName: 'Visitor' } })
    const refused = await mutate(anonymous, 'createGuest', { displayName: 'x\u202e' })
    expect(refused).toMatchObject({ __typename: 'ValidationError', field: 'displayName' })
  })

  test('have no password, so nobody can log in as one', async () => {
    const { user } = await mutate(anonymous, 'createGuest', {}, signedInFields)
    const refused = await mutate(anonymous, 'login', { username: user.username, password })
    expect(refused).toMatchObject({ __typename: 'UnauthenticatedError', code: 'UNAUTHENTICATED' })
  })
})

describe('a profile', () => {
  const profile = (client: ApiClient, input: Readonly<Record<string, unknown>>) =>
    mutate(client, 'updateProfile', { ...input }, 'position user { username displayName bio }')

  test('changes what is given, keeps what is left out and clears what is null', async () => {
    const client = await registered(server.graphql, 'changing')
    expect(await profile(client, { displayName: 'Change', bio: 'Tea, then code.' })).toMatchObject({
      user: { displayName: 'Change', bio: 'Tea, then code.' },
    })
    expect(await profile(client, { bio: 'Code, then tea.' })).toMatchObject({
      user: { displayName: 'Change', bio: 'Code, then tea.' },
    })
    expect(await profile(client, { displayName: null, bio: null })).toMatchObject({
      user: { username: 'changing', displayName: 'changing', bio: null },
    })
  })

  test('what is so already is not stored again', async () => {
    const client = await guest(server.graphql, 'Same')
    const first = await profile(client, { displayName: null })
    const second = await profile(client, { displayName: null })
    expect(second.position).toBe(first.position)
  })

  test('changing there and back at once ends with the last', async () => {
    const client = await guest(server.graphql, 'There')
    for (let round = 0; round < 20; round++) {
      await profile(client, { displayName: 'Back' })
      const there = await profile(client, { displayName: 'There' })
      expect(there.user.displayName, `round ${round}`).toBe('There')
    }
  })

  test('bad values are refused with their field', async () => {
    const client = await guest(server.graphql)
    expect(await profile(client, { displayName: '\u202dx' })).toMatchObject({
      __typename: 'ValidationError',
      field: 'displayName',
    })
    expect(await profile(client, { bio: 'x'.repeat(501) })).toMatchObject({
      __typename: 'ValidationError',
      code: 'TOO_LARGE',
      field: 'bio',
    })
  })
})

test('where registration is closed and guests are off, nobody new comes in', async () => {
  await using closed = await startTestServer({ env: { PARLEY_REGISTRATION: 'closed', PARLEY_GUESTS: 'off' } })
  const client = new ApiClient(closed.graphql)
  for (const [name, input] of [
    ['register', { username: 'ada', password }],
    ['createGuest', {}],
  ] as const)
    expect(await mutate(client, name, input)).toMatchObject({ __typename: 'ForbiddenError', code: 'FORBIDDEN' })
})
