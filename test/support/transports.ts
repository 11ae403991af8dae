// The same operation by every transport, with the answer in one shape.

import { RawSocket } from '../../src/http/rawSocket.ts'
import type { TestServer } from './testServer.ts'

export interface Sent {
  /** Left out where only the id of a document is sent. */
  readonly query?: string
  readonly operationName?: string
  readonly documentId?: string
  readonly variables?: unknown
  readonly extensions?: Readonly<Record<string, unknown>>
  readonly token?: string
}

export interface Received {
  /** Of the answer's first error, or of the refused connection. */
  readonly code: unknown
  readonly message: string | undefined
  readonly data: Readonly<Record<string, unknown>> | null | undefined
  readonly extensions: Readonly<Record<string, unknown>> | undefined
  /** The HTTP status; with what a socket was closed, where it was. */
  readonly status: number | undefined
}

type Transport = 'POST' | 'GET' | 'SSE' | 'WebSocket'

export const transports: readonly Transport[] = ['POST', 'GET', 'SSE', 'WebSocket']

/** Sends it and takes the first result. */
export function sendBy(
  transport: Transport,
  server: Pick<TestServer, 'graphql' | 'ws'>,
  sent: Sent,
): Promise<Received> {
  switch (transport) {
    case 'POST':
      return byHttp(post(server.graphql, sent, 'application/graphql-response+json'))
    case 'GET':
      return byHttp(get(server.graphql, sent))
    case 'SSE':
      return byHttp(post(server.graphql, sent, 'text/event-stream'))
    case 'WebSocket':
      return bySocket(server.ws, sent)
    default:
      return transport satisfies never
  }
}

const bearer = ({ token }: Sent): Readonly<Record<string, string>> =>
  token === undefined ? {} : { authorization: `Bearer ${token}` }

function post(graphql: string, { token, ...body }: Sent, accept: string): Promise<Response> {
  const headers = { 'content-type': 'application/json', accept, ...bearer(token === undefined ? {} : { token }) }
  return fetch(graphql, { method: 'POST', headers, body: JSON.stringify(body) })
}

function get(graphql: string, { token, ...params }: Sent): Promise<Response> {
  const url = new URL(graphql)
  for (const [name, value] of Object.entries(params))
    url.searchParams.set(name, typeof value === 'string' ? value : JSON.stringify(value))
  const headers = { accept: 'application/graphql-response+json', ...bearer(token === undefined ? {} : { token }) }
  return fetch(url, { headers })
}

async function byHttp(asked: Promise<Response>): Promise<Received> {
  const response = await asked
  const text = response.body ? await firstOf(response.body) : ''
  return received(JSON.parse(text), response.status)
}

/** The body, or of an event stream its first result: a feed has no end of its own. */
async function firstOf(body: ReadableStream<Uint8Array>): Promise<string> {
  let text = ''
  const decoder = new TextDecoder()
  for await (const chunk of body) {
    text += decoder.decode(chunk, { stream: true })
    const [, first] = /^event: next\ndata: (.*)\n\n/m.exec(text) ?? []
    if (first !== undefined) return first
  }
  return text
}

async function bySocket(ws: string, { token, extensions, ...payload }: Sent): Promise<Received> {
  using socket = await new RawSocket(ws).init()
  const headers = token === undefined ? {} : { headers: { Authorization: `Bearer ${token}` } }
  socket.send({ type: 'subscribe', id: '1', payload: { ...payload, extensions: { ...extensions, ...headers } } })
  await socket.until(() => socket.of('1').length > 0 || socket.closed !== undefined)
  const [message] = socket.of('1')
  if (!message) return { ...received({}, socket.closed?.code), message: socket.closed?.reason }
  return received(message.type === 'error' ? { errors: message.payload } : message.payload, undefined)
}

function received(answer: unknown, status: number | undefined): Received {
  // An answer of GraphQL, or a problem of HTTP; tests look at what is there.
  const { data, errors, extensions, code } = answer as {
    readonly data?: Received['data']
    readonly errors?: readonly { readonly message: string; readonly extensions?: { readonly code?: unknown } }[]
    readonly extensions?: Received['extensions']
    readonly code?: unknown
  }
  return { code: errors?.[0]?.extensions?.code ?? code, message: errors?.[0]?.message, data, extensions, status }
}
