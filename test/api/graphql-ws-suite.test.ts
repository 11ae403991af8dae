// What graphql-ws's own tests ask of a server, asked of this one: connections and single messages. graphql-ws-suite-operations.test.ts
// has what they ask of operations. docs/reference/websocket-protocol.md lists where the answers differ, and why.

import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { RawSocket } from '../../src/http/rawSocket.ts'
import { startTestServer } from '../../src/http/serverForTests.ts'

const server = await startTestServer()
afterAll(() => server[Symbol.asyncDispose]())

/** Long enough for an answer that should not come. */
const aWhile = 60

/** What an upgrade is answered with: the subprotocol, or the status of the refusal. */
async function offered(protocols: readonly string[]): Promise<string | number | undefined> {
  const socket = new WebSocket(server.socketUrl, [...protocols])
  try {
    return await new Promise((resolve, reject) => {
      socket.on('open', () => resolve(socket.protocol))
      socket.on('unexpected-response', (_request, { statusCode }) => resolve(statusCode))
      socket.on('error', reject)
    })
  } finally {
    // It may still be connecting, which `terminate` says as an error.
    socket.on('error', () => {})
    socket.terminate()
  }
}

test('the subprotocol is taken wherever it stands among those offered, and no other is', async () => {
  const ours = 'graphql-transport-ws'
  expect(await offered([ours])).toBe(ours)
  expect(await offered(['this', ours, 'one'])).toBe(ours)
  for (const protocols of [
    ['notme'],
    ['notme', 'notmeither'],
    ['graphql', 'json'],
    [`${ours}gibberish`],
    ['GraphQL-Transport-WS'],
  ])
    expect([protocols, await offered(protocols)]).toEqual([protocols, 400])
})

test('connection_init is acknowledged, with any payload that is an object, or none', async () => {
  for (const payload of [undefined, null, {}, { some: 'string', with: 'a', number: 10 }]) {
    using socket = await new RawSocket(server.socketUrl).open()
    socket.send({ type: 'connection_init', ...(payload === undefined ? {} : { payload }) })
    await socket.until(() => socket.received.length > 0)
    expect(socket.received).toEqual([{ type: 'connection_ack' }])
  }
})

test('what connection_init brings counts for all operations of its socket', async () => {
  using socket = await new RawSocket(server.socketUrl).init({ authorization: 'Bearer token-ada' })
  socket.subscribe('1', '{ viewer }')
  await socket.until(() => socket.of('1').length === 2)
  expect(socket.of('1')[0]?.payload).toEqual({ data: { viewer: server.identityOf('token-ada').userId } })
})

test('a connection that is not let in is closed with 4403', async () => {
  using socket = await new RawSocket(server.socketUrl).open()
  socket.send({ type: 'connection_init', payload: { authorization: 'Bearer nonsense' } })
  expect(await socket.closing()).toEqual({ code: 4403, reason: 'The token is not valid' })
  expect(socket.received).toEqual([])
})

test('a connection that says nothing is closed with 4408 when its time is over', async () => {
  await using brisk = await startTestServer({ limits: { initMs: 20 } })
  using socket = await new RawSocket(brisk.socketUrl).open()
  expect(await socket.closing()).toEqual({ code: 4408, reason: 'Connection initialisation timeout' })
})

test('a connection is not closed when that time ends while it is still looked up who it is', async () => {
  await using brisk = await startTestServer({ limits: { initMs: 20 } })
  const { gate } = brisk
  const identify = gate.identify.bind(gate)
  gate.identify = async (authorization) => {
    await sleep(100)
    return identify(authorization)
  }
  using socket = await new RawSocket(brisk.socketUrl).init({ authorization: 'Bearer token-ada' })
  await sleep(aWhile)
  expect(socket.closed).toBeUndefined()
})

test('a second connection_init closes with 4429, even while the first is not answered yet', async () => {
  using early = await new RawSocket(server.socketUrl).open()
  early.send({ type: 'connection_init' })
  early.send({ type: 'connection_init' })
  expect(await early.closing()).toEqual({ code: 4429, reason: 'Too many initialisation requests' })
  using late = await new RawSocket(server.socketUrl).init()
  late.send({ type: 'connection_init' })
  expect(await late.closing()).toEqual({ code: 4429, reason: 'Too many initialisation requests' })
})

test('an operation before the acknowledgement closes with 4401, one right after it is taken', async () => {
  using early = await new RawSocket(server.socketUrl).open()
  early.subscribe('1', 'subscription NoAck { silence }')
  expect(await early.closing()).toEqual({ code: 4401, reason: 'Unauthorized' })
  using eager = await new RawSocket(server.socketUrl).open()
  eager.socket.once('message', () => eager.subscribe('1', '{ hello }'))
  eager.send({ type: 'connection_init' })
  await eager.until(() => eager.of('1').length === 2)
  expect(eager.closed).toBeUndefined()
})

test('ping is answered with pong and its payload, before the acknowledgement too; pong with nothing', async () => {
  using socket = await new RawSocket(server.socketUrl).open()
  socket.send({ type: 'ping' })
  socket.send({ type: 'ping', payload: { iCome: 'back' } })
  socket.send({ type: 'ping', payload: null })
  socket.send({ type: 'pong' })
  socket.send({ type: 'pong', payload: { not: 'relevant' } })
  await socket.until(() => socket.received.length === 3)
  await sleep(aWhile)
  expect(socket.received).toEqual([{ type: 'pong' }, { type: 'pong', payload: { iCome: 'back' } }, { type: 'pong' }])
  expect(socket.closed).toBeUndefined()
})

test('the server pings by the WebSocket protocol, and drops whoever does not answer', async () => {
  await using brisk = await startTestServer({ limits: { initMs: 30, pingMs: 40 } })
  using lively = await new RawSocket(brisk.socketUrl).init()
  await once(lively.socket, 'ping')
  const silent = new WebSocket(brisk.socketUrl, 'graphql-transport-ws', { autoPong: false })
  await once(silent, 'open')
  silent.send('{"type":"connection_init"}')
  await once(silent, 'ping')
  const [code] = await once(silent, 'close')
  expect(code).toBe(1006)
  expect(lively.closed).toBeUndefined()
})

const subscribe = (payload: unknown, id: unknown = 'id') => ({ type: 'subscribe', id, payload })

const invalid: readonly unknown[] = [
  ...[{}, '', [], 0, 9, null, true],
  ...[{ type: '' }, { type: null }, { type: 0 }, { type: 'nuxt' }],
  ...['', 0, [], 'text'].map((payload) => ({ type: 'connection_init', payload })),
  ...['', 0].map((payload) => ({ type: 'ping', payload })),
  { type: 'pong', payload: 'text' },
  ...[{ type: 'subscribe' }, { type: 'subscribe', id: 'id' }],
  ...[0, '', null].map((id) => subscribe({ query: '{ hello }' }, id)),
  ...[[], '', {}, { query: 0 }, { query: {} }].map((payload) => subscribe(payload)),
  ...[0, {}].map((operationName) => subscribe({ query: '', operationName })),
  ...['', 0].flatMap((value) =>
    [{ variables: value }, { extensions: value }].map((more) => subscribe({ query: '', ...more })),
  ),
  // What only servers send.
  { type: 'connection_ack' },
  ...[{ id: 'id' }, { id: 'id', payload: { data: {} } }, {}].map((rest) => ({ type: 'next', ...rest })),
  ...[{ id: 'id' }, { id: 'id', payload: [{ message: 'I am Error' }] }].map((rest) => ({ type: 'error', ...rest })),
  ...[{}, { id: '' }, { id: 0 }].map((rest) => ({ type: 'complete', ...rest })),
]

test(`each of ${invalid.length} messages that are none, and what is no JSON, closes with 4400`, async () => {
  for (const text of [...invalid.map((message) => JSON.stringify(message)), '{', 'undefined', '']) {
    using socket = await new RawSocket(server.socketUrl).init()
    socket.socket.send(text)
    const { code, reason } = await socket.closing()
    expect([text, code, reason]).toEqual([text, 4400, 'Invalid message received'])
  }
})

test('what a message has beside what is asked for does no harm, nor do members that are null', async () => {
  using socket = await new RawSocket(server.socketUrl).init()
  const none = { operationName: null, variables: null, extensions: null }
  socket.send({ type: 'subscribe', id: '1', payload: { query: '{ hello }', ...none }, more: true })
  await socket.until(() => socket.of('1').length === 2)
  expect(socket.of('1').map(({ type }) => type)).toEqual(['next', 'complete'])
})

test('complete for what is not there is heard in silence', async () => {
  using socket = await new RawSocket(server.socketUrl).init()
  socket.send({ type: 'complete', id: 'never subscribed' })
  socket.send({ type: 'ping' })
  await socket.until(() => socket.received.length === 2)
  expect(socket.received.at(-1)).toEqual({ type: 'pong' })
})

test('a server that cannot find out who somebody is says so with 1013, and nothing of why', async () => {
  await using fresh = await startTestServer()
  // As where the log cannot be read.
  fresh.ended.has = () => {
    throw new Error(`a secret text, ${'too long for the reason of a close frame, '.repeat(4)}`)
  }
  using socket = await new RawSocket(fresh.socketUrl).open()
  socket.send({ type: 'connection_init', payload: { authorization: 'Bearer token-ada' } })
  expect(await socket.closing()).toEqual({ code: 1013, reason: 'Come back later' })
})

test('what breaks where nothing should closes with 4500, and nothing of why', async () => {
  await using fresh = await startTestServer()
  const bug = async () => {
    throw new Error('a secret text')
  }
  fresh.gate.identify = bug
  using connecting = await new RawSocket(fresh.socketUrl).open()
  connecting.send({ type: 'connection_init' })
  expect(await connecting.closing()).toEqual({ code: 4500, reason: 'Internal server error' })
})

test('a server that stops sends everybody away cleanly, with 1012', async () => {
  const stopping = await startTestServer()
  using one = await new RawSocket(stopping.socketUrl).init()
  using other = await new RawSocket(stopping.socketUrl).open()
  await stopping[Symbol.asyncDispose]()
  for (const socket of [one, other])
    expect(await socket.closing()).toEqual({ code: 1012, reason: 'Restarting, come back' })
})
