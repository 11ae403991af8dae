// The newest events of the log, in memory, for those who follow it: one copy for all of them.

import type { RecordedEvent } from '../port.ts'
import { lengthOf } from './encode.ts'
import type { StoredEvent } from './protocol.ts'
import { recorded } from './recorded.ts'

/** Limits: count of events, and length of their strings in UTF-16 code units. */
export interface RecentLimits {
  readonly events: number
  readonly length: number
}

export class Recent {
  readonly #limits: RecentLimits
  #entries: StoredEvent[] = []
  /** By position: made when the first one asks, then shared by all. */
  readonly #made = new Map<number, RecordedEvent>()
  /** Index of the oldest entry that counts; those before it are cut off now and then. */
  #first = 0
  #length = 0
  /** Everything after this position is here. */
  #floor: number
  /** Position of the newest event. */
  #end: number

  constructor(end: number, limits: RecentLimits = { events: 2_048, length: 8_000_000 }) {
    this.#floor = end
    this.#end = end
    this.#limits = limits
  }

  get end(): number {
    return this.#end
  }

  /** Adds the next event, which has its position and revision. */
  add(stored: StoredEvent): void {
    this.#entries.push(stored)
    this.#end = stored.position
    this.#length += lengthOf(stored)
    while (this.#length > this.#limits.length || this.#entries.length - this.#first > this.#limits.events) {
      this.#dropOldest()
    }
  }

  /** The next events after a position, at most `limit`; undefined where some of them are no longer here. */
  after(position: number, limit: number): RecordedEvent[] | undefined {
    if (position < this.#floor) return undefined
    const events: RecordedEvent[] = []
    for (let index = this.#indexAfter(position); events.length < limit; index += 1) {
      const entry = this.#entries[index]
      if (entry === undefined) break
      const event = this.#made.get(entry.position) ?? recorded(entry)
      this.#made.set(entry.position, event)
      events.push(event)
    }
    return events
  }

  /** Takes the bodies of these events (ids) out. */
  forget(ids: ReadonlySet<string>): void {
    for (const entry of this.#entries) {
      if (entry.body === null || !ids.has(entry.id)) continue
      this.#length -= entry.body.length
      entry.body = null
      // What was delivered before is not changed behind its reader's back.
      this.#made.delete(entry.position)
    }
  }

  #dropOldest(): void {
    const entry = this.#entries[this.#first]
    if (entry === undefined) return
    this.#floor = entry.position
    this.#length -= lengthOf(entry)
    this.#made.delete(entry.position)
    this.#first += 1
    if (this.#first > 1_024 && this.#first * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#first)
      this.#first = 0
    }
  }

  #indexAfter(position: number): number {
    let low = this.#first
    let high = this.#entries.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#entries[middle]?.position ?? 0) <= position) low = middle + 1
      else high = middle
    }
    return low
  }
}
