import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ApiClient, guest, registered } from '../support/client.ts'
import { logout, mutate } from '../support/mutate.ts'
import { startTestServer, type TestServer } from '../support/testServer.ts'

const password = 'correct horse battery'
const next = 'another horse battery'

let server: TestServer
let anonymous: ApiClient
beforeAll(async () => {
  server = await startTestServer()
  anonymous = new ApiClient(server.graphql)
})
afterAll(() => server[Symbol.asyncDispose]())

/** Another sign-in of somebody. */
async function login(username: string, given = password) {
  const { token, session } = await mutate(anonymous, 'login', { username, password: given }, 'token session { id }')
  return Object.assign(new ApiClient(server.graphql, token), { sessionId: String(session?.id) })
}

const sessionsOf = async (client: ApiClient) =>
  (await client.query('{ viewer { sessions { id current createdAt lastUsedAt expiresAt userAgent } } }')).viewer
    .sessions

const ended = async (client: ApiClient) => {
  const { status, body } = await client.post('{ viewer { id } }')
  return [status, body.errors?.[0]?.extensions?.code]
}
const unauthenticated = [401, 'UNAUTHENTICATED']
const logoutEverywhere = (client: ApiClient) =>
  client.command(
    'mutation { logoutEverywhere { __typename ... on Error { code detail } ... on LogoutPayload { position endedSessions } } }',
  )
const endSession = (client: ApiClient, sessionId: string) =>
  client.command(
    'mutation ($input: EndSessionInput!) { endSession(input: $input) { __typename ... on Error { code detail field } ... on LogoutPayload { position endedSessions } } }',
    { input: { sessionId } },
  )
const changePassword = (client: ApiClient, input: object) =>
  mutate(client, 'changePassword', { currentPassword: password, newPassword: next, ...input }, 'position endedSessions')

describe('one’s own sessions', () => {
  test('are listed newest first, with the one that asks, and without those that have ended', async () => {
    const ada = await registered(server.graphql, 'ada')
    const phone = await login('ada')
    const tablet = await login('ada')
    expect(await sessionsOf(phone)).toMatchObject([
      { id: tablet.sessionId, current: false, userAgent: expect.any(String) },
      { id: phone.sessionId, current: true },
      { current: false },
    ])
    await logout(tablet)
    expect((await sessionsOf(ada)).map(({ current }: { current: boolean }) => current)).toEqual([false, true])
    const bob = await registered(server.graphql, 'bob')
    expect(await sessionsOf(bob)).toHaveLength(1)
  })

  test('REVOKE: are ended one by one, from another one', async () => {
    const carol = await registered(server.graphql, 'carol')
    const phone = await login('carol')
    const done = await endSession(carol, phone.sessionId)
    expect(done).toMatchObject({ __typename: 'LogoutPayload', endedSessions: 1 })
    expect(await ended(phone)).toEqual(unauthenticated)
    const again = await endSession(carol, phone.sessionId)
    expect(again).toMatchObject({ __typename: 'LogoutPayload', endedSessions: 0 })
    expect(await sessionsOf(carol)).toHaveLength(1)
  })

  test('are one’s own: a session of somebody else is not there, and goes on', async () => {
    const dan = await guest(server.graphql)
    const eve = await guest(server.graphql)
    const [{ id }] = await sessionsOf(eve)
    for (const sessionId of [id, 'session_00000000-0000-4000-8000-000000000000', eve.userId, 'nonsense', ''])
      expect(await endSession(dan, sessionId), sessionId).toMatchObject({
        __typename: 'NotFoundError',
        code: 'NOT_FOUND',
        field: 'sessionId',
      })
    expect(await sessionsOf(eve)).toMatchObject([{ id, current: true }])
  })

  test('REVOKE: end all together, the one that asks too', async () => {
    const frank = await registered(server.graphql, 'frank')
    const [phone, tablet] = [await login('frank'), await login('frank')]
    await logout(tablet)
    expect(await logoutEverywhere(frank)).toMatchObject({ __typename: 'LogoutPayload', endedSessions: 2 })
    expect(await Promise.all([frank, phone, tablet].map(ended))).toEqual([
      unauthenticated,
      unauthenticated,
      unauthenticated,
    ])
    const back = await login('frank')
    expect(await sessionsOf(back)).toMatchObject([{ id: back.sessionId, current: true }])
  })
})

describe('a changed password', () => {
  test('REVOKE: ends every session but the one that asks, and is the only one from then on', async () => {
    const grace = await registered(server.graphql, 'grace')
    const [phone, tablet] = [await login('grace'), await login('grace')]
    expect(await changePassword(phone, {})).toMatchObject({ __typename: 'ChangePasswordPayload', endedSessions: 2 })
    expect(await Promise.all([grace, tablet].map(ended))).toEqual([unauthenticated, unauthenticated])
    expect(await sessionsOf(phone)).toMatchObject([{ id: phone.sessionId, current: true }])
    expect(await mutate(anonymous, 'login', { username: 'grace', password })).toMatchObject({ code: 'UNAUTHENTICATED' })
    const back = await login('grace', next)
    expect(await sessionsOf(back)).toHaveLength(2)
  })

  test('needs the current one', async () => {
    const heidi = await registered(server.graphql, 'heidi')
    expect(await changePassword(heidi, { currentPassword: 'not the right one' })).toMatchObject({
      __typename: 'UnauthenticatedError',
      code: 'UNAUTHENTICATED',
      field: 'currentPassword',
    })
    expect(await changePassword(heidi, { currentPassword: '' })).toMatchObject({
      __typename: 'ValidationError',
      field: 'currentPassword',
    })
    expect(await sessionsOf(heidi)).toHaveLength(1)
    await login('heidi')
  })

  test.each([
    ['that is too short', 'judge-1', 'sevench'],
    ['that is common', 'judge-2', 'password123'],
    ['that is the name', 'the-third-judge', 'The-Third-Judge'],
    ['that is the same', 'judge-4', password],
  ])('is refused for one %s', async (_, name, newPassword) => {
    const judge = await registered(server.graphql, name)
    expect(await changePassword(judge, { newPassword })).toMatchObject({
      __typename: 'ValidationError',
      code: 'BAD_INPUT',
      field: 'newPassword',
    })
    await login(name)
  })

  test('is not for guests, who are told how they get one', async () => {
    const refused = await changePassword(await guest(server.graphql), {})
    expect(refused).toMatchObject({ __typename: 'ValidationError', detail: expect.stringContaining('claimGuest') })
  })
})

test('a wrong current password makes the next tries wait, at login too', async () => {
  await using limited = await startTestServer({ env: { PARLEY_RATE_LIMITS: 'on' } })
  const ivan = await registered(limited.graphql, 'ivan')
  expect(await changePassword(ivan, { currentPassword: 'not the right one' })).toMatchObject({
    code: 'UNAUTHENTICATED',
  })
  const waiting = await changePassword(ivan, {})
  expect(waiting).toMatchObject({ __typename: 'RateLimitedError', retryAfterSeconds: 1 })
  const asked = { username: 'ivan', password }
  expect(await mutate(new ApiClient(limited.graphql), 'login', asked)).toMatchObject({ code: 'RATE_LIMITED' })
  await new Promise((resolve) => setTimeout(resolve, 1_050))
  expect(await changePassword(ivan, {})).toMatchObject({ __typename: 'ChangePasswordPayload' })
})
