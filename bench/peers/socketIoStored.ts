// Socket.IO 4, each message stored before it is acknowledged and emitted to its room.

import { Server } from 'socket.io'
import { openStore } from './durable.ts'
import { listen } from './listen.ts'

const store = openStore()
const { server, ready } = listen()
const io = new Server(server, { transports: ['websocket'] })

io.on('connection', (socket) => {
  socket.on(
    'send',
    (
      { room, text }: { readonly room: string; readonly text: string },
      acknowledge: (answer: { readonly ok: true; readonly number: number }) => void,
    ) => {
      const number = store.insert(room, text)
      acknowledge({ ok: true, number })
      io.to(room).emit('message', { number, text })
    },
  )
})
ready()
