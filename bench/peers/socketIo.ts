// Socket.IO 4 as its documentation has it: a message is emitted to a room.

import { randomUUID } from 'node:crypto'
import { Server } from 'socket.io'
import { listen } from './listen.ts'

const { server, ready } = listen()
const io = new Server(server, { transports: ['websocket'] })
let number = 0

io.on('connection', (socket) => {
  socket.on('join', (room: string) => {
    void socket.join(room)
    socket.emit('joined')
  })
  socket.on('send', ({ room, text }: { readonly room: string; readonly text: string }) => {
    number += 1
    io.to(room).emit('message', { id: randomUUID(), number, text, author: { id: 'user_1', displayName: 'Ada' } })
  })
})
ready()
