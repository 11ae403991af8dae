// Everything that ends a session, while its feeds are under way and others write.

import { afterAll, beforeAll, expect, test } from 'vitest'
import { callControl } from '../../src/cli/control.ts'
import { ApiClient, createRoom, join, registered, send } from '../support/client.ts'
import { followOverEventStream, followOverSocket, type SeenEvent } from '../support/feedReader.ts'
import { mutate } from '../support/mutate.ts'
import { startTestServer, type TestServer } from '../support/testServer.ts'

const password = 'correct horse battery'
const next = 'another horse battery'

let server: TestServer
let ada: ApiClient
let conversationId: string
beforeAll(async () => {
  server = await startTestServer()
  ada = await registered(server.graphql, 'ada')
  conversationId = (await createRoom(ada, 'Tea')).id
})
afterAll(() => server[Symbol.asyncDispose]())

interface Bob {
  readonly name: string
  /** Whose feeds are to end. */
  readonly phone: ApiClient
  readonly phoneSession: string
  /** Another session of the same person. */
  readonly laptop: ApiClient
}

async function newBob(name: string): Promise<Bob> {
  const laptop = await registered(server.graphql, name)
  const anonymous = new ApiClient(server.graphql)
  const begun = await mutate(anonymous, 'login', { username: name, password }, 'token session { id }')
  return { name, laptop, phone: new ApiClient(server.graphql, begun.token), phoneSession: begun.session.id }
}

const positioned = (client: ApiClient, mutation: string, variables = {}) =>
  client.command(mutation, variables) as Promise<{ readonly position?: string }>
const endSession =
  'mutation ($input: EndSessionInput!) { endSession(input: $input) { ... on LogoutPayload { position } } }'

/** The position at which it ended; undefined where the command line, which is told none, has ended it. */
const ends: Readonly<Record<string, (bob: Bob) => Promise<{ readonly position?: string }>>> = {
  logout: ({ phone }) => positioned(phone, 'mutation { logout { ... on LogoutPayload { position } } }'),
  'endSession from another one': ({ laptop, phoneSession }) =>
    positioned(laptop, endSession, { input: { sessionId: phoneSession } }),
  'logoutEverywhere from another one': ({ laptop }) =>
    positioned(laptop, 'mutation { logoutEverywhere { ... on LogoutPayload { position } } }'),
  'a password changed in another one': ({ laptop }) =>
    mutate(laptop, 'changePassword', { currentPassword: password, newPassword: next }),
  'a password reset by the operator': async ({ name }) => {
    await callControl(server.folder, 'users.resetPassword', { user: name, password: next })
    return {}
  },
  'an account disabled by the operator': async ({ name }) => {
    await callControl(server.folder, 'users.disable', { user: name })
    return {}
  },
}

const cases = Object.keys(ends).flatMap((end) => [
  { end, over: 'a WebSocket', follow: followOverSocket, closed: 4403 },
  { end, over: 'server-sent events', follow: followOverEventStream, closed: 0 },
])

test.each(cases)('REVOKE: after $end nothing comes over $over', async ({ end, over, follow, closed }) => {
  const bob = await newBob(`bob-${cases.findIndex((one) => one.end === end && one.over === over)}`)
  await join(bob.phone, conversationId)
  const seen: SeenEvent[] = []
  const connection = follow({ graphql: server.graphql, token: bob.phone.token, conversationId }, ({ events }) => {
    seen.push(...events)
  })
  const stopping = new AbortController()
  const sent: { readonly revision: number; readonly position: string; readonly after: boolean }[] = []
  let hasEnded = false
  const writing = (async () => {
    while (!stopping.signal.aborted) {
      const after = hasEnded
      const { message, position } = await send(ada, conversationId, 'tea')
      sent.push({ revision: message.revision, position, after })
    }
  })()
  await expect.poll(() => seen.length, { timeout: 15_000, interval: 2 }).toBeGreaterThan(4)
  const { position } = await (ends[end]?.(bob) ?? {})
  // What is sent from now on certainly stands after the end.
  hasEnded = true
  expect(await connection.ended).toMatchObject({ closeCode: closed })
  await expect.poll(() => sent.some(({ after }) => after), { timeout: 15_000, interval: 2 }).toBe(true)
  stopping.abort()
  await writing
  // Both are of one log, whose positions compare as strings.
  const late = new Set(
    sent
      .filter((one) => one.after || (position !== undefined && one.position > position))
      .map(({ revision }) => revision),
  )
  expect(late.size).toBeGreaterThan(0)
  expect(seen.filter(({ revision }) => late.has(revision))).toEqual([])
  expect((await bob.phone.post('{ viewer { id } }')).status).toBe(401)
  const again = follow({ graphql: server.graphql, token: bob.phone.token, conversationId }, ({ events }) => {
    seen.push(...events)
  })
  const refused = await again.ended
  expect(seen.filter(({ revision }) => late.has(revision))).toEqual([])
  if (closed === 0) expect(refused.errors).toEqual(['UNAUTHENTICATED'])
  else expect(refused.closeCode).toBe(4403)
})
