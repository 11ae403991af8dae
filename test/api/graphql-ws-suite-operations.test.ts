// What graphql-ws's own tests ask of a server, asked of this one: operations, their end, and the end of their socket.
// docs/reference/websocket-protocol.md lists where the answers differ, and why.

import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { RawSocket } from '../../src/http/rawSocket.ts'
import { startTestServer, type TestServer } from '../../src/http/serverForTests.ts'

/** Long enough for an answer that should not come. */
const aWhile = 60

const types = (socket: RawSocket, id: string): readonly string[] => socket.of(id).map(({ type }) => type)

/** Operations from now on stay at the door, until they are let in. */
function holding({ gate }: TestServer): { readonly asked: Promise<void>; letIn(): void } {
  const identify = gate.identify.bind(gate)
  const asked = Promise.withResolvers<void>()
  const open = Promise.withResolvers<void>()
  gate.identify = async (authorization) => {
    asked.resolve()
    await open.promise
    return identify(authorization)
  }
  return {
    asked: asked.promise,
    letIn: () => {
      gate.identify = identify
      open.resolve()
    },
  }
}

/** Every feed that was opened has ended. */
const nothingOpen = ({ feeds }: TestServer) =>
  expect.poll(() => feeds.opened - feeds.returned, { timeout: 15_000 }).toBe(0)

test('a query and a mutation are answered with one next and complete', async () => {
  await using server = await startTestServer()
  using socket = await new RawSocket(server.socketUrl).init()
  socket.subscribe('query', 'query Named { hello }', { operationName: 'Named', variables: {} })
  socket.subscribe('mutation', 'mutation { bump }')
  await socket.until(() => types(socket, 'query').length === 2 && types(socket, 'mutation').length === 2)
  expect(socket.of('query')).toEqual([
    { id: 'query', type: 'next', payload: { data: { hello: 'world' } } },
    { id: 'query', type: 'complete' },
  ])
  expect(socket.of('mutation')).toEqual([
    { id: 'mutation', type: 'next', payload: { data: { bump: 1 } } },
    { id: 'mutation', type: 'complete' },
  ])
})

test('of several operations in a document the named one is carried out; none of that name is an error', async () => {
  await using server = await startTestServer()
  using socket = await new RawSocket(server.socketUrl).init()
  const query = 'query One { one: hello } query Two { two: hello }'
  socket.subscribe('named', query, { operationName: 'Two' })
  socket.subscribe('unnamed', query)
  socket.subscribe('misnamed', query, { operationName: 'Three' })
  await socket.until(() => ['named', 'unnamed', 'misnamed'].every((id) => types(socket, id).length > 0))
  expect(socket.of('named')[0]?.payload).toEqual({ data: { two: 'world' } })
  for (const id of ['unnamed', 'misnamed']) expect(types(socket, id)).toEqual(['error'])
})

test('a subscription is answered with its frames in order, and complete', async () => {
  await using server = await startTestServer()
  using socket = await new RawSocket(server.socketUrl).init()
  socket.subscribe('1', 'subscription Count { count(to: 3) }', { operationName: 'Count' })
  await socket.until(() => types(socket, '1').includes('complete'))
  expect(socket.of('1').map(({ type, payload }) => [type, (payload as { data?: object } | undefined)?.data])).toEqual([
    ['next', { count: 1 }],
    ['next', { count: 2 }],
    ['next', { count: 3 }],
    ['complete', undefined],
  ])
})

test('errors of syntax and of validation are one error message with all of them; the socket stays open', async () => {
  await using server = await startTestServer()
  using socket = await new RawSocket(server.socketUrl).init()
  socket.subscribe('syntax', 'query {')
  socket.subscribe('empty', '')
  socket.subscribe('validation', 'query TestNoField { testNumber testBoolean }')
  await socket.until(() => ['syntax', 'empty', 'validation'].every((id) => types(socket, id).length > 0))
  await sleep(aWhile)
  for (const id of ['syntax', 'empty', 'validation']) expect(types(socket, id)).toEqual(['error'])
  expect(socket.of('validation')[0]?.payload).toMatchObject([
    { message: expect.stringContaining('testNumber'), locations: [{ line: 1, column: 21 }] },
    { message: expect.stringContaining('testBoolean'), locations: [{ line: 1, column: 32 }] },
  ])
  expect(socket.closed).toBeUndefined()
})

test('errors of execution come within next, beside the data, and complete follows', async () => {
  await using server = await startTestServer()
  using socket = await new RawSocket(server.socketUrl).init()
  socket.subscribe('1', '{ hello fail }')
  await socket.until(() => types(socket, '1').length === 2)
  expect(types(socket, '1')).toEqual(['next', 'complete'])
  expect(socket.of('1')[0]?.payload).toMatchObject({
    data: { hello: 'world', fail: null },
    errors: [{ path: ['fail'] }],
  })
})

test('a source that fails ends its subscription with an error, after the frames before it, and nothing follows', async () => {
  await using server = await startTestServer()
  using socket = await new RawSocket(server.socketUrl).init()
  socket.subscribe('1', 'subscription { gone }')
  await socket.until(() => types(socket, '1').includes('error'))
  await sleep(aWhile)
  expect(types(socket, '1')).toEqual(['next', 'error'])
  expect(socket.closed).toBeUndefined()
})

test('an id is taken while its operation runs, or is still being looked at: 4409', async () => {
  await using server = await startTestServer()
  for (const query of ['subscription { silence }', '{ slow(ms: 5000) }']) {
    using socket = await new RawSocket(server.socketUrl).init()
    socket.subscribe('not-unique', query)
    socket.subscribe('not-unique', '{ hello }')
    expect(await socket.closing()).toEqual({ code: 4409, reason: 'Subscriber for not-unique already exists' })
  }
  using socket = await new RawSocket(server.socketUrl).init()
  const { asked, letIn } = holding(server)
  socket.subscribe('not-unique', '{ hello }')
  await asked
  socket.subscribe('not-unique', '{ hello }')
  expect(await socket.closing()).toMatchObject({ code: 4409 })
  letIn()
  await nothingOpen(server)
})

test('an id is free again when its operation has ended in whichever way', async () => {
  await using server = await startTestServer()
  using socket = await new RawSocket(server.socketUrl).init()
  const documents = ['{ hello }', '{ nonsense }', '{ fail }', 'subscription { forbidden }', 'subscription { broken }']
  for (const query of [...documents, 'subscription { gone }', 'subscription { count(to: 1) }', '{ hello }']) {
    const before = socket.received.length
    socket.subscribe('1', query)
    await socket.until(() => socket.received.slice(before).some(({ type }) => type === 'complete' || type === 'error'))
  }
  expect(socket.closed).toBeUndefined()
})

test('complete from the client ends the feed, and is not answered', async () => {
  await using server = await startTestServer()
  using socket = await new RawSocket(server.socketUrl).init()
  socket.subscribe('1', 'subscription { silence }')
  await expect.poll(() => server.feeds.opened).toBe(1)
  socket.send({ type: 'complete', id: '1' })
  await nothingOpen(server)
  await sleep(aWhile)
  expect(socket.of('1')).toEqual([])
})

test('nothing of a subscription comes after what was under way when the client completed it', async () => {
  await using server = await startTestServer()
  using socket = await new RawSocket(server.socketUrl).init()
  socket.subscribe('1', 'subscription { count(to: 1000000000) }')
  await socket.until(() => types(socket, '1').length > 10)
  socket.send({ type: 'complete', id: '1' })
  await nothingOpen(server)
  // Whatever was written before is here when this is answered.
  socket.send({ type: 'ping' })
  await socket.until(() => socket.received.some(({ type }) => type === 'pong'))
  const had = socket.of('1').length
  await sleep(aWhile)
  expect(socket.of('1').length).toBe(had)
  expect(types(socket, '1').every((type) => type === 'next')).toBe(true)
})

test('a long query that the client completes is not answered', async () => {
  await using server = await startTestServer()
  using socket = await new RawSocket(server.socketUrl).init()
  socket.subscribe('1', '{ slow(ms: 60) }')
  socket.send({ type: 'complete', id: '1' })
  await sleep(60 + aWhile)
  expect(socket.of('1')).toEqual([])
})

test('a subscription that is completed while it is being opened never begins', async () => {
  await using server = await startTestServer()
  using socket = await new RawSocket(server.socketUrl).init()
  const { asked, letIn } = holding(server)
  socket.subscribe('1', 'subscription { count(to: 3) }')
  await asked
  socket.send({ type: 'complete', id: '1' })
  socket.send({ type: 'ping' })
  await socket.until(() => socket.received.some(({ type }) => type === 'pong'))
  letIn()
  await sleep(aWhile)
  await nothingOpen(server)
  expect(socket.of('1')).toEqual([])
})

test('an id that is used again while what was completed is still being opened belongs to the new one', async () => {
  await using server = await startTestServer()
  for (const first of ['subscription { silence }', 'subscription { count(to: 3) }', '{ hello }', '{ nonsense }']) {
    using socket = await new RawSocket(server.socketUrl).init()
    const { asked, letIn } = holding(server)
    socket.subscribe('1', first)
    await asked
    socket.send({ type: 'complete', id: '1' })
    socket.subscribe('1', 'subscription { silence }')
    socket.send({ type: 'ping' })
    await socket.until(() => socket.received.some(({ type }) => type === 'pong'))
    letIn()
    await expect.poll(() => server.feeds.opened - server.feeds.returned).toBe(1)
    await sleep(aWhile)
    expect([first, socket.of('1')]).toEqual([first, []])
    expect(server.feeds.opened - server.feeds.returned).toBe(1)
    // The protocol still knows it.
    socket.send({ type: 'complete', id: '1' })
    await nothingOpen(server)
  }
})

test('an id that is used again at once, after a running subscription was completed, belongs to the new one', async () => {
  await using server = await startTestServer()
  using socket = await new RawSocket(server.socketUrl).init()
  socket.subscribe('1', 'subscription { silence }')
  await expect.poll(() => server.feeds.opened).toBe(1)
  socket.send({ type: 'complete', id: '1' })
  socket.subscribe('1', 'subscription { silence }')
  await expect.poll(() => server.feeds.opened).toBe(2)
  await sleep(aWhile)
  expect(socket.of('1')).toEqual([])
  expect(server.feeds.opened - server.feeds.returned).toBe(1)
  // The protocol still knows it.
  socket.send({ type: 'complete', id: '1' })
  await nothingOpen(server)
})

test('a socket that closes ends all of its feeds, though one of them never says that it has ended', async () => {
  await using server = await startTestServer()
  for (const leave of [
    ({ socket }: RawSocket) => socket.close(4321, 'Byebye'),
    ({ socket }: RawSocket) => socket.terminate(),
  ]) {
    const socket = await new RawSocket(server.socketUrl).init()
    const { opened } = server.feeds
    socket.subscribe('stuck', 'subscription { stuck }')
    socket.subscribe('1', 'subscription { silence }')
    socket.subscribe('2', 'subscription { silence }')
    await expect.poll(() => server.feeds.opened).toBe(opened + 3)
    leave(socket)
    await nothingOpen(server)
  }
})

test('a socket that closes while its subscription is being opened leaves nothing open', async () => {
  await using server = await startTestServer()
  for (const query of ['subscription { silence }', 'subscription { forbidden }', '{ hello }', '{ nonsense }']) {
    const socket = await new RawSocket(server.socketUrl).init()
    const { asked, letIn } = holding(server)
    socket.subscribe('1', query)
    await asked
    socket.socket.close(4321, 'Byebye')
    await socket.closing()
    letIn()
    await sleep(aWhile)
    await nothingOpen(server)
    expect(socket.of('1')).toEqual([])
  }
  expect(server.http.connections()).toBe(0)
  expect(server.logged.filter(({ level }) => level === 'error')).toEqual([])
})

test('what is wrong with the server is an error of the one operation, without its text', async () => {
  await using server = await startTestServer()
  using socket = await new RawSocket(server.socketUrl).init()
  socket.subscribe('source', 'subscription { broken }')
  socket.subscribe('field', '{ fail }')
  await socket.until(() => types(socket, 'source').length > 0 && types(socket, 'field').length === 2)
  expect(socket.of('source')).toMatchObject([{ type: 'error', payload: [{ extensions: { code: 'INTERNAL' } }] }])
  expect(socket.of('field')[0]).toMatchObject({ payload: { errors: [{ extensions: { code: 'INTERNAL' } }] } })
  expect(JSON.stringify(socket.received)).not.toContain('secret')
  expect(socket.closed).toBeUndefined()
})
