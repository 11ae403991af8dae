// A broadcast with nothing around it: one text for all, behind the id that each subscriber has given.

import { randomUUID } from 'node:crypto'
import { WebSocketServer } from 'ws'
import { listen } from './listen.ts'

const { server, ready } = listen()
const sockets = new WebSocketServer({ server, perMessageDeflate: false, clientTracking: false })
const subscribers = new Map<object, { readonly head: string; send(text: string): void }>()
let number = 0

sockets.on('connection', (socket) => {
  socket.on('close', () => subscribers.delete(socket))
  socket.on('message', (data) => {
    // The generator sends nothing else.
    const message = JSON.parse(String(data)) as { readonly subscribe?: string; readonly text?: string }
    if (message.subscribe !== undefined) {
      subscribers.set(socket, {
        head: `{"id":${JSON.stringify(message.subscribe)},"type":"next","payload":`,
        send: (text) => socket.send(text),
      })
      socket.send('{"type":"subscribed"}')
      return
    }
    number += 1
    const shown = { id: randomUUID(), number, text: message.text, author: { id: 'user_1', displayName: 'Ada' } }
    const tail = `${JSON.stringify({ data: { message: shown } })}}`
    for (const { head, send } of subscribers.values()) send(head + tail)
  })
})
ready()
