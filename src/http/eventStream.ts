// One response that is a stream of server-sent events, as graphql-sse's "distinct connections" have it.

import type { ServerResponse } from 'node:http'
import type { ExecutionResult } from 'graphql'
import type { MadeFrame } from '../live/madeFrame.ts'
import type { OpenConnection } from './connections.ts'
import type { EventBlocks } from './eventBlocks.ts'
import type { Limits } from './limits.ts'
import type { TimerWheel } from './timerWheel.ts'

interface EventStreamOptions {
  readonly address: string
  readonly response: ServerResponse
  readonly limits: Limits
  readonly wheel: TimerWheel
  readonly hasFeeds: boolean
  /** Of all streams of a server. */
  readonly blocks: EventBlocks
}

export class EventStream implements OpenConnection {
  readonly address: string
  readonly hasFeeds: boolean
  readonly #response: ServerResponse
  readonly #limits: Limits
  readonly #wheel: TimerWheel
  readonly #blocks: EventBlocks
  #timer: Disposable | undefined
  #slowSince: number | undefined
  /** Lets go whoever waits for the client to read. */
  #release: (() => void) | undefined

  constructor({ address, response, limits, wheel, hasFeeds, blocks }: EventStreamOptions) {
    this.address = address
    this.hasFeeds = hasFeeds
    this.#response = response
    this.#limits = limits
    this.#wheel = wheel
    this.#blocks = blocks
    // The client has gone already: nothing would ever tell that this stream has ended.
    if (response.destroyed) return
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache, no-transform',
      // nginx would hold the frames back.
      'x-accel-buffering': 'no',
    })
    // A first comment shows the client, and every proxy, that the stream is open.
    response.write(':\n\n')
    response.once('close', () => {
      this.#timer?.[Symbol.dispose]()
      this.#release?.()
    })
    this.#keepAlive()
  }

  get open(): boolean {
    const response = this.#response
    // The response hears of its lost socket only in a later turn, which a source that always has more would never let come.
    return !response.destroyed && !response.writableEnded && response.socket?.destroyed !== true
  }

  /** A frame, which others may be sent too, or a whole result. Waits while the client has too much left to read. */
  next(value: MadeFrame | ExecutionResult): Promise<void> | void {
    return this.#write('parts' in value ? this.#blocks.of(value) : `event: next\ndata: ${JSON.stringify(value)}\n\n`)
  }

  #write(block: Uint8Array | string): Promise<void> | void {
    const response = this.#response
    if (!this.open) return
    if (response.writableLength + block.length <= this.#limits.bufferedBytes) return void response.write(block)
    this.#slowSince ??= performance.now()
    return new Promise((resolve) => {
      this.#release = resolve
      response.write(block, () => {
        if (response.writableLength <= this.#limits.bufferedBytes) this.#slowSince = undefined
        resolve()
      })
    })
  }

  /** While something is left to go out to the client: until it has. For what must be in nobody's way. */
  busy(): Promise<void> | undefined {
    const response = this.#response
    if (!this.open || response.writableLength === 0) return undefined
    return new Promise((resolve) => void response.write('', () => resolve()))
  }

  complete(): void {
    if (!this.open) return
    void this.#write('event: complete\ndata:\n\n')
    this.#response.end()
  }

  /** Without `complete`: a client takes that for a lost connection, and comes back. */
  close(): void {
    this.#response.end()
    // Whoever reads nothing would not let the response end.
    if (this.#slowSince !== undefined) this.#response.destroy()
  }

  destroy(): void {
    this.#response.destroy()
  }

  #keepAlive(): void {
    const { commentMs, slowMs } = this.#limits
    this.#timer = this.#wheel.after(commentMs, () => {
      if (this.#response.writableEnded) return
      if (this.#slowSince === undefined) this.#response.write(':\n\n')
      else if (performance.now() - this.#slowSince > slowMs) this.#response.destroy()
      if (!this.#response.destroyed) this.#keepAlive()
    })
  }
}
