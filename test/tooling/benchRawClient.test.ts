import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { marked, RawClient } from '../../bench/rawClient.ts'

const server = createServer()
let port = 0
let client: RawClient | undefined

beforeEach(async () => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  port = typeof address === 'object' && address !== null ? address.port : 0
})

afterEach(async () => {
  client?.close()
  server.close()
  await once(server, 'close')
})

/** What is heard of a text that comes in pieces. */
async function heard(
  pieces: readonly string[],
): Promise<{ readonly numbers: readonly number[]; readonly count: number }> {
  const numbers: number[] = []
  let count = 0
  const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve))
  client = await RawClient.connect({
    ...{ port, path: '' },
    onNumber: (number) => numbers.push(number),
    onMessages: (more) => {
      count += more
    },
    onEnd: () => {},
  })
  const socket = (await accepted).setNoDelay(true)
  for (const piece of pieces) {
    const come = client.until(piece)
    socket.write(piece)
    await come
  }
  return { numbers, count }
}

const text = `a frame ${marked(0)}with two ${marked(12)}of them, and ${marked(345_678)}one more`

test('a message is counted once, wherever its chunks are cut', async () => {
  for (let cut = 1; cut < text.length; cut += 3) {
    expect(await heard([text.slice(0, cut), text.slice(cut)])).toEqual({ numbers: [0, 12, 345_678], count: 3 })
    client?.close()
  }
  expect(await heard([...text])).toEqual({ numbers: [0, 12, 345_678], count: 3 })
})
