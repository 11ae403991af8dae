// Express, each message stored before it is answered.

import express from 'express'
import { openStore } from './durable.ts'
import { listen } from './listen.ts'

const store = openStore()
const { server, ready } = listen()
const app = express()
app.use(express.json())
app.post('/messages', (request, response) => {
  const { room, text }: { readonly room: string; readonly text: string } = request.body
  response.json({ ok: true, number: store.insert(room, text) })
})
server.on('request', app)
ready()
