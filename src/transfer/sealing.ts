// The end of an export: what must not stay is taken out, then the last line says that it is complete.

import { createHash } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import type { Census } from './census.ts'
import { CannotTransfer, contentOf, lineOf, trailerOf } from './format.ts'
import { type Line, linesOf, textOf } from './lines.ts'
import { writeFully } from './writeFully.ts'

interface SealOptions {
  readonly file: FileHandle
  readonly path: string
  readonly census: Census
  /** How long the file is, in bytes. */
  readonly length: number
  readonly signal: AbortSignal
}

/**
 * While the export went on, and between its parts, events may have been superseded and texts deleted. Both are
 * overwritten with spaces, which JSON ignores, so that nothing else moves. Then the file is closed with its checksum,
 * and brought to the disk.
 *
 * @returns its length, in bytes
 */
export async function seal({ file, path, census, length, signal }: SealOptions): Promise<number> {
  const hash = createHash('sha256')
  for await (const lines of linesOf({ file, path, end: length, signal })) {
    for (const line of lines) {
      const bytes = remaining(line, census, path)
      if (bytes !== line.bytes) await writeFully(file, bytes, line.offset)
      hash.update(bytes)
    }
  }
  const trailer = Buffer.from(`${trailerOf({ events: census.events, sha256: hash.digest('hex') })}\n`)
  await writeFully(file, trailer, length)
  await file.sync()
  return length + trailer.length
}

/** What stays of a line, in as many bytes; the same buffer where all of it does. */
function remaining(line: Line, { superseded, forgotten }: Census, path: string): Buffer {
  const { offset, bytes } = line
  if (superseded.has(offset)) return padded('', '\n', bytes.length)
  // The first line names no event.
  if (forgotten.size === 0 || offset === 0) return bytes
  const text = textOf(line)
  if (text === '') return bytes
  const content = contentOf(text)
  if ('end' in content || content.event.body === undefined || !forgotten.has(content.event.id)) return bytes
  const { body: _, ...event } = content.event
  const kept = lineOf(event).slice(0, -1)
  if (Buffer.byteLength(kept) + 2 > bytes.length)
    throw new CannotTransfer(`${path} was changed by another program. Remove it, and export again.`)
  return padded(kept, '}\n', bytes.length)
}

function padded(text: string, ending: string, length: number): Buffer {
  const bytes = Buffer.alloc(length, ' ')
  bytes.write(text)
  bytes.write(ending, length - ending.length)
  return bytes
}
