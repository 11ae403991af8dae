// Follows the log: from the file while it is behind, from the recent events once it has caught up. It keeps one
// number, its position, so a slow consumer costs nothing.

import type { Delivery, RecordedEvent } from '../port.ts'
import { countOf, positionOf } from './positions.ts'
import type { Recent } from './recent.ts'

export interface Log {
  readonly recent: Recent
  /** The next events after a position, from the file. */
  page(after: number, limit: number): Promise<RecordedEvent[]>
  /** Calls back whenever something was appended, and when the store closes; returns how to stop that. */
  onChange(changed: () => void): () => void
  readonly closed: boolean
}

export interface SubscriptionOptions {
  /** Position, as a count. */
  readonly after: number
  readonly pageSize: number
  readonly signal: AbortSignal | undefined
}

/** An iterator by hand: a generator would not hear `return` while it waits. */
export class Subscription implements AsyncIterator<Delivery, undefined> {
  readonly #log: Log
  readonly #pageSize: number
  readonly #signal: AbortSignal | undefined
  readonly #stopListening: () => void
  readonly #wake = (): void => this.#changed?.()
  #position: number
  /** Whether `caughtUp` was said since the last delivery that was not. */
  #saidSo = false
  #ended = false
  #changed: (() => void) | undefined
  #last: Promise<unknown> = Promise.resolve()

  constructor(log: Log, { after, pageSize, signal }: SubscriptionOptions) {
    this.#log = log
    this.#position = after
    this.#pageSize = pageSize
    this.#signal = signal
    this.#stopListening = log.onChange(this.#wake)
    signal?.addEventListener('abort', this.#wake)
  }

  next(): Promise<IteratorResult<Delivery, undefined>> {
    const delivery = this.#last.then(() => this.#next())
    this.#last = delivery.catch(() => undefined)
    return delivery
  }

  async return(): Promise<IteratorResult<Delivery, undefined>> {
    this.#end()
    return { done: true, value: undefined }
  }

  async #next(): Promise<IteratorResult<Delivery, undefined>> {
    try {
      while (!this.#isOver()) {
        const recent = this.#log.recent.after(this.#position, this.#pageSize)
        const events = recent ?? (await this.#log.page(this.#position, this.#pageSize))
        if (this.#isOver()) break
        const last = events.at(-1)
        if (last !== undefined) this.#position = countOf(last.position)
        const caughtUp = this.#position >= this.#log.recent.end
        if (last !== undefined || (caughtUp && !this.#saidSo)) {
          this.#saidSo = caughtUp
          return { done: false, value: { events, position: positionOf(this.#position), caughtUp } }
        }
        // Nothing at all after this position: so there is something to wait for.
        await new Promise<void>((changed) => {
          this.#changed = changed
        })
        this.#changed = undefined
      }
    } catch (error) {
      this.#end()
      throw error
    }
    this.#end()
    return { done: true, value: undefined }
  }

  #isOver(): boolean {
    return this.#ended || this.#log.closed || this.#signal?.aborted === true
  }

  #end(): void {
    this.#ended = true
    this.#stopListening()
    this.#signal?.removeEventListener('abort', this.#wake)
    this.#wake()
  }
}
