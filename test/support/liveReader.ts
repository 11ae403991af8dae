// A live field over either of its connections, with everything kept that came and how it ended.

import { vi } from 'vitest'
import { WebSocket } from 'ws'
import type { Data } from './client.ts'

export type LiveTransport = 'WebSocket' | 'SSE'

export const liveTransports: readonly LiveTransport[] = ['WebSocket', 'SSE']

export interface Asked {
  readonly graphql: string
  readonly token: string | undefined
  readonly query: string
  readonly variables?: Readonly<Record<string, unknown>>
}

export interface LiveEnd {
  /** What ended the operation: its own end, an error, or that of the connection. */
  readonly how: 'complete' | 'error' | 'closed'
  /** Codes of the errors. */
  readonly codes: readonly string[]
}

export interface LiveReader {
  /** What the field gave, frame by frame. */
  readonly frames: readonly Data[]
  /** What they said beside their data. */
  readonly extensions: readonly unknown[]
  readonly ended: Promise<LiveEnd>
  /** With what the server closed the socket; the status of an event stream once it is over. */
  readonly closed: Promise<number>
  /** Waits until so much has come. */
  until(fits: (frames: readonly Data[]) => boolean): Promise<void>
  /** Ends the connection from this side. */
  drop(): void
}

interface Answer {
  readonly data?: Readonly<Record<string, Data>> | null
  readonly errors?: Errors
  readonly extensions?: unknown
}
type Errors = readonly { readonly extensions?: { readonly code?: string } }[]

const codesOf = (errors: Errors = []): readonly string[] =>
  errors.map(({ extensions }) => extensions?.code ?? 'without a code')

export function readLive(transport: LiveTransport, asked: Asked): LiveReader {
  const frames: Data[] = []
  const extensions: unknown[] = []
  const ended = Promise.withResolvers<LiveEnd>()
  const closed = Promise.withResolvers<number>()
  const take = ({ data, errors, extensions: more }: Answer): void => {
    const [frame] = Object.values(data ?? {})
    if (frame) {
      frames.push(frame)
      extensions.push(more)
    }
    if (errors && !data) ended.resolve({ how: 'error', codes: codesOf(errors) })
  }
  const hears = { take, ended: ended.resolve, closed: closed.resolve }
  const drop = transport === 'WebSocket' ? overSocket(asked, hears) : overEventStream(asked, hears)
  return {
    frames,
    extensions,
    ended: ended.promise,
    closed: closed.promise,
    until: (fits) =>
      vi.waitFor(
        () => {
          if (!fits(frames)) throw new Error(`It has not come yet. The last ones: ${JSON.stringify(frames.slice(-3))}`)
        },
        { timeout: 15_000, interval: 5 },
      ),
    drop,
  }
}

interface Hears {
  readonly take: (answer: Answer) => void
  readonly ended: (end: LiveEnd) => void
  readonly closed: (code: number) => void
}

function overSocket({ graphql, token, query, variables }: Asked, { take, ended, closed }: Hears): () => void {
  const socket = new WebSocket(graphql.replace(/^http/, 'ws'), 'graphql-transport-ws')
  const send = (message: object): void => socket.send(JSON.stringify(message))
  socket.on('open', () =>
    send({
      type: 'connection_init',
      ...(token === undefined ? {} : { payload: { authorization: `Bearer ${token}` } }),
    }),
  )
  socket.on('message', (data) => {
    // The server sends messages of the protocol; what is in them is what the document asks for.
    const message = JSON.parse(data.toString()) as { type: string; payload?: unknown }
    if (message.type === 'connection_ack') send({ id: '1', type: 'subscribe', payload: { query, variables } })
    if (message.type === 'next') take(message.payload as Answer)
    if (message.type === 'error') take({ errors: message.payload as Errors })
    if (message.type === 'complete') ended({ how: 'complete', codes: [] })
  })
  socket.on('error', () => {
    // A connection that is refused or breaks; `close` follows.
  })
  socket.on('close', (code) => {
    ended({ how: 'closed', codes: [] })
    closed(code)
  })
  return () => socket.terminate()
}

function overEventStream({ graphql, token, query, variables }: Asked, { take, ended, closed }: Hears): () => void {
  const aborting = new AbortController()
  const read = async (): Promise<void> => {
    const response = await fetch(graphql, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'text/event-stream',
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      body: JSON.stringify({ query, variables }),
      signal: aborting.signal,
    })
    if (!response.ok || !response.body) {
      // Errors come as JSON with the same shape.
      take((await response.json()) as Answer)
      return closed(response.status)
    }
    let rest = ''
    for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + chunk).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) {
        if (line.startsWith('data: {')) take(JSON.parse(line.slice('data: '.length)) as Answer)
        if (line === 'event: complete') ended({ how: 'complete', codes: [] })
      }
    }
    closed(response.status)
  }
  read()
    .catch(() => closed(0))
    .finally(() => ended({ how: 'closed', codes: [] }))
  return () => aborting.abort()
}
