// A text message as one frame of a WebSocket (RFC 6455, 5.2), in one piece: ws would make the bytes of a text anew for each
// socket, and write its header by itself.

/** Opcode of a text, with the bit that says that nothing follows. */
const finalText = 0x81
/** Above this a length takes two bytes more, and above the other one eight. */
const shortLength = 125
const mediumLength = 0xffff
const longestHeader = 10

const none = Buffer.alloc(0)

const headerLength = (length: number): number =>
  length <= shortLength ? 2 : length <= mediumLength ? 4 : longestHeader

function writeHeader(frame: Buffer, at: number, length: number): void {
  frame[at] = finalText
  if (length <= shortLength) frame[at + 1] = length
  else if (length <= mediumLength) {
    frame[at + 1] = shortLength + 1
    frame.writeUInt16BE(length, at + 2)
  } else {
    frame[at + 1] = shortLength + 2
    frame.writeBigUInt64BE(BigInt(length), at + 2)
  }
}

/** @param parts UTF-8, one after the other */
export function textFrame(...parts: readonly Uint8Array[]): Buffer {
  let length = 0
  for (const part of parts) length += part.byteLength
  let at = headerLength(length)
  const frame = Buffer.allocUnsafe(at + length)
  writeHeader(frame, 0, length)
  for (const part of parts) {
    frame.set(part, at)
    at += part.byteLength
  }
  return frame
}

/**
 * The frames of a message that goes to many and is the same for all of them from its second part on. That stands in memory once,
 * behind room for the first, into which each one's is written: where a socket takes a frame at once, its bytes serve the next one.
 */
export class FrameMould {
  readonly #rest: readonly Uint8Array[]
  readonly #restLength: number
  /** Ends with the rest. */
  #bytes: Buffer = none
  /** What was given last, which is part of that. */
  #frame: Buffer = none

  /** @param rest UTF-8, one part after the other */
  constructor(...rest: readonly Uint8Array[]) {
    this.#rest = rest
    this.#restLength = rest.reduce((sum, { byteLength }) => sum + byteLength, 0)
  }

  /** Its bytes are those of the next frame unless they are kept. @param first UTF-8 */
  frame(first: Uint8Array): Buffer {
    const length = first.byteLength + this.#restLength
    const header = headerLength(length)
    const whole = header + length
    if (this.#frame.byteLength !== whole) {
      if (this.#bytes.byteLength < whole) this.#cast(first.byteLength)
      this.#frame = this.#bytes.subarray(this.#bytes.byteLength - whole)
      writeHeader(this.#frame, 0, length)
    }
    this.#frame.set(first, header)
    return this.#frame
  }

  /** The same message as bytes of its own, without what makes it a frame. @param first UTF-8 */
  message(first: Uint8Array): Buffer {
    return Buffer.concat([first, ...this.#rest])
  }

  /** Whoever was given the last frame has not written all of it yet: its bytes stay as they are. */
  keep(): void {
    this.#bytes = none
    this.#frame = none
  }

  #cast(firstLength: number): void {
    const room = longestHeader + firstLength
    this.#bytes = Buffer.allocUnsafe(room + this.#restLength)
    let at = room
    for (const part of this.#rest) {
      this.#bytes.set(part, at)
      at += part.byteLength
    }
  }
}
