// A connection that only counts: a client library would cost the generator more than the server spends on a delivery.
// It reads no frames: it looks for a mark that each message carries once, and for the words of the handshake.

import { connect, type Socket } from 'node:net'

export interface RawClientOptions {
  readonly port: number
  readonly path: string
  readonly protocol?: string
  /** An address of this machine to connect from: one address has no more than some ten thousand ports. */
  readonly from?: string
  /** What is counted, where it is not `mark`. */
  readonly counted?: string
  /** Called with how many marked messages a chunk has brought. */
  readonly onMessages: (count: number) => void
  /** Called with the number behind each mark, before that. */
  readonly onNumber?: (number: number) => void
  /** Called when the server closes it. */
  readonly onEnd: () => void
}

/** In each measured message once, and nowhere else. */
const mark = '~#~'
const zero = 0x30
const nine = 0x39

/** What a measured message begins with. */
export const marked = (number: number): string => `${mark}${number}~ `

/** Pings as servers send them, which no text can hold, and their answers with the mask of zeros. */
const pings = [
  { asked: Buffer.from([0x89, 0x00]), answer: Buffer.from([0x8a, 0x80, 0, 0, 0, 0]) },
  // Of Socket.IO: the texts 2 and 3.
  { asked: Buffer.from([0x81, 0x01, 0x32]), answer: Buffer.from([0x81, 0x81, 0, 0, 0, 0, 0x33]) },
] as const

export class RawClient {
  readonly #socket: Socket
  readonly #options: RawClientOptions
  readonly #mark: Buffer
  /** The end of the last chunk, where a mark may have begun. */
  #rest = Buffer.alloc(0)
  #awaited: { readonly word: string; readonly resolve: () => void } | undefined
  #seen = ''

  private constructor(socket: Socket, options: RawClientOptions) {
    this.#socket = socket
    this.#options = options
    this.#mark = Buffer.from(options.counted ?? mark)
    socket.setNoDelay(true)
    socket.on('data', (chunk: Buffer) => this.#read(chunk))
    socket.on('close', () => options.onEnd())
    socket.on('error', () => {})
  }

  /** Without a handshake: what is sent by `write` goes out as it is. */
  static async connect(options: RawClientOptions): Promise<RawClient> {
    const { port, from } = options
    const socket = connect({ port, host: '127.0.0.1', ...(from === undefined ? {} : { localAddress: from }) })
    await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject))
    return new RawClient(socket, options)
  }

  /** A WebSocket. */
  static async open(options: RawClientOptions): Promise<RawClient> {
    const { port, path, protocol } = options
    const client = await RawClient.connect(options)
    const head = [
      `GET ${path} HTTP/1.1`,
      `Host: 127.0.0.1:${port}`,
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
      ...(protocol === undefined ? [] : [`Sec-WebSocket-Protocol: ${protocol}`]),
    ]
    const switched = client.until('\r\n\r\n')
    client.write(`${head.join('\r\n')}\r\n\r\n`)
    await switched
    return client
  }

  /** Sends a text. The mask that clients must use is of zeros. */
  send(text: string): void {
    const payload = Buffer.from(text)
    const long = payload.byteLength > 125
    const head = Buffer.alloc(long ? 8 : 6)
    head[0] = 0x81
    if (long) {
      head[1] = 0x80 | 126
      head.writeUInt16BE(payload.byteLength, 2)
    } else head[1] = 0x80 | payload.byteLength
    this.#socket.write(Buffer.concat([head, payload]))
  }

  write(text: string): void {
    this.#socket.write(text)
  }

  /** Resolves when a word has come, from the beginning or since the last word that was waited for. */
  until(word: string): Promise<void> {
    return new Promise((resolve) => {
      this.#awaited = { word, resolve }
      this.#look()
    })
  }

  /** Reads nothing from now on. */
  stall(): void {
    this.#socket.pause()
  }

  close(): void {
    this.#socket.destroy()
  }

  /** As when a cable is cut: nothing is said, and what is under way is lost. `onEnd` is not called. */
  cut(): void {
    this.#socket.removeAllListeners('close')
    this.#socket.resetAndDestroy()
  }

  #read(chunk: Buffer): void {
    if (this.#awaited) {
      this.#seen += chunk.toString('latin1')
      this.#look()
    }
    for (const { asked, answer } of pings) if (chunk.includes(asked)) this.#socket.write(answer)
    const bytes = this.#rest.byteLength > 0 ? Buffer.concat([this.#rest, chunk]) : chunk
    const { onMessages, onNumber } = this.#options
    let count = 0
    let at = bytes.indexOf(this.#mark)
    let end = 0
    while (at >= 0) {
      const after = at + this.#mark.byteLength
      if (onNumber) {
        const number = numberAt(bytes, after)
        // The rest of it comes with the next chunk.
        if (number === undefined) break
        onNumber(number)
      }
      count++
      end = after
      at = bytes.indexOf(this.#mark, end)
    }
    const from = at >= 0 ? at : Math.max(end, bytes.byteLength - this.#mark.byteLength + 1)
    this.#rest = Buffer.from(bytes.subarray(from))
    if (count > 0) onMessages(count)
  }

  #look(): void {
    const awaited = this.#awaited
    const at = awaited ? this.#seen.indexOf(awaited.word) : -1
    if (!awaited || at < 0) return
    this.#seen = this.#seen.slice(at + awaited.word.length)
    this.#awaited = undefined
    awaited.resolve()
  }
}

/** Undefined where it goes on behind the end. */
function numberAt(bytes: Buffer, from: number): number | undefined {
  let number = 0
  for (let at = from; at < bytes.byteLength; at++) {
    const byte = bytes[at] ?? 0
    if (byte < zero || byte > nine) return number
    number = number * 10 + byte - zero
  }
  return undefined
}
