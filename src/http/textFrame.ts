// A text message as one frame of a WebSocket (RFC 6455, 5.2), in one piece: ws would make the bytes of a text anew for each
// socket, and write its header by itself.

/** Opcode of a text, with the bit that says that nothing follows. */
const finalText = 0x81
/** Above this a length takes two bytes more, and above the other one eight. */
const shortLength = 125
const mediumLength = 0xffff

/** @param parts UTF-8, one after the other */
export function textFrame(...parts: readonly Uint8Array[]): Buffer {
  let length = 0
  for (const part of parts) length += part.byteLength
  let at = length <= shortLength ? 2 : length <= mediumLength ? 4 : 10
  const frame = Buffer.allocUnsafe(at + length)
  frame[0] = finalText
  if (length <= shortLength) frame[1] = length
  else if (length <= mediumLength) {
    frame[1] = shortLength + 1
    frame.writeUInt16BE(length, 2)
  } else {
    frame[1] = shortLength + 2
    frame.writeBigUInt64BE(BigInt(length), 2)
  }
  for (const part of parts) {
    frame.set(part, at)
    at += part.byteLength
  }
  return frame
}
