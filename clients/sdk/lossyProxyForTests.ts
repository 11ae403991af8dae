// Stands between a client and a server, and loses events out of frames: what a broken server or something in between might do.

import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { WebSocket, WebSocketServer } from 'ws'

interface PassedEvent {
  readonly __typename: string
  readonly revision?: number
}

interface Frame {
  readonly events: readonly PassedEvent[]
}

export interface LossyProxy extends AsyncDisposable {
  readonly url: string
  /** What was asked over HTTP, in order. */
  readonly asked: readonly string[]
}

/**
 * @param target the GraphQL address of the server
 * @param pass what becomes of the events of a frame: some left out, some twice
 */
export async function lossyProxy(
  target: string,
  pass: (events: readonly PassedEvent[]) => readonly PassedEvent[],
): Promise<LossyProxy> {
  const asked: string[] = []
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const body = Buffer.concat(chunks).toString()
    asked.push(JSON.parse(body).query)
    const { authorization = '' } = request.headers
    const headers = { 'content-type': 'application/json', ...(authorization && { authorization }) }
    const answer = await fetch(target, { method: 'POST', headers, body })
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(await answer.text())
  })
  const sockets = new WebSocketServer({ server, handleProtocols: () => 'graphql-transport-ws' })
  sockets.on('connection', (client) => {
    const upstream = new WebSocket(target.replace(/^http/, 'ws'), 'graphql-transport-ws')
    const opened = once(upstream, 'open')
    client.on('message', (data) => void opened.then(() => upstream.send(String(data))))
    client.on('close', () => upstream.close())
    upstream.on('message', (data) => client.send(edited(String(data), pass)))
    upstream.on('close', () => client.close())
    upstream.on('error', () => client.terminate())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  // A server that listens on TCP has an address with a port.
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    asked,
    [Symbol.asyncDispose]: async () => {
      for (const client of sockets.clients) client.terminate()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function edited(text: string, pass: (events: readonly PassedEvent[]) => readonly PassedEvent[]): string {
  const message: { type: string; payload?: { data?: Record<string, Frame> } } = JSON.parse(text)
  const data = message.type === 'next' ? message.payload?.data : undefined
  if (!data) return text
  const frames = Object.entries(data).map(([name, frame]) => [name, { ...frame, events: pass(frame.events) }])
  return JSON.stringify({ ...message, payload: { data: Object.fromEntries(frames) } })
}
