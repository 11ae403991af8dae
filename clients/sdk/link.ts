// One WebSocket, from the first attempt to its end. It never comes back: a new one takes its place.

import { type Client, createClient } from 'graphql-ws/client'
import { socketAddress } from './addresses.ts'
import type { Clock } from './clock.ts'
import type { TypedDocumentString } from './generated/documents.ts'

/** How it ended: the close code, 0 where there is none. */
export interface Ending {
  readonly code: number
  /** Whether the server had accepted it before. */
  readonly wasOpen: boolean
}

export interface LinkTimes {
  /** How long connecting may take, in ms. */
  readonly connectMs: number
  /** After so many ms the other side is asked whether it is there. */
  readonly pingMs: number
  /** So many ms it may take to answer. */
  readonly pongMs: number
}

interface LinkOptions {
  /** Over HTTP. */
  readonly address: string
  readonly token: string
  readonly clock: Clock
  readonly times: LinkTimes
  /** The browser's or Node's own unless said. */
  readonly webSocket?: unknown
  /** Called once, before any subscription hears of it. */
  readonly onEnd: (ending: Ending) => void
}

export interface Sink {
  next(answer: { readonly data?: unknown; readonly errors?: readonly { readonly message: string }[] }): void
  /** @param problem a list of GraphQL errors; anything else is the end of the link */
  error(problem: unknown): void
  complete(): void
}

export class Link {
  readonly address: string
  /** True once the server has accepted it; false where it ends before. */
  readonly opened: Promise<boolean>
  /** Something has come through it besides the acceptance. */
  heard = false
  readonly #client: Client
  readonly #clock: Clock
  readonly #opened = Promise.withResolvers<boolean>()
  readonly #onEnd: (ending: Ending) => void
  #waiting = new AbortController()
  #wasOpen = false
  #over = false

  constructor({ address, token, clock, times, webSocket, onEnd }: LinkOptions) {
    this.address = address
    this.#clock = clock
    this.opened = this.#opened.promise
    this.#onEnd = onEnd
    this.#client = createClient({
      url: socketAddress(address),
      connectionParams: { authorization: `Bearer ${token}` },
      lazy: false,
      // It would come back with the cursors that it was first given.
      retryAttempts: 0,
      keepAlive: times.pingMs,
      onNonLazyError: () => {
        // Told by `closed` and `error` already.
      },
      ...(webSocket === undefined ? undefined : { webSocketImpl: webSocket }),
      on: {
        connected: () => this.#open(),
        closed: (event) => this.#end(codeOf(event)),
        error: () => this.#end(0),
        ping: (received) => void (received || this.#limit(times.pongMs)),
        pong: (received) => void (received && this.#unlimit()),
      },
    })
    this.#limit(times.connectMs)
  }

  get over(): boolean {
    return this.#over
  }

  /** @returns call it to end the subscription */
  subscribe<Result, Variables extends Record<string, unknown>>(
    document: TypedDocumentString<Result, Variables>,
    variables: Variables,
    sink: Sink,
  ): () => void {
    if (this.#over) {
      queueMicrotask(() => sink.complete())
      return () => {}
    }
    return this.#client.subscribe({ query: document.toString(), variables }, {
      next: (answer) => {
        this.heard = true
        sink.next(answer)
      },
      error: sink.error,
      complete: sink.complete,
    } satisfies Sink)
  }

  close(): void {
    this.#end(1000)
  }

  #open(): void {
    this.#unlimit()
    this.#wasOpen = true
    this.#opened.resolve(true)
  }

  #end(code: number): void {
    if (this.#over) return
    this.#over = true
    this.#unlimit()
    this.#opened.resolve(false)
    this.#onEnd({ code, wasOpen: this.#wasOpen })
    // Now, and not when it has a reason to connect again: for some close codes the library would, with the old cursors.
    this.#client.dispose()?.catch?.(() => {
      // It never was connected.
    })
  }

  /** Unless something is heard within that time it is given up: a network that is gone closes nothing. */
  #limit(ms: number): void {
    this.#unlimit()
    const waiting = this.#waiting
    void this.#clock.sleep(ms, waiting.signal).then(() => {
      if (waiting.signal.aborted || this.#over) return
      this.#client.terminate()
      this.#end(4499)
    })
  }

  #unlimit(): void {
    this.#waiting.abort()
    this.#waiting = new AbortController()
  }
}

const codeOf = (event: unknown): number =>
  typeof event === 'object' && event !== null && 'code' in event && typeof event.code === 'number' ? event.code : 0
