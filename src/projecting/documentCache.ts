// The documents of one build that were used last, as they are after the newest event folded into them.

import type { Document } from '../documents/port.ts'
import type { Position, Revision } from '../eventstore/port.ts'

export interface Entry {
  readonly id: string
  /** −1 where there has never been a document. */
  revision: Revision
  position: Position
  /** Undefined where it is absent or was removed. */
  document: Document | undefined
  /** Roughly, in memory. */
  bytes: number
  /** The batch that used it last. */
  usedIn: number
}

export const entry = (id: string, revision: Revision, position: Position, document: Document | undefined): Entry => ({
  id,
  revision,
  position,
  document,
  bytes: 0,
  usedIn: -1,
})

export interface CacheLimits {
  readonly documents: number
  readonly bytes: number
}

export class DocumentCache {
  readonly #limits: CacheLimits
  /** The one used longest ago comes first. */
  readonly #entries = new Map<string, Entry>()
  readonly #changed = new Set<Entry>()
  #bytes = 0

  constructor(limits: CacheLimits) {
    this.#limits = limits
  }

  /** Marks it as used in this batch. */
  use(id: string, batch: number): Entry | undefined {
    const entry = this.#entries.get(id)
    if (entry === undefined || entry.usedIn === batch) return entry
    entry.usedIn = batch
    this.#entries.delete(entry.id)
    this.#entries.set(entry.id, entry)
    return entry
  }

  put(entry: Entry, batch: number): void {
    entry.usedIn = batch
    entry.bytes = weigh(entry.document)
    this.#bytes += entry.bytes
    this.#entries.set(entry.id, entry)
  }

  /** The entry, which is in the cache, now holds this. */
  change(entry: Entry, document: Document | undefined, revision: Revision, position: Position): void {
    const bytes = weigh(document)
    this.#bytes += bytes - entry.bytes
    entry.bytes = bytes
    entry.document = document
    entry.revision = revision
    entry.position = position
    this.#changed.add(entry)
  }

  /** Those that the documents store does not have like this, each given once. */
  takeChanged(): readonly Entry[] {
    const changed = [...this.#changed]
    this.#changed.clear()
    return changed
  }

  /** Takes out what is too much, and gives what of it was changed. Never called while a batch is folded. */
  evict(): readonly Entry[] {
    const changed: Entry[] = []
    if (this.#entries.size <= this.#limits.documents && this.#bytes <= this.#limits.bytes) return changed
    // A little more than needed, so that not every batch has to.
    const documents = this.#limits.documents * 0.9
    const bytes = this.#limits.bytes * 0.9
    for (const entry of this.#entries.values()) {
      if (this.#entries.size <= documents && this.#bytes <= bytes) break
      this.#entries.delete(entry.id)
      this.#bytes -= entry.bytes
      if (this.#changed.delete(entry)) changed.push(entry)
    }
    return changed
  }

  clear(): void {
    this.#entries.clear()
    this.#changed.clear()
    this.#bytes = 0
  }
}

/** Only texts are large. */
function weigh(document: Document | undefined): number {
  let bytes = 200
  for (const field in document) {
    const value = document[field]
    bytes += 16
    if (typeof value === 'string') bytes += value.length * 2
    else if (typeof value === 'object') bytes += 100
  }
  return bytes
}
