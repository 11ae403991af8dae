// A clock in whose time nobody waits: what is slept is written down, and is over at once.

import type { Clock } from './clock.ts'

export class QuickClock implements Clock {
  /** Ms, in order. */
  readonly slept: number[] = []
  readonly #random: () => number
  #now = 1_000_000

  /** @param random from 0, below 1 */
  constructor(random: () => number = () => 0.5) {
    this.#random = random
  }

  now(): number {
    return this.#now
  }

  random(): number {
    return this.#random()
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return
    this.slept.push(ms)
    this.#now += ms
    // Whatever is due besides has its turn.
    await new Promise((resolve) => setImmediate(resolve))
  }
}
