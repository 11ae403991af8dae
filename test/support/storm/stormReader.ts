// Somebody who follows a conversation on whichever node there is, is cut off again and again, and goes on where they were.

import type { Random } from '../random.ts'
import { type Sightings, stormFeed } from './sightings.ts'
import { WireSocket } from './wireSocket.ts'

export interface StormPlace {
  /** The WebSocket addresses of the nodes. */
  readonly nodes: readonly string[]
  readonly conversationId: string
  /** Where everybody begins: a cursor, and the revision of the event there. */
  readonly after: { readonly cursor: string; readonly revision: number }
}

interface StormReaderOptions extends StormPlace {
  readonly token: string
  readonly random: Random
  readonly sightings: Sightings
  /** Told of each delivery of a message, in ms from its sending. */
  readonly onDelivery: (ms: number) => void
}

const nextHead = Buffer.from('{"id":"1","type":"next","payload":')

export class StormReader {
  /** Of connections that were made. */
  connections = 0
  cuts = 0
  deliveries = 0
  /** With which codes the server has closed its sockets; 0 where it said none. */
  readonly closed = new Map<number, number>()
  readonly #options: StormReaderOptions
  #socket: WireSocket | undefined
  #cursor: string
  /** The revision that comes next. */
  #next: number
  #stalled = false
  #over = false
  #retry: NodeJS.Timeout | undefined

  constructor(options: StormReaderOptions) {
    this.#options = options
    this.#cursor = options.after.cursor
    this.#next = options.after.revision + 1
    this.#connect()
  }

  /** Of the newest event that it was told of. */
  get revision(): number {
    return this.#next - 1
  }

  /** Has a feed that has said something. */
  following = false

  cut(): void {
    this.cuts++
    this.#socket?.reset()
  }

  /** Reads nothing any more. */
  stall(): void {
    this.#stalled = true
    this.#socket?.pause()
  }

  goOn(): void {
    this.#stalled = false
    this.#socket?.resume()
  }

  end(): void {
    this.#over = true
    clearTimeout(this.#retry)
    this.#socket?.reset()
  }

  #connect(): void {
    const { nodes, random, token } = this.#options
    this.following = false
    const socket = new WireSocket({
      url: random.pick(nodes),
      protocol: 'graphql-transport-ws',
      onOpen: () => {
        this.connections++
        socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization: `Bearer ${token}` } }))
      },
      onText: (text) => this.#read(socket, text),
      onClose: (code) => {
        this.following = false
        if (this.#over) return
        if (code !== undefined) this.closed.set(code, (this.closed.get(code) ?? 0) + 1)
        this.#retry = setTimeout(() => this.#connect(), random.between(20, 300))
      },
    })
    this.#socket = socket
    if (this.#stalled) socket.pause()
  }

  #read(socket: WireSocket, text: Buffer): void {
    if (text.subarray(0, nextHead.byteLength).equals(nextHead)) {
      this.#take(text.subarray(nextHead.byteLength, text.byteLength - 1))
      return
    }
    // The server sends messages of the protocol.
    const { type, payload } = JSON.parse(text.toString()) as { readonly type: string; readonly payload?: unknown }
    const { conversationId, sightings } = this.#options
    if (type === 'connection_ack') {
      const variables = { id: conversationId, after: this.#cursor }
      socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query: stormFeed, variables } }))
    } else if (type === 'error') {
      // A node that cannot answer now says so, and the reader comes back; anything else is wrong.
      if (!JSON.stringify(payload).includes('UNAVAILABLE')) sightings.fault(`A feed ended with ${text.toString()}`)
      socket.reset()
    } else if (type === 'complete') sightings.fault('A feed has come to an end.')
  }

  #take(payload: Buffer): void {
    const { sightings, onDelivery } = this.#options
    const { from, through, cursor, reset, sentAt } = sightings.frame(payload)
    this.following = true
    this.#cursor = cursor
    if (reset) sightings.fault('A feed was reset.')
    if (from === undefined) return
    if (from < this.#next) sightings.fault(`Told of ${from} again, after ${this.#next - 1}.`)
    if (from > this.#next) sightings.fault(`Told of ${from} after ${this.#next - 1}: those between are missing.`)
    this.#next = through + 1
    this.deliveries += sentAt.length
    const now = performance.now()
    for (const sent of sentAt) onDelivery(now - sent)
  }
}
