// The HTTP server: which path goes where, and the limits of the connection itself.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { newUuid } from '../commands/occasion.ts'
import { readBody } from './body.ts'
import { clientAddress } from './clientAddress.ts'
import { Connections } from './connections.ts'
import type { Gate } from './gate.ts'
import { Graphiql, wantsPage } from './graphiql.ts'
import { createGraphqlHttp, errorResponse, type HttpHandler } from './graphqlHttp.ts'
import type { Health } from './health.ts'
import { IdleMemory } from './idleMemory.ts'
import { Listening } from './listening.ts'
import { corsHeaders, type OriginPolicy, preflightHeaders } from './origins.ts'
import { allowMethods, securityHeaders, sendProblem } from './problem.ts'
import type { RequestLogger } from './requestLogger.ts'
import { createSse, wantsEventStream } from './sse.ts'
import { createSockets, refuseUpgrade } from './ws.ts'

export interface HttpConfig extends OriginPolicy {
  /** Whether X-Forwarded-For is believed. */
  readonly trustProxy: boolean
  readonly graphiql: boolean
}

/** Answers further paths; false for those that are not its own. */
export type Route = (request: IncomingMessage, response: ServerResponse, url: URL) => boolean | Promise<boolean>

export interface HttpServerOptions {
  readonly gate: Gate
  readonly config: HttpConfig
  readonly health: Health
  readonly logger: RequestLogger
  readonly routes?: readonly Route[]
  /** Open sockets and event streams of one address. */
  readonly connectionsPerAddress?: number
}

/** How long a stopping server waits for clients to take their leave, in ms. */
const farewellMs = 2_000

export class HttpServer {
  readonly #options: HttpServerOptions
  readonly #server: Server
  readonly #listening: Listening
  readonly #connections: Connections
  readonly #post: HttpHandler
  readonly #stream: HttpHandler
  readonly #graphiql: Graphiql
  readonly #memory = new IdleMemory({ connections: () => this.connections() })
  #stopping = false

  constructor(options: HttpServerOptions) {
    const { gate, config, logger, connectionsPerAddress } = options
    this.#options = options
    this.#connections = new Connections({ limit: gate.limits.connections, perAddress: connectionsPerAddress })
    this.#post = createGraphqlHttp(gate)
    this.#stream = createSse({ gate, connections: this.#connections })
    this.#graphiql = new Graphiql({ logger })
    const sockets = createSockets({ gate, connections: this.#connections, ...config })
    this.#server = createServer({
      // ms. A client that sends slower than this is not served.
      headersTimeout: 15_000,
      requestTimeout: 60_000,
      keepAliveTimeout: 65_000,
      maxHeaderSize: 16_384,
      noDelay: true,
      // Another protocol that is offered (h2c, say) is not taken: the request is answered as it is.
      shouldUpgradeCallback: ({ headers }) => headers.upgrade?.toLowerCase() === 'websocket',
    })
    this.#listening = new Listening(this.#server)
    this.#server.on('request', (request, response) => void this.#answer(request, response))
    this.#server.on('upgrade', (request, socket, head) => {
      if (this.#stopping) return refuseUpgrade(socket, 503, 'The server is restarting. Come back in a moment.')
      if (urlOf(request)?.pathname !== '/graphql')
        return refuseUpgrade(socket, 404, 'There is no WebSocket here. Connect to /graphql.')
      sockets.upgrade(request, socket, head)
    })
  }

  /** Open sockets and event streams. */
  connections(): number {
    return this.#connections.count
  }

  /**
   * @param port 0 takes a free one
   * @returns what it listens on
   * @throws the system's own error where the address cannot be had; `startFailure` says what to do
   */
  listen(host: string, port: number): Promise<AddressInfo> {
    return this.#listening.begin(host, port)
  }

  /** Sends away everyone who follows a feed; they come back and resume. For a node that no longer hears from the log. */
  closeFeeds(): void {
    this.#connections.closeFeeds(1013, 'Not now, come back')
  }

  /** Takes nothing new, lets requests under way be answered, and tells clients to come back. */
  async close(): Promise<void> {
    this.#stopping = true
    this.#memory.close()
    this.#options.health.stopping()
    // Meanwhile it goes on to answer: that it is not ready, that there are no sockets here now, and what was asked before.
    await this.#connections.sendAway(1012, 'Restarting, come back')
    const closed = this.#listening.end()
    this.#server.closeIdleConnections()
    const late = setTimeout(() => {
      this.#connections.destroyAll()
      this.#server.closeAllConnections()
    }, farewellMs)
    await closed
    clearTimeout(late)
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { logger } = this.#options
    const startedAt = performance.now()
    const url = urlOf(request)
    const path = url?.pathname ?? ''
    for (const [name, value] of Object.entries(securityHeaders)) response.setHeader(name, value)
    if (this.#stopping) response.setHeader('connection', 'close')
    response.once('close', () => {
      // The connection that was busy when the server stopped is idle only after this turn.
      if (this.#stopping) setImmediate(() => this.#server.closeIdleConnections())
      const ms = Math.round(performance.now() - startedAt)
      // Neither the query nor the body: they hold what people write.
      logger.debug({ method: request.method, path, status: response.statusCode, ms }, 'Request answered.')
    })
    try {
      if (!url) return sendProblem(response, 400, 'BAD_INPUT', 'The address of this request cannot be read.')
      await this.#route(url, request, response)
    } catch (error) {
      logger.error(
        { path, error: error instanceof Error ? error.name : typeof error },
        'A request failed unexpectedly.',
      )
      if (response.headersSent) response.destroy()
      else sendProblem(response, 500, 'INTERNAL', 'Something went wrong on the server. Try again.')
    }
  }

  async #route(url: URL, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = url.pathname
    if (path === '/graphql') return this.#graphql(request, response)
    // Whoever opens the address that the server prints gets what a browser can be given.
    if (path === '/' && this.#options.config.graphiql && wantsPage(request))
      return void response.writeHead(302, { location: '/graphql', 'cache-control': 'no-store' }).end()
    if (await this.#options.health.serve(path, url, request, response)) return
    for (const route of this.#options.routes ?? []) if (await route(request, response, url)) return
    sendProblem(response, 404, 'NOT_FOUND', 'There is nothing at this address. The API is at /graphql.')
  }

  async #graphql(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { gate, config } = this.#options
    if (request.method === 'OPTIONS') return void response.writeHead(204, preflightHeaders(request, config)).end()
    for (const [name, value] of Object.entries(corsHeaders(request, config))) response.setHeader(name, value)
    const streams = wantsEventStream(request)
    if (config.graphiql && !streams && wantsPage(request)) return this.#graphiql.serve(request, response)
    if (!allowMethods(request, response, ['GET', 'POST'])) return
    const body = request.method === 'POST' ? await readBody(request, gate.limits.bodyBytes) : ''
    if (typeof body !== 'string') {
      const [text, init] = errorResponse(body.errors, body.status, request)
      // What is left of the body is not read: the connection cannot be used again.
      return void response.writeHead(init.status, { ...init.headers, connection: 'close' }).end(text)
    }
    const connection = {
      id: newUuid(),
      address: clientAddress(request, config),
      userAgent: request.headers['user-agent'],
    }
    await (streams ? this.#stream : this.#post)({ request, body, connection }, response)
  }
}

function urlOf(request: IncomingMessage): URL | undefined {
  return URL.parse(request.url ?? '', 'http://parley.invalid') ?? undefined
}
