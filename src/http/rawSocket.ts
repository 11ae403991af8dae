// A WebSocket for tests that sends what no proper client would.

import { once } from 'node:events'
import { WebSocket } from 'ws'

export interface ProtocolMessage {
  readonly type: string
  readonly id?: string
  // Whatever the server sends; tests compare it whole.
  readonly payload?: unknown
}

export class RawSocket implements Disposable {
  readonly socket: WebSocket
  readonly received: ProtocolMessage[] = []
  closed: { code: number; reason: string } | undefined
  readonly #listeners = new Set<() => void>()

  constructor(url: string, { protocol = 'graphql-transport-ws', origin }: { protocol?: string; origin?: string } = {}) {
    this.socket = new WebSocket(url, protocol, origin === undefined ? {} : { origin })
    this.socket.on('message', (data) => {
      // The server sends nothing but messages of the protocol.
      this.received.push(JSON.parse(data.toString()) as ProtocolMessage)
      this.#notify()
    })
    this.socket.on('close', (code, reason) => {
      this.closed = { code, reason: reason.toString() }
      this.#notify()
    })
    this.socket.on('error', () => {})
  }

  async open(): Promise<this> {
    await once(this.socket, 'open')
    return this
  }

  async init(payload?: object): Promise<this> {
    await this.open()
    this.send({ type: 'connection_init', ...(payload ? { payload } : {}) })
    await this.until(() => this.received.some(({ type }) => type === 'connection_ack'))
    return this
  }

  send(message: object): void {
    this.socket.send(JSON.stringify(message))
  }

  subscribe(id: string, query: string, more: object = {}): void {
    this.send({ type: 'subscribe', id, payload: { query, ...more } })
  }

  of(id: string): ProtocolMessage[] {
    return this.received.filter((message) => message.id === id)
  }

  async until(condition: () => boolean): Promise<void> {
    if (condition()) return
    await new Promise<void>((resolve) => {
      const listener = (): void => {
        if (!condition()) return
        this.#listeners.delete(listener)
        resolve()
      }
      this.#listeners.add(listener)
    })
  }

  /** The code and reason with which the server closes. */
  async closing(): Promise<{ code: number; reason: string }> {
    await this.until(() => this.closed !== undefined)
    return this.closed ?? { code: 0, reason: '' }
  }

  [Symbol.dispose](): void {
    this.socket.terminate()
  }

  #notify(): void {
    for (const listener of [...this.#listeners]) listener()
  }
}
