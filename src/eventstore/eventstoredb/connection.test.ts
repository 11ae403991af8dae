import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { addressOf } from './address.ts'
import { Connection } from './connection.ts'

test('a server that hangs is found out while other calls, each of them late, have the connection made anew', async () => {
  await using hanging = await hangingServer()
  const connection = new Connection({ address: addressOf(`esdb://127.0.0.1:${hanging.port}?tls=false`) })
  connection.start()
  const calls: Promise<string>[] = []
  // The connection is made anew every second or so: sooner than a question's patience is over.
  for (let waited = 0; waited < 5_000 && connection.fault === undefined; waited += 250) {
    const call = connection.call(() => new Promise<never>(() => {}), { ms: 1_000 })
    calls.push(call.catch((error: Error) => error.name))
    await sleep(250)
  }
  expect(connection.fault).toContain('does not answer (There was no answer within 2000 ms.)')
  const ended = await Promise.all(calls)
  expect(ended).toContain('Late')
  expect(ended).toContain('ConnectionLost')
  await connection.close()
}, 20_000)

/** Takes connections, and never says a word. */
async function hangingServer(): Promise<AsyncDisposable & { readonly port: number }> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    port,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
