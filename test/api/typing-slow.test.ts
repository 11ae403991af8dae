// Who types is told on the same socket as messages, and is in nobody's way there: while messages are left to read nothing is said.

import { rm } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test, vi } from 'vitest'
import { WebSocket } from 'ws'
import { ApiClient, createRoom, type Data, registered } from '../support/client.ts'
import { mutate } from '../support/mutate.ts'
import { appendMessages } from '../support/roomLog.ts'
import { newFolder, startTestServer } from '../support/testServer.ts'

/** More than the buffers of the machine hold for a socket that is not read. */
const [messages, textLength] = [2_500, 6_000]

test('BOUND: a reader who is behind with messages is told who types only once they are read, as it is then', {
  timeout: 60_000,
}, async () => {
  const folder = await newFolder()
  try {
    const first = await startTestServer({ folder })
    const ada = await registered(first.graphql, 'ada')
    const { id } = await createRoom(ada, 'Tea')
    const { room } = await ada.query('query ($id: ID) { room(id: $id) { feedCursor } }', { id })
    await first[Symbol.asyncDispose]()
    const texts = Array.from({ length: messages }, (_, index) => `${index} `.padEnd(textLength, 'tea '))
    await appendMessages(folder, { roomId: id, actor: ada.userId, from: 1, texts })

    await using server = await startTestServer({ folder })
    const client = new ApiClient(server.graphql, ada.token)
    const came: string[] = []
    let read = 0
    const socket = new WebSocket(server.ws, 'graphql-transport-ws')
    const send = (message: object): void => socket.send(JSON.stringify(message))
    const subscribe = (name: string, query: string, variables: object): void =>
      send({ id: name, type: 'subscribe', payload: { query, variables } })
    socket.on('open', () => send({ type: 'connection_init', payload: { authorization: `Bearer ${ada.token}` } }))
    socket.on('message', (text) => {
      // What is in a frame is what the document asks for.
      const message = JSON.parse(text.toString()) as { type: string; id: string; payload: { data: Data } }
      if (message.type === 'connection_ack')
        subscribe('typing', 'subscription ($id: ID!) { typing(conversationId: $id) { users { username } } }', { id })
      if (message.type !== 'next') return
      if (message.id === 'typing') {
        const names = message.payload.data.typing.users.map(({ username }: Data) => username)
        came.push(`${names.join() || 'nobody'} after ${read === 0 ? 'none' : read === messages ? 'all' : 'some'}`)
        // The first one has come: now the messages, of which it reads none at first.
        if (came.length > 1) return
        const feed =
          'subscription ($id: ID!, $after: FeedCursor) { conversationFeed(conversationId: $id, after: $after) { events { ... on MessageSent { message { text } } } } }'
        subscribe('feed', feed, { id, after: room.feedCursor })
        socket.pause()
      } else read += message.payload.data.conversationFeed.events.length
    })
    await vi.waitFor(() => expect(socket.isPaused).toBe(true), { timeout: 10_000 })
    // As much as fits has been written by then.
    await sleep(1_500)
    for (let n = 0; n < 7; n++) {
      await mutate(client, 'setTyping', { conversationId: id, typing: n % 2 === 0 }, 'conversation { id }')
      await sleep(220)
    }
    socket.resume()
    await vi.waitFor(() => expect(read).toBe(messages), { timeout: 30_000 })
    await sleep(500)
    expect(came).toHaveLength(2)
    expect(came[0]).toBe('nobody after none')
    expect(came[1]).toMatch(/^ada after (some|all)$/)
    socket.terminate()
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
