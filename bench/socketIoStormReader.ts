// A client of Socket.IO that is cut off again and again, and comes back with what the server gave it to recover by.

import type { Random } from '../test/support/random.ts'
import { WireSocket } from '../test/support/storm/wireSocket.ts'

interface SocketIoReaderOptions {
  readonly port: number
  readonly random: Random
  /** How many messages there will be. */
  readonly messages: number
  readonly onDelivery: (ms: number) => void
}

export class SocketIoStormReader {
  connections = 0
  cuts = 0
  /** Connections of which the server said that they go on where the one before was. */
  recovered = 0
  /** Messages that came, and those that came again. */
  received = 0
  repeated = 0
  connected = false
  readonly #options: SocketIoReaderOptions
  readonly #seen: Uint8Array
  #socket: WireSocket | undefined
  #session: string | undefined
  #offset: string | undefined
  #over = false

  constructor(options: SocketIoReaderOptions) {
    this.#options = options
    this.#seen = new Uint8Array(options.messages + 1)
    this.#connect()
  }

  cut(): void {
    this.cuts++
    this.#socket?.reset()
  }

  emit(name: string, ...values: readonly unknown[]): void {
    this.#socket?.send(`42${JSON.stringify([name, ...values])}`)
  }

  end(): void {
    this.#over = true
    this.#socket?.reset()
  }

  #connect(): void {
    const { port, random } = this.#options
    const socket = new WireSocket({
      url: `ws://127.0.0.1:${port}/socket.io/?EIO=4&transport=websocket`,
      onOpen: () => {
        this.connections++
      },
      onText: (text) => this.#read(socket, text.toString()),
      onClose: () => {
        this.connected = false
        if (!this.#over) setTimeout(() => this.#connect(), random.between(20, 300))
      },
    })
    this.#socket = socket
  }

  /** Packets of engine.io, and in those that begin with 4 packets of socket.io. */
  #read(socket: WireSocket, packet: string): void {
    if (packet.startsWith('0')) {
      const known = this.#offset === undefined ? '' : JSON.stringify({ pid: this.#session, offset: this.#offset })
      socket.send(`40${known}`)
    } else if (packet === '2') socket.send('3')
    else if (packet.startsWith('40')) {
      // The server names the session by which it is taken up again; it is the same one where it was.
      const { pid } = JSON.parse(packet.slice(2)) as { readonly pid: string }
      if (pid === this.#session) this.recovered++
      this.#session = pid
      this.connected = true
    } else if (packet.startsWith('42')) {
      const [, text, offset] = JSON.parse(packet.slice(2)) as readonly [string, string, string | undefined]
      this.#offset = offset ?? this.#offset
      this.#take(text)
    }
  }

  #take(text: string): void {
    const [number = 0, sentAt = 0] = text.split(' ', 2).map(Number)
    if (this.#seen[number]) {
      this.repeated++
      return
    }
    this.#seen[number] = 1
    this.received++
    this.#options.onDelivery(performance.now() - sentAt)
  }
}
