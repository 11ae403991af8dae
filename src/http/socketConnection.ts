// One WebSocket, as graphql-ws wants to see it: messages in order, bounded memory in both directions.

import type { Writable } from 'node:stream'
import type { WebSocket as ProtocolSocket, Server } from 'graphql-ws'
import type { WebSocket } from 'ws'
import type { Identity } from '../accounts/sessions.ts'
import type { OpenConnection } from './connections.ts'
import type { Gate } from './gate.ts'
import type { Connection } from './gateRequest.ts'
import { type FrameMould, textFrame } from './textFrame.ts'

interface SocketConnectionOptions {
  readonly socket: WebSocket
  /** What the socket writes to. */
  readonly stream: Writable
  readonly gate: Gate
  /** Reads a message. @throws for what is no JSON */
  readonly parse: (text: string) => unknown
  readonly id: string
  readonly address: string
  readonly userAgent: string | undefined
}

type OnMessage = (data: string) => Promise<void>

/** An operation that is neither answered nor, if it is a subscription, begun. */
export interface UnderWay {
  settled: boolean
}

/** Stands in the line, and shows when what was before it has gone out. */
const nothing = new Uint8Array()

/** A frame of the WebSocket protocol that is the same for all: thousands go out each second. */
const ping = Buffer.from([0x89, 0x00])

/** The longest reason of a close frame, in bytes. */
const reasonBytes = 123
/** Of bytes, which are UTF-8. */
const asText = { binary: false }

export class SocketConnection implements ProtocolSocket, OpenConnection, Connection {
  readonly protocol: string
  readonly id: string
  readonly address: string
  readonly userAgent: string | undefined
  identity: Identity | undefined
  /** Subscriptions that are open or being opened. */
  subscriptions = 0
  /** The operation whose message is being handed over on this very turn. */
  beginning: UnderWay | undefined
  readonly #socket: WebSocket
  readonly #stream: Writable
  readonly #gate: Gate
  readonly #parse: SocketConnectionOptions['parse']
  readonly #pending: string[] = []
  #underWay = 0
  #onMessage: OnMessage | undefined
  #onClosed: ((code: number, reason: string) => Promise<void>) | undefined
  #watching: Disposable | undefined
  #place: Disposable | undefined
  #device: Disposable | undefined
  #visit: Disposable
  #slowSince: number | undefined
  #answered = true
  #gathering = false
  #initialised = false
  #ended = false

  constructor({ socket, stream, gate, parse, id, address, userAgent }: SocketConnectionOptions) {
    this.#socket = socket
    this.#stream = stream
    this.#gate = gate
    this.#parse = parse
    this.id = id
    this.address = address
    this.userAgent = userAgent
    this.protocol = socket.protocol
    this.#visit = gate.wheel.after(gate.limits.initMs, () => this.#initDue())
    socket.on('message', (data, isBinary) => {
      if (isBinary) return this.close(4400, 'Invalid message: it must be text')
      this.#pending.push(data.toString())
      this.#serve()
    })
    // Answered by hand: the library would queue answers without end for a client that sends pings and reads nothing.
    socket.on('ping', (data) => {
      if (socket.bufferedAmount <= gate.limits.bufferedBytes) socket.pong(data, undefined, () => this.#drained())
    })
    socket.on('pong', () => {
      this.#answered = true
    })
    socket.on('error', () => {
      // A broken or oversized frame. The library closes the socket with the right code; nothing is left to do here.
    })
  }

  get hasFeeds(): boolean {
    return this.subscriptions > 0
  }

  /** Hands the socket to the protocol. @param onClosed called once, when nothing can be sent any more */
  open(protocol: Server<SocketConnection>, onClosed: () => void): void {
    this.#onClosed = protocol.opened(this, this)
    this.#socket.on('close', (code, reason) => {
      this.#end(code, reason.toString())
      onClosed()
    })
  }

  onMessage(handle: OnMessage): void {
    this.#onMessage = handle
  }

  /** Waits while the client has too much left to read, so that no further frame is made for it. */
  send(data: string | Buffer): Promise<void> | void {
    const socket = this.#socket
    // Its subscriptions end now: one whose source always has more would never let the socket tell that it has closed.
    if (socket.readyState !== socket.OPEN) return this.#end(1006, '')
    // While it is slow everything is sent with a callback, so that the last of them sees that nothing is left.
    if (this.#fits(data.length)) {
      this.#gather()
      return socket.send(data, asText)
    }
    this.#slowSince ??= performance.now()
    return new Promise((resolve) => {
      socket.send(data, asText, () => {
        resolve()
        this.#drained()
      })
    })
  }

  /** A message in parts of UTF-8; otherwise as `send`. */
  sendParts(...parts: readonly Uint8Array[]): Promise<void> | void {
    const socket = this.#socket
    if (socket.readyState !== socket.OPEN) return this.#end(1006, '')
    let bytes = 0
    for (const part of parts) bytes += part.byteLength
    // Nothing is compressed, so that the library writes each of its frames in one go: this one stands between two of them.
    if (this.#fits(bytes)) this.#stream.write(textFrame(...parts))
    else return this.send(Buffer.concat(parts))
  }

  /** The same for a message that goes to many and differs in its first part only. */
  sendMoulded(first: Uint8Array, mould: FrameMould): Promise<void> | void {
    const socket = this.#socket
    if (socket.readyState !== socket.OPEN) return this.#end(1006, '')
    const frame = mould.frame(first)
    if (this.#fits(frame.byteLength)) {
      this.#stream.write(frame)
      if (this.#stream.writableLength > 0) mould.keep()
      return
    }
    return this.send(mould.message(first))
  }

  /** So much more may wait to go out. */
  #fits(bytes: number): boolean {
    return this.#slowSince === undefined && this.#socket.bufferedAmount + bytes <= this.#gate.limits.bufferedBytes
  }

  /** What is sent on this turn goes out in one write: an answer and the `complete` after it, for instance. */
  #gather(): void {
    if (this.#gathering) return
    this.#gathering = true
    this.#stream.cork()
    process.nextTick(() => {
      this.#gathering = false
      this.#stream.uncork()
    })
  }

  /** While something is left to go out to the client: until it has. For what must be in nobody's way. */
  busy(): Promise<void> | undefined {
    const socket = this.#socket
    if (socket.readyState !== socket.OPEN || socket.bufferedAmount === 0) return undefined
    return new Promise((resolve) => void this.#stream.write(nothing, () => resolve()))
  }

  /** Something has gone out to the client: when enough has, its next operations are taken up. */
  #drained(): void {
    if (this.#slowSince === undefined || this.#socket.bufferedAmount > this.#gate.limits.bufferedBytes) return
    this.#slowSince = undefined
    this.#serve()
  }

  /** What its frames are made from cannot be reached: the client is to come back, here or elsewhere. */
  giveUp(): void {
    this.close(1013, 'Not now, come back')
  }

  close(code = 1000, reason = ''): void {
    const socket = this.#socket
    if (socket.readyState !== socket.OPEN) return
    socket.close(code, Buffer.byteLength(reason) <= reasonBytes ? reason : '')
    this.#end(code, reason)
  }

  destroy(): void {
    this.#end(1006, '')
    this.#socket.terminate()
  }

  /**
   * The socket belongs to this person from now on, and ends with the session.
   * @param place among the connections of the account, given back at the end
   */
  signIn(identity: Identity, place: Disposable): void {
    // It may have gone while its token was looked up; then nothing would end the watch before the session does.
    if (this.#ended) {
      place[Symbol.dispose]()
      return
    }
    this.identity = identity
    this.#place = place
    this.#device = this.#gate.device(identity, this.id)
    this.#watching = this.#gate.watch(identity, () => this.close(4403, 'Session ended'))
  }

  /** It has said `connection_init`; from now on it is kept alive with pings. */
  initialised(): void {
    this.#initialised = true
  }

  settle(operation: UnderWay): void {
    if (operation.settled) return
    operation.settled = true
    this.#underWay -= 1
    this.#serve()
  }

  /**
   * Takes up what was sent, in order, as far as there is room; the rest stays with the client. A client that leaves its
   * answers unread gets no further ones made.
   */
  #serve(): void {
    const { operationsUnderWay } = this.#gate.limits
    while (!this.#ended && this.#slowSince === undefined && this.#underWay < operationsUnderWay) {
      const message = this.#pending.shift()
      if (message === undefined) break
      this.#take(message)
    }
    if (this.#ended) return
    // What the library had read already still arrives; it is no more than a few chunks.
    if (this.#pending.length > 0) this.#socket.pause()
    else if (this.#socket.isPaused) this.#socket.resume()
  }

  /** Not an async function: while it waits, which for a subscription is long, that would keep the message. */
  #take(text: string): void {
    const read = this.#read(text)
    if (!read) {
      this.close(4400, 'Invalid message received')
      return
    }
    const operation: UnderWay = { settled: false }
    this.#underWay += 1
    this.beginning = operation
    // The protocol takes a message that has been read already, and would keep the text of one that has not.
    const handled = this.#onMessage?.(read.message as string)
    this.beginning = undefined
    const settle = (): void => this.settle(operation)
    handled?.then(settle, (error: unknown) => {
      this.#refuse(error)
      settle()
    })
  }

  #read(text: string): { readonly message: unknown } | undefined {
    try {
      return { message: this.#parse(text) }
    } catch {
      return undefined
    }
  }

  #refuse(error: unknown): void {
    // A kind of message that only servers send; all else that a client does wrong the protocol answers by itself.
    if (error instanceof Error && error.message.startsWith('Unexpected message of type'))
      this.close(4400, 'Invalid message received')
    else this.close(4500, 'Internal server error')
  }

  #initDue(): void {
    if (this.#initialised) this.#keepAlive()
    else this.close(4408, 'Connection initialisation timeout')
  }

  #keepAlive(): void {
    const { pingMs, slowMs } = this.#gate.limits
    const slow = this.#slowSince
    if (slow !== undefined && performance.now() - slow > slowMs) {
      this.close(4290, 'Too slow: come back and resume from the last cursor')
    } else if (slow !== undefined || this.#socket.isPaused) {
      // Of one that reads slowly, or that we do not read from, an answer may be late: it gets another period.
      this.#answered = true
    } else if (!this.#answered) {
      this.destroy()
    } else {
      this.#answered = false
      this.#stream.write(ping)
    }
    if (this.#ended) return
    const due = slow === undefined ? pingMs : Math.min(pingMs, slowMs)
    this.#visit = this.#gate.wheel.after(due, () => this.#keepAlive())
  }

  #end(code: number, reason: string): void {
    if (this.#ended) return
    this.#ended = true
    this.#pending.length = 0
    this.#visit[Symbol.dispose]()
    this.#watching?.[Symbol.dispose]()
    this.#place?.[Symbol.dispose]()
    this.#device?.[Symbol.dispose]()
    // A paused socket would never show that the other side has closed.
    this.#socket.resume()
    // The protocol only ends its subscriptions here, and those do not fail to end.
    void this.#onClosed?.(code, reason)
  }
}
