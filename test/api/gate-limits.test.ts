// How much one client may hold and ask: of connections, subscriptions, bytes and commands.

import { expect, onTestFinished, test } from 'vitest'
import { RawSocket } from '../../src/http/rawSocket.ts'
import { type ApiClient, guest, registered } from '../support/client.ts'
import { startTestServer, type TestServer } from '../support/testServer.ts'
import { sendBy, transports } from '../support/transports.ts'

const bearer = ({ token }: ApiClient) => ({ authorization: `Bearer ${token}` })

async function feedOf(client: ApiClient): Promise<string> {
  const { room } = await client.query('{ room(slug: "general") { id } }')
  return `subscription { conversationFeed(conversationId: "${room.id}") { cursor } }`
}

/** What a socket of this person is told first: that it is taken, or with which code it is closed. */
async function socketOf(server: TestServer, client: ApiClient): Promise<RawSocket> {
  const socket = await new RawSocket(server.ws).open()
  onTestFinished(() => socket[Symbol.dispose]())
  socket.send({ type: 'connection_init', payload: bearer(client) })
  await socket.until(() => socket.received.length > 0 || socket.closed !== undefined)
  return socket
}

test('an account has only so many connections, by whichever transport, and others have theirs', async () => {
  await using server = await startTestServer()
  const ada = await guest(server.graphql)
  const query = await feedOf(ada)
  const sockets = await Promise.all(Array.from({ length: 49 }, () => socketOf(server, ada)))
  expect(sockets.map(({ closed }) => closed?.code)).toEqual(sockets.map(() => undefined))
  const streaming = new AbortController()
  const headers = { accept: 'text/event-stream', ...bearer(ada) }
  const stream = () =>
    fetch(`${server.graphql}?query=${encodeURIComponent(query)}`, { headers, signal: streaming.signal })
  expect((await stream()).status).toBe(200)

  const late = await socketOf(server, ada)
  expect(late.closed).toEqual({ code: 4291, reason: 'Too many connections of this account: close some of them' })
  expect(await (await stream()).text()).toContain('"code":"RATE_LIMITED"')
  for (const transport of ['SSE', 'WebSocket'] as const)
    expect(await sendBy(transport, server, { query, token: ada.token ?? '' })).toMatchObject({
      code: 'RATE_LIMITED',
      message: 'Your account has 50 connections open already: close some of them.',
    })
  // Those that are open go on, and what is no connection of its own is not counted.
  expect(await ada.query('{ viewer { id } }')).toEqual({ viewer: { id: ada.userId } })
  expect((await socketOf(server, await guest(server.graphql))).closed).toBeUndefined()

  sockets[0]?.socket.close()
  await sockets[0]?.closing()
  await expect.poll(async () => (await socketOf(server, ada)).closed).toBeUndefined()
  streaming.abort()
  await expect.poll(async () => (await socketOf(server, ada)).closed).toBeUndefined()
})

test('a socket holds 100 subscriptions; the next one is refused, and the socket lives on', async () => {
  await using server = await startTestServer()
  const ada = await registered(server.graphql, 'ada')
  const query = await feedOf(ada)
  using socket = await new RawSocket(server.ws).init(bearer(ada))
  for (let n = 0; n <= 100; n++) socket.subscribe(String(n), query)
  await socket.until(() => socket.received.length > 101)
  const refused = socket.received.filter(({ type }) => type === 'error')
  expect(refused).toMatchObject([{ payload: [{ extensions: { code: 'RATE_LIMITED' } }] }])
  socket.subscribe('query', '{ viewer { id } }')
  await socket.until(() => socket.of('query').length === 2)
  expect(socket.of('query')[0]?.payload).toEqual({ data: { viewer: { id: ada.userId } } })
  const open = socket.received.find(({ type }) => type === 'next')?.id
  socket.send({ type: 'complete', id: open })
  socket.subscribe('again', query)
  await socket.until(() => socket.of('again').length > 0)
  expect(socket.of('again')).toMatchObject([{ type: 'next' }])
})

test('what is sent at once has at most 1 MB', async () => {
  await using server = await startTestServer()
  const extensions = { more: 'x'.repeat(1_048_576) }
  for (const transport of ['POST', 'SSE'] as const)
    expect(await sendBy(transport, server, { query: '{ server { time } }', extensions })).toMatchObject({
      code: 'TOO_LARGE',
      status: 413,
    })
  expect(await sendBy('WebSocket', server, { query: '{ server { time } }', extensions })).toMatchObject({
    status: 1009,
  })
  const long = await fetch(
    `${server.graphql}?query={server{time}}&extensions=${JSON.stringify(extensions).slice(0, 20_000)}`,
  )
  expect(long.status).toBe(431)
})

test('commands of one account that come too fast are refused, by whichever transport they come', async () => {
  await using server = await startTestServer({ env: { PARLEY_RATE_LIMITS: 'on' } })
  const ada = await guest(server.graphql)
  const commands = Array.from({ length: 20 }, (_, n) => `a${n}: updateProfile(input: { bio: "Tea" }) { __typename }`)
  const sent = { query: `mutation { ${commands.join(' ')} }`, token: ada.token ?? '' }
  for (const by of transports.filter((transport) => transport !== 'GET')) {
    const answers = await Promise.all(Array.from({ length: 30 }, () => sendBy(by, server, sent)))
    const results = answers.flatMap(({ data }) => Object.values(data ?? {}))
    expect(results).toHaveLength(600)
    expect(results).toContainEqual({ __typename: 'RateLimitedError' })
  }
})

test('what no client of GraphQL would send ends the request, or the socket', async () => {
  await using server = await startTestServer()
  const sent = { query: '{ server { time } }', variables: [1] }
  for (const transport of ['POST', 'GET', 'SSE'] as const)
    expect(await sendBy(transport, server, sent)).toMatchObject({ code: 'BAD_INPUT' })
  expect(await sendBy('WebSocket', server, sent)).toMatchObject({ status: 4400 })
})
