// A whole HTTP server on a real port, with a small schema of its own, for the tests of this folder.

import { buildSchema, GraphQLError, type GraphQLObjectType } from 'graphql'
import { type Client, createClient } from 'graphql-ws'
import { WebSocket } from 'ws'
import type { App, Context } from '../../schema/context.ts'
import type { Identity } from '../accounts/sessions.ts'
import { SessionWatch } from '../accounts/sessionWatch.ts'
import { sessionId, userId } from '../domain/ids.ts'
import { type Position, type RecordedEvent, StoreUnavailable } from '../eventstore/port.ts'
import { Gate } from './gate.ts'
import { Health } from './health.ts'
import { defaultLimits, type Limits } from './limits.ts'
import { createMetrics } from './metrics.ts'
import type { RequestLogger } from './requestLogger.ts'
import { type HttpConfig, HttpServer } from './server.ts'
import { TimerWheel } from './timerWheel.ts'

const sdl = /* GraphQL */ `
  type Query { hello: String! viewer: String self: Query! slow(ms: Int!): Int! fail: String echo(text: String!): String! atLeast: String }
  type Mutation { write: String! bump: Int! }
  type Subscription { count(to: Int!): Int! steps(after: String, to: Int!): Int! silence: Int! stuck: Int! big(bytes: Int!): String! forbidden: Int! broken: Int! gone: Int! away: Int! }
`

const position = (n: number): Position => n.toString(16).padStart(16, '0') as Position

export const aPosition = position(7)

const uuid = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`

interface TestServerOptions {
  readonly limits?: Partial<Limits>
  readonly config?: Partial<HttpConfig>
  readonly hearing?: () => boolean
  /** Of every session, in ms from now. */
  readonly deadlineMs?: number
  readonly introspection?: boolean
  readonly metricsAccess?: 'local' | 'public' | 'off'
  readonly connectionsPerAddress?: number
}

/** Feeds that were opened, and those among them that have been ended by their reader. */
export interface FeedCounts {
  opened: number
  returned: number
  pulled: number
}

export class TestServer implements AsyncDisposable {
  readonly logged: { level: string; fields: object; message: string }[] = []
  readonly feeds: FeedCounts = { opened: 0, returned: 0, pulled: 0 }
  readonly watch = new SessionWatch()
  readonly ended = new Set<string>()
  readonly gate: Gate
  readonly http: HttpServer
  bumps = 0
  origin = ''
  readonly #tokens = new Map<string, Identity>()
  readonly #wheel = new TimerWheel({ tickMs: 5 })

  constructor({
    limits = {},
    config = {},
    hearing,
    deadlineMs = 3_600_000,
    introspection,
    metricsAccess = 'local',
    connectionsPerAddress,
  }: TestServerOptions = {}) {
    for (const [index, name] of ['ada', 'bob'].entries()) {
      const user = userId(`user_${uuid(index)}`)
      this.#tokens.set(`token-${name}`, {
        id: sessionId(`session_${uuid(index)}`),
        userId: user,
        userRevision: 0,
        actor: { user, serverRole: 'MEMBER' },
        deadline: Date.now() + deadlineMs,
      })
    }
    const log = (level: string) => (fields: object, message: string) =>
      void this.logged.push({ level, fields, message })
    const logger: RequestLogger = { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') }
    const metrics = createMetrics({
      connections: () => this.http.connections(),
      feeds: () => this.feeds.opened - this.feeds.returned,
      appended: () => ({ events: 3, commits: 2 }),
      projectionLagMs: () => 1_500,
    })
    this.gate = new Gate({
      schema: this.#schema(),
      app: this.#app(),
      logger,
      metrics,
      limits: { ...defaultLimits, ...limits },
      wheel: this.#wheel,
      isPosition: (text) => /^[0-9a-f]{14,16}$/.test(text),
      reaches: () => true,
      ...(hearing ? { hearing } : {}),
      ...(introspection === undefined ? {} : { introspection }),
    })
    const health = new Health({
      dependencies: () => [{ name: 'event log', ready: hearing?.() ?? true, detail: 'Follows the log.' }],
      metrics,
      access: metricsAccess,
    })
    this.http = new HttpServer({
      gate: this.gate,
      health,
      logger,
      ...(connectionsPerAddress === undefined ? {} : { connectionsPerAddress }),
      config: { origins: [], trustProxy: false, graphiql: true, ...config },
    })
  }

  async start(): Promise<this> {
    const { port } = await this.http.listen('127.0.0.1', 0)
    this.origin = `http://127.0.0.1:${port}`
    return this
  }

  get url(): string {
    return `${this.origin}/graphql`
  }

  get socketUrl(): string {
    return this.url.replace('http', 'ws')
  }

  identityOf(token: string): Identity {
    const identity = this.#tokens.get(token)
    if (!identity) throw new Error(`There is no ${token}.`)
    return identity
  }

  /** Ends the session as the log would. */
  endSession(token: string): void {
    const { id } = this.identityOf(token)
    this.ended.add(id)
    // The watch reads only these of an event.
    const event = {
      stream: `session-${id.slice('session_'.length)}`,
      type: 'SessionEnded',
      position: aPosition,
    } as RecordedEvent
    this.watch.deliver({ events: [event], position: aPosition, caughtUp: true })
  }

  client(connectionParams?: Record<string, unknown>): Client {
    return createClient({
      url: this.socketUrl,
      webSocketImpl: WebSocket,
      retryAttempts: 0,
      ...(connectionParams ? { connectionParams } : {}),
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.http.close()
    this.#wheel.close()
  }

  /** Only what the transports use of the parts of a server. */
  #app(): App {
    const app = {
      sessions: {
        watch: this.watch,
        identify: async (token: string) => {
          const identity = this.#tokens.get(token)
          return identity && !this.ended.has(identity.id) ? identity : undefined
        },
        stillHolds: async (identity: Identity) => !this.ended.has(identity.id),
      },
      queries: { models: { checkpoint: position(100), waitFor: async () => false } },
      server: { now: () => Date.now() },
      presence: { active: () => {}, connected: () => ({ [Symbol.dispose]: () => {} }) },
    }
    return app as unknown as App
  }

  #schema() {
    const schema = buildSchema(sdl)
    const fieldsOf = (type: GraphQLObjectType | undefined | null) => type?.getFields() ?? {}
    const query = fieldsOf(schema.getQueryType())
    const resolvers: Record<string, (source: unknown, args: Record<string, unknown>, context: Context) => unknown> = {
      hello: () => 'world',
      self: () => ({}),
      viewer: (_, _args, { caller }) => caller.identity?.userId ?? null,
      slow: (_, { ms }) => new Promise((resolve) => setTimeout(() => resolve(ms), Number(ms))),
      echo: (_, { text }) => text,
      fail: () => {
        throw new Error('a secret text')
      },
      atLeast: async (_, _args, { consistency }) => {
        await consistency.ready()
        return consistency.atLeast ?? null
      },
    }
    for (const [name, resolve] of Object.entries(resolvers)) if (query[name]) query[name].resolve = resolve
    const mutation = fieldsOf(schema.getMutationType())
    if (mutation.write)
      mutation.write.resolve = (_, _args, { consistency }: Context) => {
        consistency.raise(aPosition)
        return aPosition
      }
    if (mutation.bump)
      mutation.bump.resolve = () => {
        this.bumps += 1
        return this.bumps
      }
    const sources: Record<string, (args: Record<string, unknown>) => AsyncIterator<unknown>> = {
      count: ({ to }) => this.#feed('count', (n) => (n <= Number(to) ? n : undefined)),
      steps: ({ after, to }) => {
        if (after === 'of another feed')
          throw new GraphQLError('This feed cursor is of another feed.', { extensions: { code: 'BAD_INPUT' } })
        const before = Number(after ?? 0)
        return this.#feed(
          'steps',
          (n) => (before + n <= Number(to) ? before + n : undefined),
          (n) => String(before + n),
        )
      },
      big: ({ bytes }) => this.#feed('big', () => 'x'.repeat(Number(bytes))),
      silence: () => this.#feed('silence', () => new Promise(() => {})),
      // Says that it has been returned, and never that it is done.
      stuck: () => ({
        ...this.#feed('stuck', () => new Promise(() => {})),
        return: () => {
          this.feeds.returned += 1
          return new Promise(() => {})
        },
      }),
      forbidden: () => {
        throw new GraphQLError('There is no such conversation.', { extensions: { code: 'NOT_FOUND' } })
      },
      broken: () => {
        throw new Error('a secret text')
      },
      gone: () =>
        this.#feed('gone', (n) => {
          if (n === 1) return 1
          throw new GraphQLError('You were removed.', { extensions: { code: 'FORBIDDEN' } })
        }),
      away: () =>
        this.#feed('away', (n) => {
          if (n === 1) return 1
          throw new StoreUnavailable('The log is away.')
        }),
    }
    for (const [name, field] of Object.entries(fieldsOf(schema.getSubscriptionType()))) {
      field.subscribe = (_source, args) => {
        const iterator = sources[name]?.(args)
        return { [Symbol.asyncIterator]: () => iterator }
      }
    }
    return schema
  }

  /** Ends when it is asked to, whatever it waits for. */
  #feed(name: string, valueAt: (n: number) => unknown, cursorAt?: (n: number) => string): AsyncIterator<unknown> {
    this.feeds.opened += 1
    let n = 0
    return {
      next: async () => {
        this.feeds.pulled += 1
        n += 1
        const value = await valueAt(n)
        return value === undefined
          ? { done: true, value }
          : { done: false, value: { [name]: value, atLeast: position(n), cursor: cursorAt?.(n) } }
      },
      return: async () => {
        this.feeds.returned += 1
        return { done: true, value: undefined }
      },
    }
  }
}

export const startTestServer = (options?: TestServerOptions): Promise<TestServer> => new TestServer(options).start()
