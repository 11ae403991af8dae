import { once } from 'node:events'
import { createServer } from 'node:http'
import { expect, onTestFinished, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { FrameMould, textFrame } from './textFrame.ts'

test.each([0, 1, 124, 125, 126, 127, 65_534, 65_535, 65_536, 200_000])(
  'a text of %i bytes arrives as it was, between frames of the library',
  async (bytes) => {
    const http = createServer()
    const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false })
    const text = 'é'.repeat(Math.floor(bytes / 2)) + 'x'.repeat(bytes % 2)
    const whole = Buffer.from(text)
    const middle = Math.floor(whole.byteLength / 3)
    http.on('upgrade', (request, stream, head) => {
      sockets.handleUpgrade(request, stream, head, (socket) => {
        socket.send('before')
        stream.write(textFrame(whole.subarray(0, middle), whole.subarray(middle)))
        socket.send('after')
      })
    })
    http.listen(0, '127.0.0.1')
    await once(http, 'listening')
    const address = http.address()
    if (typeof address !== 'object' || address === null) throw new Error('It listens on no port.')
    const client = new WebSocket(`ws://127.0.0.1:${address.port}`)
    onTestFinished(() => {
      client.terminate()
      http.close()
    })
    const heard: string[] = []
    await new Promise<void>((resolve) => {
      client.on('message', (data) => {
        if (heard.push(String(data)) === 3) resolve()
      })
    })
    expect(heard).toEqual(['before', text, 'after'])
  },
)

test('what a mould makes for each is what the text would be by itself, whatever has been written and what has not', () => {
  const rest = ['é'.repeat(20), '…', 'x'.repeat(40)].map((part) => Buffer.from(part))
  for (const grown of ['', 'y'.repeat(100), 'y'.repeat(65_500)]) {
    const mould = new FrameMould(...rest, Buffer.from(grown))
    const kept: { readonly frame: Buffer; readonly first: Buffer }[] = []
    for (const [index, name] of ['1', '2', 'a longer one', '3', 'é', 'the longest of all', '4', '5'].entries()) {
      const first = Buffer.from(name)
      const frame = mould.frame(first)
      expect(frame.equals(textFrame(first, ...rest, Buffer.from(grown)))).toBe(true)
      expect(mould.message(first).toString()).toBe(`${name}${rest.join('')}${grown}`)
      if (index % 3 !== 0) continue
      mould.keep()
      kept.push({ frame, first })
    }
    for (const { frame, first } of kept) expect(frame.equals(textFrame(first, ...rest, Buffer.from(grown)))).toBe(true)
  }
})
