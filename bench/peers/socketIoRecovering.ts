// Socket.IO 4 with connection state recovery, as its documentation has it: who comes back within two minutes is sent what was missed.

import { Server } from 'socket.io'
import { listen } from './listen.ts'

const { server, ready } = listen()
const io = new Server(server, {
  transports: ['websocket'],
  connectionStateRecovery: { maxDisconnectionDuration: 120_000, skipMiddlewares: true },
})

io.on('connection', (socket) => {
  // Rooms are recovered too.
  if (!socket.recovered) void socket.join('storm')
  socket.on('send', (text: string) => io.to('storm').emit('message', text))
})
ready()
