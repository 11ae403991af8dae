// Those who wait until the read models have reached a position. One timer serves them all.

import type { Position } from '../eventstore/port.ts'

interface Waiter {
  readonly position: Position
  readonly deadline: number
  readonly resolve: (reached: boolean) => void
}

/** How often deadlines are looked at, in ms. */
const tick = 25
/** With more than so many, the next is told at once that it is not there yet. */
const maxWaiters = 50_000

export class Waiters {
  /** By position; the lowest comes last, where it is quick to take. */
  readonly #waiters: Waiter[] = []
  #timer: NodeJS.Timeout | undefined

  /** True once the position is reached; false after `timeoutMs`, or when the signal is aborted. */
  wait(
    position: Position,
    { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal?: AbortSignal },
  ): Promise<boolean> {
    if (timeoutMs <= 0 || signal?.aborted || this.#waiters.length >= maxWaiters) return Promise.resolve(false)
    return new Promise((settle) => {
      const stop = (): void => this.#remove(waiter)
      const waiter: Waiter = {
        position,
        deadline: performance.now() + timeoutMs,
        resolve: (reached) => {
          signal?.removeEventListener('abort', stop)
          settle(reached)
        },
      }
      // New ones wait for the newest positions, so their place is near the front.
      let at = 0
      for (let other = this.#waiters[at]; other !== undefined && other.position > position; other = this.#waiters[at])
        at++
      this.#waiters.splice(at, 0, waiter)
      signal?.addEventListener('abort', stop)
      this.#timer ??= setInterval(() => this.#expire(), tick)
    })
  }

  get any(): boolean {
    return this.#waiters.length > 0
  }

  reached(position: Position): void {
    for (
      let last = this.#waiters.at(-1);
      last !== undefined && last.position <= position;
      last = this.#waiters.at(-1)
    ) {
      this.#waiters.pop()
      last.resolve(true)
    }
    this.#rest()
  }

  /** Nobody waits any longer. */
  close(): void {
    for (const waiter of this.#waiters.splice(0)) waiter.resolve(false)
    this.#rest()
  }

  #expire(): void {
    const now = performance.now()
    for (const waiter of this.#waiters.filter((one) => one.deadline <= now)) this.#remove(waiter)
  }

  #remove(waiter: Waiter): void {
    const at = this.#waiters.indexOf(waiter)
    if (at === -1) return
    this.#waiters.splice(at, 1)
    waiter.resolve(false)
    this.#rest()
  }

  #rest(): void {
    if (this.#waiters.length > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }
}
