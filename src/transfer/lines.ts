// A file in lines, with where each of them stands.

import type { FileHandle } from 'node:fs/promises'
import { CannotTransfer } from './format.ts'

export interface Line {
  /** From 1. */
  readonly number: number
  /** Where it begins, in bytes. */
  readonly offset: number
  /** With the line feed at its end. */
  readonly bytes: Buffer
  /** False for the last one, where it was cut off before its line feed. */
  readonly whole: boolean
}

interface LinesOptions {
  readonly file: FileHandle
  /** For messages. */
  readonly path: string
  /** Reads no further than this offset. */
  readonly end?: number
  readonly signal: AbortSignal
}

/** Bytes read at once. */
const chunkBytes = 1_048_576
/** Longer than any event: an append takes 1 MiB, and stream and id come to that. */
const maxLineBytes = 4 * 1_048_576
const lineFeed = 10

/** The text of a line; nothing of a blank one. */
export const textOf = ({ bytes }: Line): string => bytes.toString('utf8').trim()

/**
 * All lines, in groups as they come from the disk.
 *
 * @throws {CannotTransfer} a line is longer than any event can be; the signal's reason
 */
export async function* linesOf({
  file,
  path,
  end = Number.MAX_SAFE_INTEGER,
  signal,
}: LinesOptions): AsyncGenerator<readonly Line[], void, undefined> {
  let rest: Buffer = Buffer.alloc(0)
  /** Where `rest` begins. */
  let offset = 0
  let number = 0
  for (;;) {
    signal.throwIfAborted()
    const at = offset + rest.length
    const wanted = Math.min(chunkBytes, end - at)
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(wanted), 0, wanted, at)
    if (bytesRead === 0) break
    const chunk = Buffer.concat([rest, buffer.subarray(0, bytesRead)])
    const lines: Line[] = []
    let begin = 0
    // What was left over before has no line feed in it.
    for (let feed = chunk.indexOf(lineFeed, rest.length); feed >= 0; feed = chunk.indexOf(lineFeed, begin)) {
      number += 1
      lines.push({ number, offset: offset + begin, bytes: chunk.subarray(begin, feed + 1), whole: true })
      begin = feed + 1
    }
    rest = chunk.subarray(begin)
    offset += begin
    if (rest.length > maxLineBytes)
      throw new CannotTransfer(`Line ${number + 1} of ${path} is longer than any event: it is no export of Parley.`)
    if (lines.length > 0) yield lines
  }
  if (rest.length > 0) yield [{ number: number + 1, offset, bytes: rest, whole: false }]
}
