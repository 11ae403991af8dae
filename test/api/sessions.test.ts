import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ApiClient, guest, registered } from '../support/client.ts'
import { logout, mutate } from '../support/mutate.ts'
import { startTestServer, type TestServer } from '../support/testServer.ts'

const password = 'correct horse battery'
const viewer = '{ viewer { id session { id current createdAt expiresAt userAgent } } }'

let server: TestServer
let anonymous: ApiClient
beforeAll(async () => {
  server = await startTestServer()
  anonymous = new ApiClient(server.graphql)
})
afterAll(() => server[Symbol.asyncDispose]())

const login = (username: string, given = password) =>
  mutate(anonymous, 'login', { username, password: given }, 'position token user { id } session { id current }')

describe('logging in', () => {
  test('begins a session beside those there are', async () => {
    const ada = await registered(server.graphql, 'Ada')
    const second = await login('aDA')
    expect(second).toMatchObject({ __typename: 'LoginPayload', user: { id: ada.userId }, session: { current: true } })
    const both = await Promise.all([ada, new ApiClient(server.graphql, second.token)].map((one) => one.query(viewer)))
    expect(both.map((data) => data.viewer.id)).toEqual([ada.userId, ada.userId])
    expect(both[0]?.viewer.session.id).not.toBe(both[1]?.viewer.session.id)
  })

  test('a wrong password and an unknown name get the same answer', async () => {
    await registered(server.graphql, 'known')
    const wrong = await login('known', 'not the right one')
    const unknown = await login('nobody-here', 'not the right one')
    expect(wrong).toMatchObject({ __typename: 'UnauthenticatedError', code: 'UNAUTHENTICATED' })
    expect(unknown).toEqual(wrong)
    expect(await login('not a possible name', 'not the right one')).toEqual(wrong)
  })

  test('and about the same time', async () => {
    await registered(server.graphql, 'timed')
    const times = { timed: [] as number[], 'timed-not': [] as number[] }
    for (let round = 0; round < 7; round++)
      for (const name of ['timed', 'timed-not'] as const) {
        const before = performance.now()
        await login(name, 'not the right one')
        times[name].push(performance.now() - before)
      }
    const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[3] ?? 0
    const ratio = median(times.timed) / median(times['timed-not'])
    // Without the work for unknown names it would be 10 or more; machines that are busy make it uneven.
    expect(ratio).toBeGreaterThan(1 / 4)
    expect(ratio).toBeLessThan(4)
  })

  test.each([
    ['username', { username: '', password }],
    ['password', { username: 'ada', password: '' }],
  ])('an empty %s is said to be empty', async (field, input) => {
    expect(await mutate(anonymous, 'login', input)).toMatchObject({ __typename: 'ValidationError', field })
  })
})

describe('a token', () => {
  const refusal = async (token: string) => {
    const { status, body } = await new ApiClient(server.graphql, token).post(viewer)
    return { status, code: body.errors?.[0]?.extensions?.code, data: body.data }
  }
  const unauthenticated = { status: 401, code: 'UNAUTHENTICATED', data: undefined }

  test('that is cut, altered or made up is refused, on a query for anybody too', async () => {
    const { token = '' } = await guest(server.graphql)
    expect((await new ApiClient(server.graphql, token).query(viewer)).viewer).not.toBeNull()
    const last = token.at(-2) === 'A' ? 'B' : 'A'
    const bad = [
      token.slice(0, -1),
      token.slice(1),
      `${token}A`,
      `${token.slice(0, -2)}${last}${token.at(-1)}`,
      token.split('.')[0] ?? '',
      `${token.split('.')[0]}.`,
      'nonsense',
      `${'0'.repeat(8)}-0000-4000-8000-${'0'.repeat(12)}.${token.split('.')[1]}`,
    ]
    for (const one of bad) expect(await refusal(one), one).toEqual(unauthenticated)
  })

  test('of another person does not open a session under its secret', async () => {
    const [one, two] = await Promise.all([guest(server.graphql), guest(server.graphql)])
    const mixed = `${one.token?.split('.')[0]}.${two.token?.split('.')[1]}`
    expect(await refusal(mixed)).toEqual(unauthenticated)
  })

  test('REVOKE: after logging out it is good for nothing, other sessions stay', async () => {
    const ada = await registered(server.graphql, 'leaving')
    const other = new ApiClient(server.graphql, (await login('leaving')).token)
    expect(await logout(ada)).toMatchObject({ __typename: 'LogoutPayload', endedSessions: 1 })
    expect(await refusal(ada.token ?? '')).toEqual(unauthenticated)
    const { status, body } = await ada.post('mutation { logout { __typename } }')
    expect([status, body.errors?.[0]?.extensions?.code]).toEqual([401, 'UNAUTHENTICATED'])
    expect((await other.query(viewer)).viewer.id).toBe(ada.userId)
  })
})

test('a session says whose client it is, and nobody else can see it', async () => {
  const ada = await guest(server.graphql)
  const { viewer: own } = await ada.query(viewer)
  expect(own.session).toMatchObject({ current: true, userAgent: expect.any(String) })
  expect(Date.parse(own.session.expiresAt)).toBeGreaterThan(Date.now() + 86_400_000)
  const node = 'query ($id: ID!) { node(id: $id) { __typename id } }'
  expect((await ada.query(node, { id: own.session.id })).node).toEqual({ __typename: 'Session', id: own.session.id })
  const bob = await guest(server.graphql)
  expect((await bob.query(node, { id: own.session.id })).node).toBeNull()
})
