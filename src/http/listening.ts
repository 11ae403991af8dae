// Where connections come in: several sockets that listen at one address.
//
// Of a socket that listens, libuv accepts one connection each time the event loop comes round. While much is handed out a round takes
// milliseconds, and a thousand who come back at once were let in one by one, for three seconds. So the system spreads those who come
// over several sockets (SO_REUSEPORT), and as many are let in each round.

import { once } from 'node:events'
import { type AddressInfo, createServer, type ListenOptions, type Server } from 'node:net'

const sockets = 16
/**
 * Connections that may wait at each; the system may allow fewer (`net.core.somaxconn`). Where a socket has no room left, those who
 * knock are dropped without a word, and try again after one, three or seven seconds.
 */
const backlog = 4_096

export class Listening {
  readonly #server: Server
  /** They hand what they accept to the first one. */
  readonly #others: Server[] = []

  /** @param server that does not listen yet */
  constructor(server: Server) {
    this.#server = server
  }

  /**
   * @param port 0 takes a free one
   * @returns what it listens on
   * @throws the system's own error where the address cannot be had
   */
  async begin(host: string, port: number): Promise<AddressInfo> {
    // Shared ports are shared with every process of the same user that asks for it: so it is asked first whether anybody is there.
    if (port !== 0) await ensureFree(host, port)
    const shared = await listen(this.#server, { host, port, backlog, reusePort: true }).then(
      () => true,
      // Not every system has it. Any other reason is one here, too.
      () => listen(this.#server, { host, port, backlog }).then(() => false),
    )
    const address = this.#server.address()
    if (address === null || typeof address === 'string') throw new Error('The server does not listen on a port.')
    try {
      while (shared && this.#others.length + 1 < sockets) await this.#add(host, address.port)
    } catch (error) {
      // Nothing may listen for a server that does not start.
      await this.end()
      throw error
    }
    return address
  }

  /** Lets nobody in any more. Resolves once all who had come have gone. */
  async end(): Promise<void> {
    await Promise.all([this.#server, ...this.#others].map((one) => new Promise((resolve) => one.close(resolve))))
  }

  async #add(host: string, port: number): Promise<void> {
    // As the server of node:http makes its own.
    const other = createServer({ allowHalfOpen: true, noDelay: true }, (socket) =>
      this.#server.emit('connection', socket),
    )
    this.#others.push(other)
    await listen(other, { host, port, backlog, reusePort: true })
  }
}

/** @throws where somebody listens there */
async function ensureFree(host: string, port: number): Promise<void> {
  const probe = createServer((socket) => socket.destroy())
  await listen(probe, { host, port })
  await new Promise((resolve) => probe.close(resolve))
}

async function listen(server: Server, options: ListenOptions): Promise<void> {
  const listening = once(server, 'listening')
  server.listen(options)
  await listening
}
