import { setImmediate } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { RawSocket } from './rawSocket.ts'
import { startTestServer, type TestServer } from './serverForTests.ts'

async function carriedOut(server: TestServer): Promise<number> {
  const text = await (await fetch(`${server.origin}/metrics`)).text()
  const [, count = '0'] =
    /^parley_operations_total\{kind="query",transport="ws",outcome="ok"\} (\d+)$/m.exec(text) ?? []
  return Number(count)
}

const twentyTimes = `query ($text: String!) { ${Array.from({ length: 20 }, (_, n) => `a${n}: echo(text: $text)`).join(' ')} }`

test('BOUND: a client that leaves its answers unread gets no further ones made, until it reads', async () => {
  await using server = await startTestServer()
  using socket = await new RawSocket(server.socketUrl).init()
  socket.socket.pause()
  // Answers of 1 MB, fewer than may be under way at once.
  const ids = Array.from({ length: 60 }, (_, n) => String(n))
  for (const id of ids) socket.subscribe(id, twentyTimes, { variables: { text: 'x'.repeat(50_000) } })
  let before = 0
  await expect
    .poll(
      async () => {
        const now = await carriedOut(server)
        const stands = now > 0 && now === before
        before = now
        return stands
      },
      { interval: 200, timeout: 10_000 },
    )
    .toBe(true)
  // The operating system holds a few MB for a reader that does not read.
  expect(before).toBeLessThan(40)
  socket.socket.resume()
  await socket.until(() => ids.every((id) => socket.of(id).length === 2) || socket.closed !== undefined)
  expect(socket.closed).toBeUndefined()
  expect(await carriedOut(server)).toBe(ids.length)
})

test('a socket that goes while its token is looked up leaves no watch on the session', async () => {
  await using server = await startTestServer()
  const { gate } = server
  const [asked, answered] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const [identify, watch] = [gate.identify.bind(gate), gate.watch.bind(gate)]
  let watches = 0
  gate.identify = async (authorization) => {
    asked.resolve()
    await answered.promise
    return identify(authorization)
  }
  gate.watch = (identity, onEnd) => {
    watches += 1
    return watch(identity, onEnd)
  }
  const authorization = 'Bearer token-ada'
  const gone = await new RawSocket(server.socketUrl).open()
  gone.send({ type: 'connection_init', payload: { authorization } })
  await asked.promise
  gone.socket.terminate()
  await expect.poll(() => server.http.connections()).toBe(0)
  answered.resolve()
  await setImmediate()
  expect(watches).toBe(0)
  using there = await new RawSocket(server.socketUrl).init({ authorization })
  expect([there.received.length, watches]).toEqual([1, 1])
})
