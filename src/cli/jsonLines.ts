// JSON over a socket, one value a line.

import type { Socket } from 'node:net'

/** The longest line that is taken, in bytes. A page of events at their largest fits. */
export const maxLineBytes = 4 * 1_048_576

/** The other side sends a line that is longer than `maxLineBytes`, or no JSON. */
export class BadLine extends Error {
  override readonly name = 'BadLine'
}

/**
 * The values that arrive, until the other side ends the connection.
 *
 * @throws {BadLine} after which nothing more can be understood
 */
export async function* readJsonLines(socket: Socket): AsyncGenerator<unknown, void, undefined> {
  let parts: Buffer[] = []
  let bytes = 0
  for await (const chunk of socket) {
    let rest: Buffer = chunk
    for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
      if (bytes + end > maxLineBytes) throw tooLong()
      yield parse(Buffer.concat([...parts, rest.subarray(0, end)]))
      parts = []
      bytes = 0
      rest = rest.subarray(end + 1)
    }
    bytes += rest.length
    if (bytes > maxLineBytes) throw tooLong()
    parts.push(rest)
  }
}

const tooLong = () => new BadLine(`A line is longer than ${maxLineBytes} bytes.`)

function parse(line: Buffer): unknown {
  try {
    return JSON.parse(line.toString('utf8'))
  } catch {
    throw new BadLine('A line is not JSON.')
  }
}

/** Sends one value; resolves when the other side keeps up again, or is gone. Never rejects. */
export function writeJsonLine(socket: Socket, value: unknown): Promise<void> {
  if (socket.destroyed || socket.writableEnded) return Promise.resolve()
  if (socket.write(`${JSON.stringify(value)}\n`)) return Promise.resolve()
  return new Promise((resolve) => {
    const done = () => {
      socket.off('drain', done)
      socket.off('close', done)
      resolve()
    }
    socket.on('drain', done)
    socket.on('close', done)
  })
}
