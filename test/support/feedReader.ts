// Somebody who follows a conversation over whatever connection there is, comes back where they were, and keeps what they were told.

import { WebSocket } from 'ws'

export interface SeenEvent {
  readonly __typename: string
  readonly revision: number
  /** Of EventsSkipped. */
  readonly throughRevision?: number
  readonly cursor: string
}

export interface SeenFrame {
  readonly caughtUp: boolean
  readonly cursor: string
  readonly reset: { readonly reason: string } | null
  readonly events: readonly SeenEvent[]
}

const documentWith = (fields: string): string =>
  'subscription ($id: ID!, $after: FeedCursor) { conversationFeed(conversationId: $id, after: $after) ' +
  `{ caughtUp cursor reset { reason } events { __typename revision cursor ${fields} ... on EventsSkipped { throughRevision } } } }`

export interface Place {
  readonly graphql: string
  readonly token: string | undefined
  readonly conversationId: string
  readonly after?: string | undefined
  /** More fields of each event. */
  readonly fields?: string
}

/** One connection with one feed. It ends with the code of the closed socket (0 for a stream), or with the codes of errors. */
export interface FeedConnection {
  readonly ended: Promise<{ readonly closeCode: number; readonly errors: readonly string[] }>
  /** Breaks the connection without a farewell. */
  drop(): void
  /** Reads nothing any more, so that the buffers of the machine fill up. */
  pause(): void
  resume(): void
}

interface Answer {
  readonly data?: { readonly conversationFeed: SeenFrame } | null
  readonly errors?: readonly { readonly extensions?: { readonly code?: string } }[]
}

const codesOf = (errors: Answer['errors'] = []): readonly string[] =>
  errors.map(({ extensions }) => extensions?.code ?? 'without a code')

/** Over graphql-transport-ws. */
export function followOverSocket(place: Place, onFrame: (frame: SeenFrame) => void): FeedConnection {
  const { graphql, token, conversationId: id, after, fields = '' } = place
  const socket = new WebSocket(graphql.replace(/^http/, 'ws'), 'graphql-transport-ws')
  let errors: readonly string[] = []
  const { promise: ended, resolve } = Promise.withResolvers<Awaited<FeedConnection['ended']>>()
  socket.on('open', () =>
    socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization: `Bearer ${token}` } })),
  )
  socket.on('message', (data) => {
    // The server sends messages of the protocol; what is in them is what the document asks for.
    const message = JSON.parse(data.toString()) as { type: string; payload?: unknown }
    if (message.type === 'connection_ack')
      socket.send(
        JSON.stringify({
          id: '1',
          type: 'subscribe',
          payload: { query: documentWith(fields), variables: { id, after } },
        }),
      )
    if (message.type === 'next') {
      const { data: told } = message.payload as Answer
      if (told) onFrame(told.conversationFeed)
    }
    if (message.type === 'error') {
      errors = codesOf(message.payload as Answer['errors'])
      socket.close()
    }
    if (message.type === 'complete') socket.close()
  })
  socket.on('error', () => {
    // A connection that is refused or breaks; `close` follows.
  })
  socket.on('close', (closeCode) => resolve({ closeCode, errors }))
  return {
    ended,
    drop: () => socket.terminate(),
    pause: () => socket.pause(),
    resume: () => socket.resume(),
  }
}

/** Over server-sent events, as graphql-sse has them. */
export function followOverEventStream(place: Place, onFrame: (frame: SeenFrame) => void): FeedConnection {
  const { graphql, token, conversationId: id, after, fields = '' } = place
  const aborting = new AbortController()
  let errors: readonly string[] = []
  const read = async (): Promise<void> => {
    const response = await fetch(graphql, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'text/event-stream',
        authorization: `Bearer ${token}`,
      },
      body: JSON.stringify({ query: documentWith(fields), variables: { id, after } }),
      signal: aborting.signal,
    })
    if (!response.ok || !response.body) {
      // Errors come as JSON with the same shape.
      errors = codesOf(((await response.json()) as Answer).errors)
      return
    }
    for await (const line of linesOf(response.body)) {
      if (!line.startsWith('data: {')) continue
      const told = JSON.parse(line.slice('data: '.length)) as Answer
      if (told.errors) errors = codesOf(told.errors)
      if (told.data) onFrame(told.data.conversationFeed)
    }
  }
  const ended = read()
    .catch(() => {
      // A connection that is refused or breaks: the reader comes back.
    })
    .then(() => ({ closeCode: 0, errors }))
  return { ended, drop: () => aborting.abort(), pause: () => {}, resume: () => {} }
}

async function* linesOf(body: AsyncIterable<Uint8Array>): AsyncIterable<string> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of body) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    yield* lines
  }
}
