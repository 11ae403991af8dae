// Reads an export from its first line to its last, and tells whether it is whole.

import { createHash } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import { Census } from './census.ts'
import { BadLine, CannotTransfer, checkHeader, contentOf, type Trailer } from './format.ts'
import { type Line, linesOf, textOf } from './lines.ts'

export interface Survey {
  readonly census: Census
  /** Set where the export is complete. */
  readonly trailer: Trailer | undefined
}

export interface SurveyOptions {
  readonly file: FileHandle
  readonly path: string
  /** Called now and then, with the bytes that have been read. */
  readonly onProgress: (bytes: number) => void
  readonly signal: AbortSignal
}

/**
 * A last line that was cut off counts as not there.
 *
 * @returns undefined where there is not even a whole first line
 * @throws {CannotTransfer} it is no export, or damaged; the message says where
 */
export async function survey({ file, path, onProgress, signal }: SurveyOptions): Promise<Survey | undefined> {
  const hash = createHash('sha256')
  let census: Census | undefined
  let trailer: Trailer | undefined
  for await (const lines of linesOf({ file, path, signal })) {
    for (const line of lines) {
      const text = textOf(line)
      if (trailer !== undefined && text !== '') throw damaged(path, line, 'It stands after the end of the export.')
      if (census === undefined) {
        if (!line.whole)
          return text === '' || '{"format":"parley-log"'.startsWith(text.slice(0, 22)) ? undefined : notOurs(path)
        checkHeader(text, path)
        census = new Census(line.offset + line.bytes.length)
      } else if (line.whole && text !== '') {
        trailer = taken(census, line, text, path)
        if (trailer !== undefined) checkTrailer(trailer, census, hash.copy().digest('hex'), path)
      }
      hash.update(line.bytes)
    }
    onProgress(lines.at(-1)?.offset ?? 0)
  }
  return census && { census, trailer }
}

const notOurs = (path: string): never => {
  throw new CannotTransfer(`${path} is no export of Parley. Give another file.`)
}

/** Takes a line into the census; returns the trailer where it is that. */
function taken(census: Census, line: Line, text: string, path: string): Trailer | undefined {
  try {
    const content = contentOf(text)
    if ('end' in content) return content.end
    census.add(content.event, { offset: line.offset, end: line.offset + line.bytes.length })
    return undefined
  } catch (error) {
    if (error instanceof BadLine) throw damaged(path, line, error.message)
    throw error
  }
}

function checkTrailer({ events, sha256 }: Trailer, census: Census, found: string, path: string): void {
  if (events === census.events && sha256 === found) return
  throw new CannotTransfer(
    `${path} is not what was exported: ${
      events === census.events ? 'its bytes were changed' : `it has ${census.events} of ${events} events`
    } (its checksum differs). Copy it again from where it was made, or export again into another file.`,
  )
}

const damaged = (path: string, { number }: Line, why: string): CannotTransfer =>
  new CannotTransfer(
    `Line ${number} of ${path} is damaged. ${why} Copy the file again from where it was made, or export again into another file.`,
  )
