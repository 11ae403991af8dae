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
  /** When it was used last. */
  generation: number
}

export const entry = (id: string, revision: Revision, position: Position, document: Document | undefined): Entry => ({
  id,
  revision,
  position,
  document,
  bytes: 0,
  generation: -1,
})

export interface CacheLimits {
  readonly documents: number
  readonly bytes: number
}

/**
 * Two generations instead of an exact order of use: what was used since the last change of generations stays, what was
 * not goes at the next. So a hit costs one look-up and moves nothing.
 */
export class DocumentCache {
  readonly #limits: CacheLimits
  #newer = new Map<string, Entry>()
  #older = new Map<string, Entry>()
  #generation = 0
  readonly #changed = new Set<Entry>()
  /** Of the newer ones. */
  #bytes = 0

  constructor(limits: CacheLimits) {
    this.#limits = limits
  }

  /** Marks it as used now. */
  use(id: string): Entry | undefined {
    const newer = this.#newer.get(id)
    if (newer !== undefined) return newer
    const older = this.#older.get(id)
    if (older !== undefined) this.#keep(older)
    return older
  }

  put(entry: Entry): void {
    entry.bytes = weigh(entry.document)
    this.#keep(entry)
  }

  /** The entry, which was used since the last `evict`, now holds this. */
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
    const { documents, bytes } = this.#limits
    if (this.#newer.size * 2 <= documents && this.#bytes * 2 <= bytes) return []
    const changed: Entry[] = []
    for (const entry of this.#older.values())
      if (entry.generation !== this.#generation && this.#changed.delete(entry)) changed.push(entry)
    this.#older = this.#newer
    this.#newer = new Map()
    this.#bytes = 0
    this.#generation += 1
    return changed
  }

  clear(): void {
    this.#newer.clear()
    this.#older.clear()
    this.#changed.clear()
    this.#bytes = 0
  }

  #keep(entry: Entry): void {
    entry.generation = this.#generation
    this.#bytes += entry.bytes
    this.#newer.set(entry.id, entry)
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
