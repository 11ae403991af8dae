// Folds the log from its start into new builds, all in one pass, beside the builds in use.

import type { Documents, Write } from '../documents/port.ts'
import type { EventStore, Position, RecordedEvent } from '../eventstore/port.ts'
import { Reader } from './backlog.ts'
import { advanced, atStart, type Checkpoint } from './checkpoint.ts'
import { decodeAll, foldBatch, Pace } from './foldBatch.ts'
import { type Persistence, untilDone } from './retry.ts'
import type { Target } from './target.ts'
import { writeSurely } from './writing.ts'

export interface Progress {
  /** How many events have been folded. */
  readonly events: number
  /** Up to where. */
  readonly position: Position
}

interface BuildPassOptions {
  readonly store: EventStore
  readonly documents: Documents
  readonly targets: readonly Target[]
  /** Events in a page of the log. */
  readonly batch: number
  readonly persistence: Persistence
  readonly onProgress: ((progress: Progress) => void) | undefined
}

/** How long it keeps the event loop to itself, in ms, about. */
const turnMs = 8
/** Documents that are being written while the next page is folded, at most: those that wait share a transaction. */
const maxOnTheirWay = 30_000
/** Documents in one write, at most: handing more to another thread would keep this one for too long. */
const writeSize = 2_000

export class BuildPass {
  readonly targets: readonly Target[]
  readonly #options: BuildPassOptions
  readonly #pace = new Pace(turnMs)
  #checkpoint = atStart
  #events = 0
  #skipped = 0
  /** Writes that are under way while the next pages are folded, the oldest first; each ends after the one before. */
  #writing: { readonly documents: number; readonly written: Promise<unknown> }[] = []
  #onTheirWay = 0

  constructor(options: BuildPassOptions) {
    this.targets = options.targets
    this.#options = options
  }

  get checkpoint(): Checkpoint {
    return this.#checkpoint
  }

  get events(): number {
    return this.#events
  }

  /** Events that could not be decoded. */
  get skipped(): number {
    return this.#skipped
  }

  /**
   * Folds what follows: to the end of the log, or until `position` is behind it.
   * @throws {FoldFailed} an event could not be folded
   * @throws the signal's reason
   */
  async fold(position?: Position): Promise<void> {
    const { store, batch, persistence } = this.#options
    if (position !== undefined && this.#checkpoint.position >= position) return
    const { signal } = persistence
    let reader = new Reader(store, this.#checkpoint.position, batch)
    /** After a failure it begins again where the last page ended. */
    const nextPage = (): Promise<readonly RecordedEvent[] | undefined> =>
      reader.next().catch((error: unknown) => {
        reader = new Reader(store, this.#checkpoint.position, batch)
        throw error
      })
    try {
      for (;;) {
        const page = await untilDone(nextPage, persistence)
        signal.throwIfAborted()
        if (page === undefined) break
        await this.#foldPage(page)
        if (position !== undefined && this.#checkpoint.position >= position) break
      }
    } finally {
      await reader.close()
    }
    await this.#allWritten()
  }

  /** Writes what is still in memory only. */
  async flush(): Promise<void> {
    await this.#allWritten()
    await this.#write(this.targets.flatMap((target) => target.takeChanged()))
  }

  async #allWritten(): Promise<void> {
    while (this.#writing.length > 0) await this.#oldestWritten()
  }

  async #foldPage(page: readonly RecordedEvent[]): Promise<void> {
    const { documents, persistence, onProgress } = this.#options
    const last = page.at(-1)
    if (last === undefined) return
    this.#pace.begin()
    const { decoded, skipped } = decodeAll(page)
    await this.#pace.step()
    const reading = <T>(read: () => Promise<T>): Promise<T> => untilDone(read, persistence)
    const failures = await foldBatch(this.targets, decoded, { documents, pace: this.#pace, reading })
    for (const failure of failures.values()) throw failure
    this.#skipped += skipped
    this.#events += page.length
    this.#checkpoint = advanced(this.#checkpoint, page, last.position)
    while (this.#onTheirWay > maxOnTheirWay) await this.#oldestWritten()
    const before = this.#writing.at(-1)?.written
    const writes = this.targets.flatMap((target) => target.takeEvicted())
    const write = this.#write(writes)
    const written = Promise.all([before, write]).then(() => {
      for (const target of this.targets) target.written()
    })
    // It is waited for later; until then its failure has nobody to go to.
    written.catch(() => {})
    this.#writing.push({ documents: writes.length, written })
    this.#onTheirWay += writes.length
    onProgress?.({ events: this.#events, position: last.position })
  }

  async #oldestWritten(): Promise<void> {
    const oldest = this.#writing.shift()
    this.#onTheirWay -= oldest?.documents ?? 0
    await oldest?.written
  }

  async #write(writes: readonly Write[]): Promise<void> {
    const { documents, persistence } = this.#options
    const written: Promise<void>[] = []
    for (let from = 0; from < writes.length; from += writeSize) {
      const some = writes.slice(from, from + writeSize)
      written.push(writeSurely(documents, { writes: some, records: [] }, persistence))
      await this.#pace.step()
    }
    await Promise.all(written)
  }
}
