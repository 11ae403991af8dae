// Writes the log into a file, or goes on with a file that was begun.

import { type FileHandle, open } from 'node:fs/promises'
import { Census, type Mark } from './census.ts'
import { fileTrouble } from './fileTrouble.ts'
import { BadLine, CannotTransfer, contentOf, header } from './format.ts'
import { seal } from './sealing.ts'
import { survey } from './survey.ts'
import { writeFully } from './writeFully.ts'

/**
 * Reads the log after an event, or all of it, and hands its lines on in order.
 *
 * @throws where the event is not in the log
 */
export type ReadLog = (after: Mark | undefined, take: (lines: readonly string[]) => Promise<void>) => Promise<void>

export interface ExportOptions {
  readonly path: string
  readonly read: ReadLog
  /** Called while the part of the file is looked at that is there already. */
  readonly onChecked?: (bytes: number) => void
  readonly signal: AbortSignal
}

export interface Exported {
  /** All that are in the file. */
  readonly events: number
  /** Of them, those that were there before. */
  readonly before: number
  /** Of the file. */
  readonly bytes: number
}

/**
 * When it returns, the file is complete and on the disk. Where it fails, what was written stays, and the next call goes
 * on with it. A file that is complete already is brought up to date.
 *
 * @throws {CannotTransfer} the file is something else, damaged, of another log, or cannot be written
 */
export async function exportLog({ path, read, onChecked = () => {}, signal }: ExportOptions): Promise<Exported> {
  let file: FileHandle | undefined
  try {
    file = await openOrMake(path)
    const there = await survey({ file, path, onProgress: onChecked, signal })
    const growing = new Growing(file, path, there?.census)
    const before = growing.census.events
    await read(growing.census.mark, (lines) => growing.add(lines))
    const length = await growing.begin()
    const bytes = await seal({ file, path, census: growing.census, length, signal })
    return { events: growing.census.events, before, bytes }
  } catch (error) {
    throw fileTrouble(error, path)
  } finally {
    await file?.close()
  }
}

/** It holds texts and the hashes of passwords, so it is for its owner alone. */
async function openOrMake(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r+')
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
    return await open(path, 'wx+', 0o600)
  }
}

/** The file, from the first change on. Until then it is left as it is. */
class Growing {
  readonly #file: FileHandle
  readonly #path: string
  readonly #begun: boolean
  readonly census: Census
  /** In bytes; undefined before the first change. */
  #length: number | undefined

  constructor(file: FileHandle, path: string, census: Census | undefined) {
    this.#file = file
    this.#path = path
    this.#begun = census !== undefined
    this.census = census ?? new Census(Buffer.byteLength(header) + 1)
    // What stands behind it may have been superseded in the log: it comes again, or what replaced it does.
    this.census.backToMark()
  }

  /** Takes away what is behind the last event that the log keeps: a cut line, the end, what will come again. */
  async begin(): Promise<number> {
    if (this.#length !== undefined) return this.#length
    await this.#file.truncate(this.#begun ? this.census.markEnd : 0)
    if (!this.#begun) await writeFully(this.#file, Buffer.from(`${header}\n`), 0)
    this.#length = this.census.markEnd
    return this.#length
  }

  async add(lines: readonly string[]): Promise<void> {
    const begin = await this.begin()
    let offset = begin
    for (const line of lines) {
      const end = offset + Buffer.byteLength(line) + 1
      this.#count(line, offset, end)
      offset = end
    }
    await writeFully(this.#file, Buffer.from(lines.map((line) => `${line}\n`).join('')), begin)
    this.#length = offset
  }

  #count(line: string, offset: number, end: number): void {
    try {
      const content = contentOf(line)
      if ('event' in content) this.census.add(content.event, { offset, end })
    } catch (error) {
      if (!(error instanceof BadLine)) throw error
      throw new CannotTransfer(
        `The log and ${this.#path} do not fit together. ${error.message} Export into another file.`,
        { cause: error },
      )
    }
  }
}
