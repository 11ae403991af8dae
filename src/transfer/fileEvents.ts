// The events of an export, in order.

import { type FileHandle, open } from 'node:fs/promises'
import { fileTrouble } from './fileTrouble.ts'
import { CannotTransfer, contentOf, type Trailer, type TransferredEvent } from './format.ts'
import { linesOf, textOf } from './lines.ts'
import { survey } from './survey.ts'

interface FileOptions {
  readonly file: FileHandle
  readonly path: string
  readonly signal: AbortSignal
}

/** @throws {CannotTransfer} the file is not there, or may not be read */
export async function openExport(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r')
  } catch (error) {
    throw fileTrouble(error, path)
  }
}

/**
 * Looks at all of an export before anything of it is believed.
 *
 * @returns what its last line says, which is true of it
 * @throws {CannotTransfer} it is not complete, damaged, or no export
 */
export async function wholeExport(
  options: FileOptions & { readonly onProgress: (bytes: number) => void },
): Promise<Trailer> {
  const { path } = options
  const found = await survey(options).catch((error: unknown) => {
    throw fileTrouble(error, path)
  })
  if (found?.trailer === undefined)
    throw new CannotTransfer(
      `${path} is cut off: it has ${found?.census.events ?? 0} events and no end. Run the export into it again, which completes it, or copy it again from where it was made.`,
    )
  if (found.census.superseded.size > 0)
    throw new CannotTransfer(`${path} holds a stream twice that keeps only its newest event. Export again.`)
  return found.trailer
}

/** The events of a file that was found to be whole. */
export async function* eventsOfFile(
  options: FileOptions,
): AsyncGenerator<readonly TransferredEvent[], void, undefined> {
  for await (const lines of linesOf(options)) {
    const events: TransferredEvent[] = []
    for (const line of lines) {
      const text = textOf(line)
      // The first line says what the file is.
      if (line.number === 1 || text === '') continue
      const content = contentOf(text)
      if ('event' in content) events.push(content.event)
    }
    yield events
  }
}
