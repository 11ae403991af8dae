// Readers of a room over graphql-ws. They note what they receive, revision by revision.

import { setTimeout as pause } from 'node:timers/promises'
import { createClient } from 'graphql-ws'
import { WebSocket } from 'ws'
import { described, type EventPage, pageFields, type RoomEvent } from './roomLog.ts'

/** `steady` reads on; `dropping` loses its connection again and again; `slow` stops reading for a while again and again. */
export type Manner = 'steady' | 'dropping' | 'slow'

export interface Reading {
  readonly manner: Manner
  /** By revision, in the words of `described`. Revision 0 is where it began, and is not there. */
  readonly received: ReadonlyMap<number, string>
  /** Events received, with repeats. */
  readonly events: number
  /** Revisions received again, or before one that stands before them. */
  readonly disorder: readonly number[]
  readonly frames: number
  /** Connections that it cut, and connections that went on from a cursor. */
  readonly drops: number
  readonly resumes: number
  /** How often it stopped reading. */
  readonly pauses: number
}

export interface ReaderOptions {
  /** Where GraphQL is served. Of several nodes, each connection goes to the next one. */
  readonly nodes: readonly string[]
  readonly token: string
  readonly roomId: string
  readonly manner: Manner
  /** Cursor of revision 0. */
  readonly after: string
}

const feedDocument = `subscription ($id: ID!, $after: FeedCursor) {
  conversationFeed(conversationId: $id, after: $after) { ${pageFields} }
}`

/** A dropping reader loses its connection after so many ms, or with the frame that follows so many events. */
const dropAfterMs = 2_000
const dropAfterEvents = 150
/** A slow reader stops for so many ms after so many events. */
const slowPauseMs = 300
const slowPauseEvents = 50
const reconnectMs = 20
/** Connections in a row that brought nothing, after which a reader gives up. */
const fruitlessAtMost = 100

/** What a connection ended with. */
type Ending = { readonly refused: string } | undefined

/** Reads from its making on, until `reading` has what it waits for or the reader is disposed of. */
export class Reader implements AsyncDisposable {
  readonly #options: ReaderOptions
  readonly #received = new Map<number, string>()
  readonly #disorder: number[] = []
  #cursor: string
  #next = 1
  #events = 0
  #frames = 0
  #drops = 0
  #resumes = 0
  #pauses = 0
  #sincePause = 0
  #connections = 0
  readonly #stop = new AbortController()
  readonly #running: Promise<void>
  #awaited: { revision: number; reached: () => void } | undefined

  constructor(options: ReaderOptions) {
    this.#options = options
    this.#cursor = options.after
    this.#running = this.#run()
    // Whoever awaits `reading` sees why it failed, also when it fails before.
    this.#running.catch(() => undefined)
  }

  /**
   * What was received once the revision is there, or after the time. The reader has then ended.
   *
   * @throws where the server refused the feed
   */
  async reading(revision: number, timeoutMs: number): Promise<Reading> {
    const reached = new Promise<void>((resolve) => {
      this.#awaited = { revision, reached: resolve }
      this.#tell()
    })
    await Promise.race([reached, this.#running, pause(timeoutMs, undefined, { signal: this.#stop.signal })])
    this.#stop.abort()
    await this.#running
    return {
      manner: this.#options.manner,
      received: this.#received,
      events: this.#events,
      disorder: this.#disorder,
      frames: this.#frames,
      drops: this.#drops,
      resumes: this.#resumes,
      pauses: this.#pauses,
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    // Why it failed, if it did, is told by `reading`.
    await this.#running.catch(() => undefined)
  }

  async #run(): Promise<void> {
    for (let fruitless = 0; !this.#stop.signal.aborted; ) {
      const before = this.#frames
      const ending = await this.#connection()
      if (this.#stop.signal.aborted) return
      if (ending !== undefined) throw new Error(`The ${this.#options.manner} reader was refused: ${ending.refused}`)
      fruitless = this.#frames === before ? fruitless + 1 : 0
      if (fruitless === fruitlessAtMost) throw new Error(`The ${this.#options.manner} reader could not connect.`)
      await pause(reconnectMs)
    }
  }

  /** Reads over one connection until it ends. */
  async #connection(): Promise<Ending> {
    const { nodes, token, roomId, manner } = this.#options
    const began = this.#events
    let first = true
    let socket: WebSocket | undefined
    let timer: NodeJS.Timeout | undefined
    let lost = false
    const drop = () => {
      lost = true
      this.#drops++
      socket?.terminate()
    }
    const client = createClient({
      url: () => (nodes[this.#connections++ % nodes.length] ?? '').replace(/^http/, 'ws'),
      webSocketImpl: WebSocket,
      retryAttempts: 0,
      connectionParams: { authorization: `Bearer ${token}` },
      on: {
        connected: (opened) => {
          if (opened instanceof WebSocket) socket = opened
          if (manner === 'dropping') timer = setTimeout(drop, dropAfterMs)
        },
      },
    })
    const variables = { id: roomId, after: this.#cursor }
    const { promise, resolve } = Promise.withResolvers<Ending>()
    const stop = () => resolve(undefined)
    try {
      this.#stop.signal.addEventListener('abort', stop, { once: true })
      client.subscribe<{ conversationFeed: EventPage }>(
        { query: feedDocument, variables },
        {
          next: ({ data, errors }) => {
            // What was on its way when the connection was lost is lost too, and comes again.
            if (lost) return
            if (data?.conversationFeed == null) return resolve({ refused: JSON.stringify(errors) })
            const { reset } = data.conversationFeed
            if (reset) return resolve({ refused: reset.reason })
            if (manner === 'dropping' && this.#events - began >= dropAfterEvents) return drop()
            if (first && this.#frames > 0) this.#resumes++
            first = false
            this.#take(data.conversationFeed)
            if (manner === 'slow') this.#pauseReading(socket, data.conversationFeed.events.length)
          },
          error: (reason) => resolve(Array.isArray(reason) ? { refused: JSON.stringify(reason) } : undefined),
          complete: stop,
        },
      )
      return await promise
    } finally {
      this.#stop.signal.removeEventListener('abort', stop)
      clearTimeout(timer)
      await client.dispose()
      socket?.terminate()
    }
  }

  #take({ events, cursor }: EventPage): void {
    this.#frames++
    for (const event of events) this.#note(event)
    this.#cursor = cursor
    this.#tell()
  }

  #note(event: RoomEvent): void {
    this.#events++
    for (let revision = event.revision; revision <= (event.throughRevision ?? event.revision); revision++) {
      if (revision !== this.#next) this.#disorder.push(revision)
      this.#received.set(revision, described(event))
      this.#next = revision + 1
    }
  }

  #tell(): void {
    if (this.#awaited && this.#next > this.#awaited.revision) this.#awaited.reached()
  }

  /** Takes nothing more off the connection for a while: what the server sends meanwhile has to wait there. */
  #pauseReading(socket: WebSocket | undefined, events: number): void {
    this.#sincePause += events
    if (socket === undefined || socket.isPaused || this.#sincePause < slowPauseEvents) return
    this.#sincePause = 0
    this.#pauses++
    socket.pause()
    setTimeout(() => socket.resume(), slowPauseMs)
  }
}
