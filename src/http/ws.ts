// GraphQL over WebSocket: the protocol graphql-transport-ws, kept by graphql-ws, on sockets of ws.

import { type IncomingMessage, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import type { ExecutionArgs, ExecutionResult, GraphQLError } from 'graphql'
import { GRAPHQL_TRANSPORT_WS_PROTOCOL, handleProtocols, makeServer } from 'graphql-ws'
import { WebSocketServer } from 'ws'
import { newUuid } from '../commands/occasion.ts'
import { clientAddress } from './clientAddress.ts'
import type { Connections } from './connections.ts'
import type { Gate } from './gate.ts'
import { isObject } from './gateRequest.ts'
import { OpeningOperation } from './openingOperation.ts'
import { authorizationIn } from './operation.ts'
import { type OriginPolicy, originAllowed } from './origins.ts'
import { refusalError } from './refusal.ts'
import { withoutQuery } from './requestParams.ts'
import { SocketConnection } from './socketConnection.ts'
import { SocketFrames } from './socketFrames.ts'

interface SocketsOptions extends OriginPolicy {
  readonly gate: Gate
  readonly connections: Connections
  readonly trustProxy: boolean
}

export interface Sockets {
  /** For the `upgrade` event of the HTTP server, once the path is known to be right. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void
}

/** What has been carried out in `onSubscribe` already, for the hooks that graphql-ws calls after it. */
type Outcomes = WeakMap<ExecutionArgs, ExecutionResult | SocketFrames>

export function createSockets(options: SocketsOptions): Sockets {
  const { gate, connections, trustProxy } = options
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: gate.limits.bodyBytes,
    handleProtocols,
    perMessageDeflate: false,
    clientTracking: false,
    autoPong: false,
  })
  const protocol = createProtocol(gate)
  // The library insists on a query; where documents are listed their ids may come without one.
  const withQuery = (key: string, value: unknown) =>
    key === 'payload' && isObject(value) && withoutQuery(value) ? { ...value, query: '' } : value
  const parse = (text: string): unknown => JSON.parse(text, gate.listsDocuments ? withQuery : undefined)
  return {
    upgrade(request, socket, head) {
      const turn = gate.arrivals.take()
      if (!turn) return begin(request, socket, head)
      // Nobody else listens till then.
      const broken = () => socket.destroy()
      socket.on('error', broken)
      void turn.then(() => {
        socket.off('error', broken)
        if (!socket.destroyed) begin(request, socket, head)
      })
    },
  }

  function begin(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const address = clientAddress(request, { trustProxy })
    const refusal = refusalOf(request, address)
    if (refusal) {
      refuseUpgrade(socket, refusal.status, refusal.sentence)
      return
    }
    const userAgent = request.headers['user-agent']
    server.handleUpgrade(request, socket, head, (webSocket) =>
      accept(
        new SocketConnection({ socket: webSocket, stream: socket, gate, parse, id: newUuid(), address, userAgent }),
      ),
    )
  }

  function refusalOf(request: IncomingMessage, address: string): { status: number; sentence: string } | undefined {
    if (!originAllowed(request, options))
      return { status: 403, sentence: 'Pages of this origin may not connect: PARLEY_ORIGINS names those that may.' }
    if (!handleProtocols(request.headers['sec-websocket-protocol'] ?? ''))
      return { status: 400, sentence: `Connect with the subprotocol ${GRAPHQL_TRANSPORT_WS_PROTOCOL}.` }
    const full = connections.refusal(address)
    return full && { status: full.status, sentence: full.errors.map(({ message }) => message).join(' ') }
  }

  // Apart from the upgrade: what is called back here lasts as long as the connection, and must not keep the request.
  function accept(connection: SocketConnection): void {
    connections.add(connection)
    connection.open(protocol, () => connections.remove(connection))
  }
}

function createProtocol(gate: Gate) {
  const outcomes: Outcomes = new WeakMap()
  return makeServer<Record<string, unknown>, SocketConnection>({
    // The connection itself watches the time, with the timers that all share.
    connectionInitWaitTimeout: 0,
    onConnect: async (context) => {
      const { connectionParams, extra: connection } = context
      // The library would keep the token for as long as the connection lasts.
      Object.assign(context, { connectionParams: undefined })
      connection.initialised()
      await gate.arrivals.take()
      const headers = connectionParams?.headers
      const who = await gate.identify(authorizationIn(connectionParams) ?? authorizationIn(headers))
      if ('kind' in who) {
        connection.close(who.closeCode ?? 4403, who.status === 401 ? 'The token is not valid' : 'Come back later')
        return false
      }
      if (!who.identity) return true
      const place = gate.accounts.take(who.identity)
      if ('errors' in place) {
        connection.close(place.closeCode, 'Too many connections of this account: close some of them')
        return false
      }
      connection.signIn(who.identity, place)
      return true
    },
    onSubscribe: async ({ extra: connection, subscriptions }, id, payload) => {
      const underWay = connection.beginning
      const opening = new OpeningOperation()
      subscriptions[id] = opening
      const answer = await carryOut({ gate, connection, id, payload, outcomes })
      if (!opening.givenUp) return answer
      const outcome = 'document' in answer ? outcomes.get(answer) : undefined
      if (outcome instanceof SocketFrames) void outcome.return()
      if (underWay) connection.settle(underWay)
      // Nobody waits for it any more, and its id may be that of another operation: the protocol hears nothing of it.
      return new Promise<never>(() => {})
    },
    execute: (args) => outcomeOf(outcomes, args),
    subscribe: (args) => outcomeOf(outcomes, args),
  })
}

interface CarryOut {
  readonly gate: Gate
  readonly connection: SocketConnection
  readonly id: string
  readonly payload: { query: string }
  readonly outcomes: Outcomes
}

/** Errors end the operation with an `error` message, and nothing else with it. */
async function carryOut({
  gate,
  connection,
  id,
  payload,
  outcomes,
}: CarryOut): Promise<ExecutionArgs | readonly GraphQLError[]> {
  const underWay = connection.beginning
  const admitted = await gate.admit({ transport: 'ws', connection, operation: payload })
  if (admitted.kind === 'refused') return admitted.errors
  if (admitted.operation !== 'subscription') {
    const result = await gate.run(admitted)
    if ('kind' in result) return result.errors
    outcomes.set(admitted.args, result)
    return admitted.args
  }
  const { subscriptionsPerSocket } = gate.limits
  if (connection.subscriptions >= subscriptionsPerSocket)
    return [
      refusalError(
        'RATE_LIMITED',
        `This socket holds ${subscriptionsPerSocket} subscriptions already: complete one of them, or open another socket.`,
      ),
    ]
  const place = new SubscriptionPlace(connection)
  const frames = await gate.subscribe(admitted)
  if (!('next' in frames)) {
    place[Symbol.dispose]()
    return frames
  }
  frames.hold(place)
  // The library keeps both for as long as the subscription lasts.
  const args: ExecutionArgs = {
    schema: admitted.args.schema,
    document: admitted.args.document,
    contextValue: undefined,
  }
  if (admitted.args.operationName != null) args.operationName = admitted.args.operationName
  payload.query = ''
  outcomes.set(args, new SocketFrames({ id, frames, socket: connection }))
  if (underWay) connection.settle(underWay)
  return args
}

/** Of one subscription among those of its socket. A class, and no closure: each subscription has one. */
class SubscriptionPlace implements Disposable {
  readonly #connection: SocketConnection

  constructor(connection: SocketConnection) {
    this.#connection = connection
    connection.subscriptions += 1
  }

  [Symbol.dispose](): void {
    this.#connection.subscriptions -= 1
  }
}

function outcomeOf(outcomes: Outcomes, args: ExecutionArgs): ExecutionResult | SocketFrames {
  const outcome = outcomes.get(args)
  if (!outcome) throw new Error('An operation reached the protocol without having passed the gate.')
  return outcome
}

export function refuseUpgrade(socket: Duplex, status: number, sentence: string): void {
  const body = `${sentence}\n`
  socket.on('error', () => {
    // The client has gone before it heard the answer.
  })
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  )
}
