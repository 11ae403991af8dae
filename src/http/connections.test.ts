import { once } from 'node:events'
import { expect, test, vi } from 'vitest'
import { WebSocket } from 'ws'
import { Connections, type OpenConnection } from './connections.ts'
import { startTestServer, type TestServer } from './serverForTests.ts'

const from = (address: string): OpenConnection => ({ address, hasFeeds: false, close: () => {}, destroy: () => {} })

test('one address has only so many connections, others have theirs, and what is closed counts no more', () => {
  const connections = new Connections({ limit: 100, perAddress: 2 })
  const [first, second] = [from('192.0.2.1'), from('192.0.2.1')]
  connections.add(first)
  connections.add(second)
  expect(connections.refusal('192.0.2.1')).toMatchObject({ status: 429 })
  expect(connections.refusal('192.0.2.2')).toBeUndefined()
  connections.remove(first)
  connections.remove(first)
  expect(connections.refusal('192.0.2.1')).toBeUndefined()
  connections.add(first)
  expect(connections.refusal('192.0.2.1')).toMatchObject({ status: 429 })
})

test('the addresses of one IPv6 network count together; this machine has no limit of its own', () => {
  const connections = new Connections({ limit: 4, perAddress: 1 })
  connections.add(from('2001:db8::1'))
  expect(connections.refusal('2001:db8::2')).toMatchObject({ status: 429 })
  for (const address of ['127.0.0.1', '127.0.0.1', '::1']) {
    expect(connections.refusal(address)).toBeUndefined()
    connections.add(from(address))
  }
  expect(connections.refusal('127.0.0.1')).toMatchObject({ status: 503 })
})

const stream = (server: TestServer, address: string, signal: AbortSignal): Promise<Response> =>
  fetch(`${server.url}?query=subscription{silence}`, {
    headers: { accept: 'text/event-stream', 'x-forwarded-for': address },
    signal,
  })

test('sockets and streams of an address that has too many are refused with 429', async () => {
  await using server = await startTestServer({ config: { trustProxy: true }, connectionsPerAddress: 2 })
  const over = new AbortController()
  const answers = await Promise.all([1, 2, 3, 4].map(() => stream(server, '203.0.113.7:5678', over.signal)))
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 429, 429])
  expect(await answers.find(({ status }) => status === 429)?.text()).toContain('"code":"RATE_LIMITED"')
  const socket = new WebSocket(server.socketUrl, 'graphql-transport-ws', {
    headers: { 'x-forwarded-for': '203.0.113.7' },
  })
  socket.on('error', () => {})
  const [, refused] = await once(socket, 'unexpected-response')
  expect(refused.statusCode).toBe(429)
  expect((await stream(server, '203.0.113.8', over.signal)).status).toBe(200)
  over.abort()
  await expect.poll(() => server.http.connections()).toBe(0)
  await expect.poll(() => server.feeds.opened - server.feeds.returned).toBe(0)
})

test.each([
  [1_000, 2_000],
  [20_000, 4_000],
])(
  '%i connections of a server that stops are told so within %i ms, a few at a time, and no others come',
  async (count, ms) => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
    try {
      const connections = new Connections({ limit: 100_000 })
      const begun = performance.now()
      const told: { readonly at: number; readonly code: number }[] = []
      for (let n = 0; n < count; n++)
        connections.add({ ...from('127.0.0.1'), close: (code) => told.push({ at: performance.now() - begun, code }) })
      const gone = connections.sendAway(1012, 'Restarting, come back')
      expect(connections.refusal('127.0.0.1')).toMatchObject({ status: 503 })
      await vi.advanceTimersByTimeAsync(ms)
      await gone
      expect(told.map(({ code }) => code)).toEqual(Array(count).fill(1012))
      expect(told.at(-1)?.at).toBeGreaterThan(ms * 0.95)
      for (let at = 0; at < ms; at += 100) {
        const within = told.filter((one) => one.at >= at && one.at < at + 100).length
        expect(within).toBeLessThanOrEqual((count / ms) * 100 * 1.05)
      }
    } finally {
      vi.useRealTimers()
    }
  },
)

test('while its sockets leave, a server is not ready, takes no others, and goes on to answer what is asked', async () => {
  const server = await startTestServer()
  const closed: number[] = []
  const opened = Array.from({ length: 100 }, async () => {
    const socket = new WebSocket(server.socketUrl, 'graphql-transport-ws')
    socket.on('close', (code) => closed.push(code))
    await once(socket, 'open')
  })
  await Promise.all(opened)
  const over = new AbortController()
  const streams = await Promise.all([1, 2].map(() => stream(server, '127.0.0.1', over.signal)))
  const closing = server.http.close()
  const ready = await fetch(`${server.origin}/readyz`)
  expect([ready.status, await ready.json()]).toEqual([503, { status: 'stopping' }])
  const late = new WebSocket(server.socketUrl, 'graphql-transport-ws')
  late.on('error', () => {})
  const [, refused] = await once(late, 'unexpected-response')
  expect(refused.statusCode).toBe(503)
  expect((await stream(server, '127.0.0.1', over.signal)).status).toBe(503)
  const answer = await fetch(server.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"query":"{ hello }"}',
  })
  expect(await answer.json()).toEqual({ data: { hello: 'world' } })
  expect(closed.length).toBeLessThan(100)
  await closing
  await expect.poll(() => closed).toEqual(Array(100).fill(1012))
  // An event stream just ends, without saying that it is complete: its client comes back.
  for (const { body } of streams) expect(await new Response(body).text()).not.toContain('complete')
  await server[Symbol.asyncDispose]()
})
