// What ends a connection has a name, and the next one is made when and where it should be: against a server that closes at will.

import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { type WebSocket, WebSocketServer } from 'ws'
import { Addresses } from './addresses.ts'
import { systemClock } from './clock.ts'
import { QuickClock } from './clockForTests.ts'
import { Connection } from './connection.ts'
import { SessionEndedError } from './errors.ts'
import { type Notice, Notices } from './notices.ts'
import { Session } from './session.ts'

interface ClosingServer extends AsyncDisposable {
  readonly address: string
  /** Of the connections so far. */
  readonly connections: readonly WebSocket[]
}

/** Accepts everybody; `onOpen` is called once one is accepted. */
async function closingServer(onOpen: (socket: WebSocket, count: number) => void): Promise<ClosingServer> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', handleProtocols: () => 'graphql-transport-ws' })
  await new Promise((resolve) => server.once('listening', resolve))
  const connections: WebSocket[] = []
  server.on('connection', (socket) => {
    socket.once('message', () => {
      connections.push(socket)
      socket.send('{"type":"connection_ack"}')
      onOpen(socket, connections.length)
    })
  })
  // A server that listens on TCP has an address with a port.
  const { port } = server.address() as AddressInfo
  return {
    address: `http://127.0.0.1:${port}/graphql`,
    connections,
    [Symbol.asyncDispose]: async () => {
      for (const socket of server.clients) socket.terminate()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function connectionTo(addresses: readonly string[], times = {}) {
  const heard: Notice[] = []
  const notices = new Notices((notice) => void heard.push(notice))
  const closing = new AbortController()
  // Of 1 itself, which no die shows, each wait would be its ceiling.
  const clock = new QuickClock(() => 1)
  const user = { id: 'user_1', username: 'ada', displayName: 'Ada' }
  const onEnd = () => notices.report({ name: 'SESSION_ENDED' })
  const session = new Session({ token: 'token', user, onEnd })
  const options = { addresses: new Addresses(addresses), clock, deadlines: systemClock, session, notices, times }
  const connection = new Connection({ ...options, signal: closing.signal })
  return { connection, heard, clock, closing, names: () => heard.map(({ name }) => name) }
}

test.each([
  { code: 1012, name: 'SERVER_RESTARTING', ceiling: 3_000 },
  { code: 1013, name: 'SERVER_UNAVAILABLE', ceiling: 5_000 },
  { code: 4290, name: 'TOO_SLOW', ceiling: 500 },
  { code: 4291, name: 'TOO_MANY_CONNECTIONS', ceiling: 30_000 },
  { code: 4000, name: 'CONNECTION_LOST', ceiling: 500 },
  { code: 1000, name: 'CONNECTION_LOST', ceiling: 500 },
])('closed with $code it is $name, and comes back within $ceiling ms', async ({ code, name, ceiling }) => {
  await using server = await closingServer(
    (socket, count) => void (count === 1 && setImmediate(() => socket.close(code))),
  )
  const { connection, heard, clock, closing, names } = connectionTo([server.address])
  const first = await connection.link()
  await expect.poll(() => first.over).toBe(true)
  const second = await connection.link()
  expect(second).not.toBe(first)
  expect(clock.slept).toEqual([ceiling])
  await expect.poll(names).toEqual(['CONNECTED', name, 'CONNECTED'])
  expect(heard[1]).toMatchObject({ code, address: server.address, comesBackInMs: ceiling })
  closing.abort()
})

test('whoever is cut off by one node goes on at the next, sooner than that one is back', async () => {
  await using one = await closingServer((socket) => void setImmediate(() => socket.close(1012)))
  await using two = await closingServer(() => {})
  const { connection, clock, closing } = connectionTo([one.address, two.address])
  const first = await connection.link()
  await expect.poll(() => first.over).toBe(true)
  expect((await connection.link()).address).toBe(two.address)
  expect(clock.slept).toEqual([500])
  closing.abort()
})

test('where nobody answers the waits grow, until somebody does', async () => {
  const gone = await closingServer(() => {})
  await gone[Symbol.asyncDispose]()
  await using server = await closingServer(() => {})
  const addresses = [gone.address, gone.address, gone.address, server.address]
  const { connection, clock, closing, names } = connectionTo(addresses)
  expect((await connection.link()).address).toBe(server.address)
  expect(clock.slept).toEqual([500, 1_000, 2_000])
  await expect.poll(names).toEqual(['UNREACHABLE', 'UNREACHABLE', 'UNREACHABLE', 'CONNECTED'])
  closing.abort()
})

test('a session that has ended is not tried again', async () => {
  await using server = await closingServer((socket) => void setImmediate(() => socket.close(4403)))
  const { connection, names } = connectionTo([server.address])
  const link = await connection.link()
  await expect.poll(() => link.over).toBe(true)
  await expect(connection.link()).rejects.toThrow(SessionEndedError)
  await expect.poll(names).toEqual(['CONNECTED', 'SESSION_ENDED'])
  expect(server.connections).toHaveLength(1)
})

test('a node that does not answer any more is given up', async () => {
  await using server = await closingServer(() => {})
  // Nobody answers the protocol's pings here.
  const { connection, closing, names } = connectionTo([server.address], { pingMs: 20, pongMs: 20 })
  const link = await connection.link()
  await expect.poll(() => link.over).toBe(true)
  await connection.link()
  await expect.poll(names).toContain('CONNECTION_LOST')
  closing.abort()
})
