// A WebSocket with nothing around it: a library would cost a thousand readers in one process more than the server spends on them.

import { connect, type Socket } from 'node:net'

interface WireOptions {
  /** `ws://127.0.0.1:4000/graphql` */
  readonly url: string
  readonly protocol?: string
  readonly onOpen: () => void
  /** A text, in UTF-8; valid during the call only. */
  readonly onText: (text: Buffer) => void
  /** Called once, however it ends. @param code as the server gave it; undefined where it said none */
  readonly onClose: (code: number | undefined) => void
}

const opcodes = { text: 1, close: 8, ping: 9, pong: 10 } as const
/** The mask that clients must use: of zeros it changes nothing. */
const mask = Buffer.alloc(4)

export class WireSocket {
  readonly #options: WireOptions
  readonly #socket: Socket
  #opened = false
  #rest: Buffer = Buffer.alloc(0)
  #code: number | undefined

  constructor(options: WireOptions) {
    this.#options = options
    const { hostname, port, pathname, search } = new URL(options.url)
    const socket = connect({ host: hostname, port: Number(port), noDelay: true })
    this.#socket = socket
    socket.on('connect', () => {
      const protocol = options.protocol === undefined ? '' : `Sec-WebSocket-Protocol: ${options.protocol}\r\n`
      socket.write(
        `GET ${pathname}${search} HTTP/1.1\r\nHost: ${hostname}:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
          `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n${protocol}\r\n`,
      )
    })
    socket.on('data', (chunk: Buffer) => this.#read(chunk))
    socket.on('error', () => {
      // Refused or broken; `close` follows.
    })
    socket.on('end', () => socket.destroy())
    socket.on('close', () => options.onClose(this.#code))
  }

  send(text: string): void {
    this.#write(opcodes.text, Buffer.from(text))
  }

  /** Breaks it as a network does: with a reset, and no farewell. */
  reset(): void {
    // What is not connected yet has nothing to reset, and would wait for that.
    if (this.#socket.connecting) this.#socket.destroy()
    else this.#socket.resetAndDestroy()
  }

  /** Reads nothing any more, so that the buffers of the machine fill up. */
  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  #write(opcode: number, payload: Buffer): void {
    const long = payload.byteLength > 125
    const head = Buffer.alloc(long ? 4 : 2)
    head[0] = 0x80 | opcode
    head[1] = 0x80 | (long ? 126 : payload.byteLength)
    if (long) head.writeUInt16BE(payload.byteLength, 2)
    this.#socket.write(Buffer.concat([head, mask, payload]))
  }

  #read(chunk: Buffer): void {
    let bytes = this.#rest.byteLength > 0 ? Buffer.concat([this.#rest, chunk]) : chunk
    if (!this.#opened) {
      const end = bytes.indexOf('\r\n\r\n')
      if (end < 0) {
        this.#rest = bytes
        return
      }
      if (!bytes.subarray(0, 32).toString('latin1').startsWith('HTTP/1.1 101')) return void this.#socket.destroy()
      this.#opened = true
      bytes = bytes.subarray(end + 4)
      this.#options.onOpen()
    }
    let at = 0
    while (!this.#socket.destroyed) {
      const frame = frameAt(bytes, at)
      if (frame === undefined) break
      at = frame.end
      this.#take(frame.opcode, bytes.subarray(frame.start, frame.end))
    }
    // A copy: what is kept of a chunk would keep all of it.
    this.#rest = Buffer.from(bytes.subarray(at))
  }

  #take(opcode: number, payload: Buffer): void {
    if (opcode === opcodes.text) this.#options.onText(payload)
    else if (opcode === opcodes.ping) this.#write(opcodes.pong, payload)
    else if (opcode === opcodes.close) {
      this.#code = payload.byteLength >= 2 ? payload.readUInt16BE(0) : undefined
      this.#socket.destroy()
    }
  }
}

/** Where the payload of the frame that begins there lies; undefined where not all of it has come. Servers mask nothing. */
function frameAt(
  bytes: Buffer,
  at: number,
): { readonly opcode: number; readonly start: number; readonly end: number } | undefined {
  const left = bytes.byteLength - at
  if (left < 2) return undefined
  const opcode = bytes.readUInt8(at) & 0x0f
  const short = bytes.readUInt8(at + 1)
  const head = short === 126 ? 4 : short === 127 ? 10 : 2
  if (left < head) return undefined
  const length = short === 126 ? bytes.readUInt16BE(at + 2) : short === 127 ? bytes.readUIntBE(at + 4, 6) : short
  return left < head + length ? undefined : { opcode, start: at + head, end: at + head + length }
}
