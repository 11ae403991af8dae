// One live field over graphql-transport-ws, by a reader who can stop reading.

import { WebSocket } from 'ws'
import type { ApiClient, Data } from './client.ts'

interface PausableSocket {
  /** Reads nothing any more, so that the buffers of the machine fill up. */
  pause(): void
  resume(): void
  /** Breaks the connection without a farewell. */
  drop(): void
}

/** @param onFrame told of the only field of each answer */
export function followPausably(
  { graphql, token }: ApiClient,
  query: string,
  variables: Readonly<Record<string, unknown>>,
  onFrame: (frame: Data) => void,
): PausableSocket {
  const socket = new WebSocket(graphql.replace(/^http/, 'ws'), 'graphql-transport-ws')
  socket.on('open', () =>
    socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization: `Bearer ${token}` } })),
  )
  socket.on('message', (text) => {
    // The server sends messages of the protocol; what is in them is what the document asks for.
    const message = JSON.parse(text.toString()) as { type: string; payload?: { data?: Data } }
    if (message.type === 'connection_ack')
      socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query, variables } }))
    const [frame] = message.type === 'next' ? Object.values(message.payload?.data ?? {}) : []
    if (frame !== undefined) onFrame(frame)
  })
  socket.on('error', () => {
    // A connection that breaks: what did not come is missed by the test.
  })
  return { pause: () => socket.pause(), resume: () => socket.resume(), drop: () => socket.terminate() }
}
