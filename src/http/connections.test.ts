import { once } from 'node:events'
import { expect, test } from 'vitest'
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
