// The bus over Redis. Nothing waits for it and nothing is kept for it: while it is away, what is said is not heard, and when it
// is back, everything goes on by itself.

import { createClient } from '@redis/client'
import { CannotOpen } from '../eventstore/port.ts'
import { type Bus, BusListeners, type BusMessage } from './bus.ts'

interface RedisBusOptions {
  /** redis://… or rediss://… with a name and a password where they are needed. */
  readonly url: string
  /** What the names of its channels begin with, so that several servers can share one Redis. */
  readonly prefix: string
  readonly logger: { info(text: string): void; warn(text: string): void }
}

/** How often Redis is asked for a sign of life, and how long silence may last, in ms. */
const pingMs = 1_000
const silenceMs = 3_000
/** How long it waits before it connects again, in ms: twice as long each time. */
const reconnectMs = { first: 50, longest: 2_000 }
/** What waits to be sent, at most. Beyond it, what is said is lost. */
const longestQueue = 10_000

const unheard = 'Redis has not answered yet.'

/** @throws {CannotOpen} what is given is no address */
export function openRedisBus(options: RedisBusOptions): Bus {
  if (!URL.canParse(options.url))
    throw new CannotOpen('PARLEY_BUS is no address that can be read. Write it like redis://:password@host:6379.')
  return new RedisBus(options)
}

class RedisBus implements Bus {
  readonly #options: RedisBusOptions
  readonly #client: ReturnType<typeof connectionTo>
  readonly #listeners = new BusListeners()
  /** By topic: what the client calls, always the same function, so that nothing is heard twice. */
  readonly #handlers = new Map<string, (text: string) => void>()
  /** Why it is not heard now. */
  #trouble: string | undefined = unheard
  #closed = false

  constructor(options: RedisBusOptions) {
    this.#options = options
    this.#client = connectionTo(options.url)
    this.#client.on('error', (error: unknown) => this.#lost(error))
    this.#client.on('ready', () => this.#found())
    // It tries again until it is closed; what goes wrong meanwhile comes as `error`.
    this.#client.connect().catch((error: unknown) => this.#lost(error))
  }

  publish(topic: string, message: BusMessage): void {
    if (!this.#client.isReady) return
    this.#client.publish(this.#channel(topic), JSON.stringify(message)).catch(() => {
      // It is lost, as everything is that is said while Redis is away. `error` says so.
    })
  }

  subscribe(topic: string, onMessage: (message: BusMessage) => void): Disposable {
    const listening = this.#listeners.add(topic, onMessage)
    if (!this.#handlers.has(topic)) {
      this.#handlers.set(topic, (text) => {
        const message = read(text)
        if (message) this.#listeners.tell(topic, message)
      })
      if (this.#client.isReady) this.#listen(topic)
    }
    return listening
  }

  health(): ReturnType<Bus['health']> {
    return this.#trouble === undefined ? { ready: true } : { ready: false, reason: this.#trouble }
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#client.destroy()
  }

  #listen(topic: string): void {
    const handler = this.#handlers.get(topic)
    if (handler) this.#client.subscribe(this.#channel(topic), handler).catch((error: unknown) => this.#lost(error))
  }

  #channel(topic: string): string {
    return `${this.#options.prefix}bus.${topic}`
  }

  #found(): void {
    for (const topic of this.#handlers.keys()) this.#listen(topic)
    if (this.#trouble !== undefined) this.#options.logger.info('Redis is there: who types is seen on all nodes.')
    this.#trouble = undefined
  }

  #lost(error: unknown): void {
    if (this.#closed) return
    const reason = `Redis cannot be used (${sentenceOf(error)}). Who types is not seen; everything else goes on.`
    if (this.#trouble === undefined || this.#trouble === unheard) this.#options.logger.warn(reason)
    this.#trouble = reason
  }
}

const connectionTo = (url: string) =>
  createClient({
    url,
    // One connection can then both publish and listen.
    RESP: 3,
    disableOfflineQueue: true,
    commandsQueueMaxLength: longestQueue,
    pingInterval: pingMs,
    socket: {
      connectTimeout: silenceMs,
      socketTimeout: silenceMs,
      // Full jitter: nodes that lost the same Redis do not come back in step.
      reconnectStrategy: (retries) =>
        Math.random() * Math.min(reconnectMs.longest, reconnectMs.first * 2 ** Math.min(retries, 10)),
    },
  })

/** What another node has said; undefined where it is something else. */
function read(text: string): BusMessage | undefined {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
    const plain = Object.values(value).every((field) => ['string', 'number', 'boolean'].includes(typeof field))
    // Just checked.
    return plain ? (value as BusMessage) : undefined
  } catch {
    return undefined
  }
}

/** Several addresses were tried: each has its own error. */
function sentenceOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(sentenceOf).join('; ')
  return error instanceof Error ? error.message || error.name : String(error)
}
