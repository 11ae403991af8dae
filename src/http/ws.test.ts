import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { RawSocket } from './rawSocket.ts'
import { startTestServer } from './serverForTests.ts'

const server = await startTestServer({ limits: { initMs: 100 } })
afterAll(() => server[Symbol.asyncDispose]())

/** What an upgrade is answered with, if it is refused. */
async function refusedUpgrade(
  url: string,
  protocol: string | undefined,
  headers: Record<string, string> = {},
): Promise<number> {
  const socket = new WebSocket(url, protocol === undefined ? [] : [protocol], { headers })
  socket.on('error', () => {})
  const [, response] = await once(socket, 'unexpected-response')
  return response.statusCode
}

test('a wrong path, a wrong subprotocol or none, and a page of another origin are not let in', async () => {
  expect(await refusedUpgrade(server.socketUrl.replace('/graphql', '/chat'), 'graphql-transport-ws')).toBe(404)
  expect(await refusedUpgrade(server.socketUrl, 'graphql-ws')).toBe(400)
  expect(await refusedUpgrade(server.socketUrl, undefined)).toBe(400)
  expect(await refusedUpgrade(server.socketUrl, 'graphql-transport-ws', { origin: 'https://evil.example' })).toBe(403)
  using own = await new RawSocket(server.socketUrl, { origin: server.origin }).init()
  expect(own.received).toEqual([{ type: 'connection_ack' }])
})

test('other origins are let in where the settings name them, or all', async () => {
  await using listed = await startTestServer({ config: { origins: ['https://chat.example'] } })
  using friend = await new RawSocket(listed.socketUrl, { origin: 'https://chat.example' }).init()
  expect(friend.received).toHaveLength(1)
  expect(await refusedUpgrade(listed.socketUrl, 'graphql-transport-ws', { origin: 'https://evil.example' })).toBe(403)
  await using open = await startTestServer({ config: { origins: ['*'] } })
  using anyone = await new RawSocket(open.socketUrl, { origin: 'https://evil.example' }).init()
  expect(anyone.received).toHaveLength(1)
})

test('three hundred that come at once come in turns, in each step a few, and all of them come', async () => {
  await using busy = await startTestServer()
  let most = 0
  const { arrivals } = busy.gate
  const take = arrivals.take.bind(arrivals)
  let now = 0
  arrivals.take = () => {
    const turn = take()
    if (turn) return turn
    // Let in without waiting: counted until the next turn of the event loop.
    if (now++ === 0) setImmediate(() => (now = 0))
    most = Math.max(most, now)
    return undefined
  }
  const sockets = Array.from({ length: 300 }, () => new RawSocket(busy.socketUrl))
  await Promise.all(sockets.map((socket) => socket.init()))
  for (const socket of sockets) socket.subscribe('1', 'subscription { silence }')
  await expect.poll(() => busy.feeds.opened, { timeout: 10_000 }).toBe(300)
  expect(most).toBeGreaterThan(1)
  expect(most).toBeLessThanOrEqual(16)
  for (const socket of sockets) socket[Symbol.dispose]()
})

test('whoever goes while their turn has not come leaves nothing behind', async () => {
  await using busy = await startTestServer()
  const [waiting, asked] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  busy.gate.arrivals.take = () => {
    asked.resolve()
    return waiting.promise
  }
  const gone = new RawSocket(busy.socketUrl)
  gone.socket.on('error', () => {})
  await asked.promise
  gone.socket.terminate()
  await sleep(50)
  waiting.resolve()
  using stays = await new RawSocket(busy.socketUrl).init()
  expect(stays.received).toHaveLength(1)
  await expect.poll(() => busy.http.connections()).toBe(1)
})

const breaches: Record<string, { code: number; init?: boolean; act: (socket: RawSocket) => void }> = {
  'says nothing': { code: 4408, act: () => {} },
  'subscribes before it has said connection_init': { code: 4401, act: (socket) => socket.subscribe('1', '{ hello }') },
  'says connection_init twice': { code: 4429, init: true, act: (socket) => socket.send({ type: 'connection_init' }) },
  'sends a binary frame': { code: 4400, init: true, act: ({ socket }) => socket.send(Buffer.from('{"type":"ping"}')) },
  'sends what is no JSON': { code: 4400, init: true, act: ({ socket }) => socket.send('{') },
  'sends what only servers send': { code: 4400, init: true, act: (socket) => socket.send({ type: 'connection_ack' }) },
  'uses an id again while its operation runs': {
    code: 4409,
    init: true,
    act: (socket) => {
      socket.subscribe('1', 'subscription { silence }')
      socket.subscribe('1', '{ hello }')
    },
  },
  'sends a frame of 10 MB': { code: 1009, init: true, act: ({ socket }) => socket.send('x'.repeat(10_000_000)) },
  'brings an invalid token': {
    code: 4403,
    act: (socket) => socket.send({ type: 'connection_init', payload: { authorization: 'Bearer nonsense' } }),
  },
}

for (const [name, { code, init = false, act }] of Object.entries(breaches)) {
  test(`a socket that ${name} is closed with ${code}`, async () => {
    using socket = new RawSocket(server.socketUrl)
    await (init ? socket.init() : socket.open())
    act(socket)
    expect((await socket.closing()).code).toBe(code)
  })
}

test('what is wrong with one operation ends only that one', async () => {
  using socket = await new RawSocket(server.socketUrl).init()
  socket.subscribe('syntax', '{ hello')
  socket.subscribe('forbidden', 'subscription { forbidden }')
  socket.subscribe('bug', 'subscription { broken }')
  socket.subscribe('gone', 'subscription { gone }')
  socket.subscribe('token', '{ hello }', { extensions: { headers: { authorization: 'Bearer nonsense' } } })
  const ids = ['syntax', 'forbidden', 'bug', 'gone', 'token']
  await socket.until(() => ids.every((id) => socket.of(id).some(({ type }) => type === 'error')))
  const codes = ids
    .map((id) => socket.of(id).at(-1)?.payload)
    .map((errors) => (errors as { extensions: object }[])[0]?.extensions)
  expect(codes).toMatchObject(
    ['BAD_INPUT', 'NOT_FOUND', 'INTERNAL', 'FORBIDDEN', 'UNAUTHENTICATED'].map((code) => ({ code })),
  )
  expect(JSON.stringify(socket.received)).not.toContain('secret')
  socket.subscribe('fine', '{ hello }')
  await socket.until(() => socket.of('fine').length === 2)
  expect(socket.of('fine')[0]?.payload).toEqual({ data: { hello: 'world' } })
})

test('frames come in order, then complete; and complete from the client ends a feed that waits', async () => {
  using socket = await new RawSocket(server.socketUrl).init()
  socket.subscribe('1', 'subscription { count(to: 5) }')
  await socket.until(() => socket.of('1').some(({ type }) => type === 'complete'))
  expect(socket.of('1').map(({ payload }) => payload)).toEqual([
    { data: { count: 1 }, extensions: { parley: { shared: false, because: 'Subscription.count' } } },
    ...[2, 3, 4, 5].map((count) => ({ data: { count } })),
    undefined,
  ])
  const { opened, returned } = server.feeds
  socket.subscribe('2', 'subscription { silence }')
  await expect.poll(() => server.feeds.opened).toBe(opened + 1)
  socket.send({ type: 'complete', id: '2' })
  await expect.poll(() => server.feeds.returned).toBe(returned + 1)
})

test('a socket that goes ends its feeds', async () => {
  const { opened, returned } = server.feeds
  const socket = await new RawSocket(server.socketUrl).init()
  for (let n = 0; n < 10; n++) socket.subscribe(String(n), 'subscription { silence }')
  await expect.poll(() => server.feeds.opened).toBe(opened + 10)
  socket.socket.terminate()
  await expect.poll(() => server.feeds.returned).toBe(returned + 10)
  await expect.poll(() => server.http.connections()).toBe(0)
})

test('a socket that goes while its source always has more ends that too', async () => {
  await using fresh = await startTestServer()
  const socket = await new RawSocket(fresh.socketUrl).init()
  socket.subscribe('1', 'subscription { count(to: 1000000000) }')
  await socket.until(() => socket.of('1').length > 10)
  socket.socket.terminate()
  await expect.poll(() => fresh.feeds.returned).toBe(1)
})

test('BOUND: 10,000 operations at once on one socket are all answered, in bounded memory', async () => {
  using socket = await new RawSocket(server.socketUrl).init()
  const before = process.memoryUsage().rss
  for (let n = 0; n < 10_000; n++) socket.subscribe(String(n), 'mutation { bump }')
  await socket.until(() => socket.received.length === 1 + 20_000 || socket.closed !== undefined)
  expect(socket.closed).toBeUndefined()
  expect(server.bumps).toBe(10_000)
  // The client's own 20,000 messages are among them.
  expect(process.memoryUsage().rss - before).toBeLessThan(150_000_000)
})

test('REVOKE: the end of a session closes the sockets that it opened with 4403', async () => {
  await using fresh = await startTestServer()
  using socket = await new RawSocket(fresh.socketUrl).init({ authorization: 'Bearer token-ada' })
  using other = await new RawSocket(fresh.socketUrl).init({ authorization: 'Bearer token-bob' })
  socket.subscribe('1', 'subscription { silence }')
  await expect.poll(() => fresh.feeds.opened).toBe(1)
  fresh.endSession('token-ada')
  expect(await socket.closing()).toEqual({ code: 4403, reason: 'Session ended' })
  expect(fresh.feeds.returned).toBe(1)
  expect(other.closed).toBeUndefined()
})

test('REVOKE: the end of a session that an operation brought itself ends that operation', async () => {
  await using fresh = await startTestServer()
  using socket = await new RawSocket(fresh.socketUrl).init()
  socket.subscribe('1', 'subscription { silence }', { extensions: { headers: { Authorization: 'Bearer token-ada' } } })
  await expect.poll(() => fresh.feeds.opened).toBe(1)
  fresh.endSession('token-ada')
  await socket.until(() => socket.of('1').length > 0)
  expect(socket.of('1')).toMatchObject([{ type: 'error', payload: [{ extensions: { code: 'UNAUTHENTICATED' } }] }])
  expect(socket.closed).toBeUndefined()
})

test('REVOKE: a session that reaches its time ends its sockets', async () => {
  await using brief = await startTestServer({ deadlineMs: 150 })
  using socket = await new RawSocket(brief.socketUrl).init({ authorization: 'Bearer token-ada' })
  expect((await socket.closing()).code).toBe(4403)
})

test('BOUND: a reader that stops reading stops the making of its frames, and is sent away in the end', async () => {
  await using slow = await startTestServer({ limits: { slowMs: 300, pingMs: 50 } })
  using socket = await new RawSocket(slow.socketUrl).init()
  using reader = await new RawSocket(slow.socketUrl).init()
  socket.socket.pause()
  socket.subscribe('1', 'subscription { big(bytes: 100000) }')
  await expect.poll(() => slow.feeds.pulled).toBeGreaterThan(2)
  // The operating system holds a few MB for a reader that does not read.
  let before = -1
  await expect
    .poll(
      () => {
        const stands = before === slow.feeds.pulled
        before = slow.feeds.pulled
        return stands
      },
      { interval: 60 },
    )
    .toBe(true)
  expect(slow.feeds.pulled).toBeLessThan(200)
  reader.subscribe('1', 'subscription { count(to: 1000) }')
  await reader.until(() => reader.of('1').length === 1_001)
  await expect.poll(() => slow.feeds.returned, { timeout: 5_000 }).toBe(1)
  socket.socket.resume()
  expect((await socket.closing()).code).toBe(4290)
})

test('a client that answers no pings is dropped, one that does stays', async () => {
  await using brisk = await startTestServer({ limits: { pingMs: 60, initMs: 50 } })
  const silent = new WebSocket(brisk.socketUrl, 'graphql-transport-ws', { autoPong: false })
  await once(silent, 'open')
  silent.send('{"type":"connection_init"}')
  using lively = await new RawSocket(brisk.socketUrl).init()
  const [code] = await once(silent, 'close')
  expect(code).toBe(1006)
  await sleep(200)
  expect(lively.closed).toBeUndefined()
})

test('BOUND: pings without end from a client that reads nothing are not answered without end', async () => {
  await using fresh = await startTestServer()
  using socket = await new RawSocket(fresh.socketUrl).init()
  let pongs = 0
  socket.socket.on('pong', () => {
    pongs += 1
  })
  for (let n = 0; n < 1_000; n++) socket.socket.ping(Buffer.alloc(125))
  await expect.poll(() => pongs).toBeGreaterThan(0)
})

test('a full server lets nobody else in', async () => {
  await using full = await startTestServer({ limits: { connections: 1 } })
  using first = await new RawSocket(full.socketUrl).init()
  expect(await refusedUpgrade(full.socketUrl, 'graphql-transport-ws')).toBe(503)
  first.socket.close()
  await expect.poll(() => full.http.connections()).toBe(0)
  using second = await new RawSocket(full.socketUrl).init()
  expect(second.received).toHaveLength(1)
})

test('a deaf node closes the sockets that carry feeds with 1013, a stopping one all with 1012', async () => {
  const fresh = await startTestServer()
  using feed = await new RawSocket(fresh.socketUrl).init()
  using idle = await new RawSocket(fresh.socketUrl).init()
  feed.subscribe('1', 'subscription { silence }')
  await expect.poll(() => fresh.feeds.opened).toBe(1)
  fresh.http.closeFeeds()
  expect((await feed.closing()).code).toBe(1013)
  expect(idle.closed).toBeUndefined()
  await fresh[Symbol.asyncDispose]()
  expect(await idle.closing()).toEqual({ code: 1012, reason: 'Restarting, come back' })
})

test('a feed that can no longer be read closes its socket with 1013, so that the client comes back, and says no error', async () => {
  await using fresh = await startTestServer()
  using feed = await new RawSocket(fresh.socketUrl).init()
  feed.subscribe('1', 'subscription { away }')
  expect(await feed.closing()).toEqual({ code: 1013, reason: 'Not now, come back' })
  expect(feed.received.filter(({ id }) => id === '1').map(({ type }) => type)).toEqual(['next'])
})

test('a query that takes too long is answered with UNAVAILABLE, over each transport', async () => {
  await using fresh = await startTestServer({ limits: { queryMs: 100 } })
  using socket = await new RawSocket(fresh.socketUrl).init()
  const began = performance.now()
  socket.subscribe('1', '{ slow(ms: 3000) }')
  await expect
    .poll(() => socket.received.find(({ id }) => id === '1'))
    .toMatchObject({
      type: 'error',
      payload: [{ message: expect.stringContaining('Try again'), extensions: { code: 'UNAVAILABLE' } }],
    })
  expect(performance.now() - began).toBeLessThan(2_000)
  const answer = await fetch(`${fresh.url}?query={slow(ms:3000)}`, { headers: { accept: 'application/json' } })
  expect(answer.status).toBe(503)
  expect(socket.closed).toBeUndefined()
})

test('the official client works, with a session', async () => {
  const client = server.client({ authorization: 'Bearer token-ada' })
  const counts: unknown[] = []
  for await (const { data } of client.iterate({ query: 'subscription { count(to: 3) }' })) counts.push(data?.count)
  expect(counts).toEqual([1, 2, 3])
  await client.dispose()
})
