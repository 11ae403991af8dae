// Stands between a node and an engine, and does to their connections what networks do.

import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** What the node sends, or what it gets. */
export type Direction = 'asked' | 'answered'

/** When all connections are to be reset: after so many more bytes in one direction. */
interface Fuse {
  readonly direction: Direction
  bytes: number
  readonly burnt: () => void
}

/** What holds for all connections now. */
interface Weather {
  delayMs: number
  /** Nothing comes through, and nothing is closed. */
  silent: boolean
  fuse: Fuse | undefined
}

export class TcpProxy implements AsyncDisposable {
  readonly #weather: Weather = { delayMs: 0, silent: false, fuse: undefined }
  readonly #connections = new Set<Connection>()
  #server: Server | undefined
  #target: number | undefined
  #port = 0

  private constructor() {}

  /** On a free port. It refuses nobody, and leads nowhere until it is told where. */
  static async start(): Promise<TcpProxy> {
    const proxy = new TcpProxy()
    await proxy.#listen()
    return proxy
  }

  get port(): number {
    return this.#port
  }

  /** The address of an engine on this machine, by which it is reached through here from now on. */
  to(address: string): string {
    const port = /127\.0\.0\.1:(\d+)/.exec(address)?.[1]
    if (port === undefined) throw new Error(`${address} has no port of this machine.`)
    this.#target = Number(port)
    return address.replace(`127.0.0.1:${port}`, `127.0.0.1:${this.#port}`)
  }

  /** All connections break; new ones come through. */
  cut(): void {
    for (const connection of this.#connections) connection.reset()
  }

  /** All connections break, and new ones are refused, until `comeBack`. */
  async refuse(): Promise<void> {
    const server = this.#server
    this.#server = undefined
    const closed = server && once(server, 'close')
    server?.close()
    this.cut()
    await closed
  }

  /** Everything is as it was: what was held back comes through. */
  async comeBack(): Promise<void> {
    Object.assign(this.#weather, { delayMs: 0, silent: false, fuse: undefined })
    if (this.#server === undefined) await this.#listen()
    for (const connection of this.#connections) connection.look()
  }

  /** Nothing comes through, in either direction, and nothing is closed: not to be told from a node that hangs. */
  silence(): void {
    this.#weather.silent = true
    for (const connection of this.#connections) connection.look()
  }

  /** The connections that are there now stay open, and nothing ever comes through them again. New ones work. */
  abandon(): void {
    for (const connection of this.#connections) connection.abandon()
  }

  /** Everything comes so much later, in each direction. */
  delay(ms: number): void {
    this.#weather.delayMs = ms
  }

  /** Lets so many more bytes through in that direction, and then resets all connections. @returns when it has happened */
  resetAfter(direction: Direction, bytes: number): Promise<void> {
    return new Promise((burnt) => {
      this.#weather.fuse = { direction, bytes, burnt }
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.refuse()
  }

  async #listen(): Promise<void> {
    const server = createServer({ allowHalfOpen: true }, (socket) => this.#accept(socket))
    server.listen(this.#port, '127.0.0.1')
    await once(server, 'listening')
    // A server that listens on TCP has an address with a port.
    this.#port = (server.address() as AddressInfo).port
    this.#server = server
  }

  #accept(socket: Socket): void {
    if (this.#target === undefined) return void socket.resetAndDestroy()
    const connection = new Connection(socket, connect({ port: this.#target, host: '127.0.0.1', allowHalfOpen: true }), {
      weather: this.#weather,
      onFuse: () => this.cut(),
      onClose: () => this.#connections.delete(connection),
    })
    this.#connections.add(connection)
  }
}

interface Around {
  readonly weather: Weather
  readonly onFuse: () => void
  readonly onClose: () => void
}

class Connection {
  readonly #node: Socket
  readonly #engine: Socket
  readonly #around: Around
  #abandoned = false
  #over = false
  #changed = Promise.withResolvers<void>()

  constructor(node: Socket, engine: Socket, around: Around) {
    this.#node = node
    this.#engine = engine
    this.#around = around
    for (const socket of [node, engine]) {
      socket.setNoDelay(true)
      socket.on('error', () => this.reset())
      socket.on('close', () => this.reset())
    }
    void this.#carry('asked', node, engine)
    void this.#carry('answered', engine, node)
  }

  reset(): void {
    if (this.#over) return
    this.#over = true
    this.#around.onClose()
    this.#node.resetAndDestroy()
    this.#engine.resetAndDestroy()
    this.look()
  }

  abandon(): void {
    this.#abandoned = true
  }

  /** What holds has changed. */
  look(): void {
    this.#changed.resolve()
    this.#changed = Promise.withResolvers()
  }

  /** One direction: what has come goes on in order, when its time has come. */
  async #carry(direction: Direction, from: Socket, to: Socket): Promise<void> {
    const waiting: { readonly bytes: Buffer | undefined; readonly due: number }[] = []
    let arrived = Promise.withResolvers<void>()
    const take = (bytes: Buffer | undefined): void => {
      waiting.push({ bytes, due: performance.now() + this.#around.weather.delayMs })
      // What is held back is held back by the machine's own buffers, not by ours.
      if (waiting.length > 64) from.pause()
      arrived.resolve()
    }
    from.on('data', take)
    from.on('end', () => take(undefined))
    while (!this.#over) {
      const next = waiting[0]
      if (next === undefined) {
        await Promise.race([arrived.promise, this.#changed.promise])
        arrived = Promise.withResolvers()
        continue
      }
      if (this.#around.weather.silent || this.#abandoned) {
        await this.#changed.promise
        continue
      }
      const early = next.due - performance.now()
      if (early > 0) {
        await sleep(early)
        continue
      }
      waiting.shift()
      if (waiting.length < 32) from.resume()
      if (next.bytes === undefined) to.end()
      else await this.#pass(direction, next.bytes, to)
    }
  }

  async #pass(direction: Direction, bytes: Buffer, to: Socket): Promise<void> {
    const { weather } = this.#around
    const { fuse } = weather
    if (fuse === undefined || fuse.direction !== direction || fuse.bytes > bytes.length) {
      if (fuse?.direction === direction) fuse.bytes -= bytes.length
      if (!to.write(bytes)) await Promise.race([once(to, 'drain').catch(() => {}), this.#changed.promise])
      return
    }
    weather.fuse = undefined
    // The first part has to arrive: a reset takes back what has not been sent.
    await new Promise<void>((written) => void to.write(bytes.subarray(0, fuse.bytes), () => written()))
    await sleep(5)
    this.#around.onFuse()
    fuse.burnt()
  }
}
