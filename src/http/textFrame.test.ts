import { once } from 'node:events'
import { createServer } from 'node:http'
import { expect, onTestFinished, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { textFrame } from './textFrame.ts'

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
