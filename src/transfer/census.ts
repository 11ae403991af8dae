// What is known of an export from its lines: whether they follow from one another, and what of them must not stay.

import { BadLine, type TransferredEvent } from './format.ts'

/** An event of a stream that keeps everything: the log still has it, so that a place in the log can be found by it. */
export interface Mark {
  readonly stream: string
  readonly revision: number
  readonly id: string
}

/** Where a line stands in the file, in bytes. */
interface Place {
  readonly offset: number
  readonly end: number
}

export class Census {
  readonly #revisions = new Map<string, number>()
  /** By stream, where its newest event stands: of streams that keep only that. */
  readonly #newest = new Map<string, number>()
  /** Such streams with an event behind the mark. */
  readonly #behindMark = new Set<string>()
  readonly #superseded = new Set<number>()
  readonly #forgotten = new Set<string>()
  #lines = 0
  #linesAtMark = 0
  #mark: Mark | undefined
  #markEnd: number

  /** @param begin where the first event stands, in bytes */
  constructor(begin: number) {
    this.#markEnd = begin
  }

  /** Events that stay: those that were superseded later in the file do not count. */
  get events(): number {
    return this.#lines - this.#superseded.size
  }

  /** The newest event that the log keeps for ever; undefined before the first. */
  get mark(): Mark | undefined {
    return this.#mark
  }

  /** Where the line after the mark begins, in bytes. */
  get markEnd(): number {
    return this.#markEnd
  }

  /** Ids of events whose bodies were to be forgotten, by what the file itself says. */
  get forgotten(): ReadonlySet<string> {
    return this.#forgotten
  }

  /** Where the lines begin whose events a later line of the same stream replaces, in bytes. */
  get superseded(): ReadonlySet<number> {
    return this.#superseded
  }

  /** @throws {BadLine} where it does not follow from the lines before it */
  add({ id, stream, revision, data }: TransferredEvent, { offset, end }: Place): void {
    this.#lines += 1
    if (revision === undefined) this.#addNewest(stream, offset)
    else {
      const expected = this.#revisions.get(stream) ?? 0
      if (revision !== expected)
        throw new BadLine(`It is revision ${revision} of ${stream}, and revision ${expected} should come here.`)
      this.#revisions.set(stream, revision + 1)
      this.#behindMark.clear()
      this.#mark = { stream, revision, id }
      this.#markEnd = end
      this.#linesAtMark = this.#lines
    }
    if (Array.isArray(data.forgets))
      for (const forgotten of data.forgets) if (typeof forgotten === 'string') this.#forgotten.add(forgotten)
  }

  /** Goes back to the mark: the lines after it are gone. What they replaced is replaced in the log all the same. */
  backToMark(): void {
    for (const stream of this.#behindMark) this.#newest.delete(stream)
    this.#behindMark.clear()
    for (const offset of this.#superseded) if (offset >= this.#markEnd) this.#superseded.delete(offset)
    this.#lines = this.#linesAtMark
  }

  #addNewest(stream: string, offset: number): void {
    const before = this.#newest.get(stream)
    if (before !== undefined) this.#superseded.add(before)
    this.#newest.set(stream, offset)
    this.#behindMark.add(stream)
  }
}
