// The node's one subscription to the log. It feeds whoever listens, in the order of the log.

import { setTimeout as sleep } from 'node:timers/promises'
import type { Delivery, EventStore, Position } from './port.ts'

export interface LogListener {
  /** Called with every delivery, in order, on the same turn for all listeners. Takes note and returns; never waits. */
  deliver(delivery: Delivery): void
}

interface FollowerOptions {
  readonly store: EventStore
  readonly after: Position
  /** Told when the subscription broke, to be taken up again from the last handled position, or when a listener threw. */
  readonly onBroken?: (error: unknown) => void
  /** How often the end of the log is asked for while nothing comes, in ms. */
  readonly probeEveryMs?: number
  /** Without a sign of the log for this long, the follower counts as deaf, in ms. */
  readonly deafAfterMs?: number
}

export class LogFollower {
  readonly #store: EventStore
  readonly #options: FollowerOptions
  readonly #listeners: LogListener[] = []
  readonly #stop = new AbortController()
  readonly #waiters = new Set<{ position: Position; resolve: () => void }>()
  #handled: Position
  #heardAt = performance.now()
  #deaf = false
  #onHearing: ((hearing: boolean) => void) | undefined
  #running: Promise<unknown> | undefined

  constructor(options: FollowerOptions) {
    this.#store = options.store
    this.#options = options
    this.#handled = options.after
  }

  /** Everything up to here has been given to the listeners. */
  get handled(): Position {
    return this.#handled
  }

  /** False when nothing was heard from the log for too long. */
  get hearing(): boolean {
    return !this.#deaf
  }

  /** Listeners are called in the order in which they were added, before `start`. */
  add(listener: LogListener): void {
    this.#listeners.push(listener)
  }

  /** Told when the follower turns deaf, and when it hears again. */
  onHearing(listener: (hearing: boolean) => void): void {
    this.#onHearing = listener
  }

  start(): void {
    this.#running = Promise.all([this.#follow(), this.#probe()])
  }

  /** Resolves once everything up to the position has been handled; true, or false after `timeoutMs`. */
  async reached(position: Position, timeoutMs: number): Promise<boolean> {
    if (position <= this.#handled) return true
    let timer: NodeJS.Timeout | undefined
    const waiter = { position, resolve: () => {} }
    const reached = new Promise<boolean>((resolve) => {
      waiter.resolve = () => resolve(true)
      timer = setTimeout(() => resolve(false), timeoutMs)
    })
    this.#waiters.add(waiter)
    try {
      return await reached
    } finally {
      clearTimeout(timer)
      this.#waiters.delete(waiter)
    }
  }

  async close(): Promise<void> {
    this.#stop.abort()
    await this.#running
  }

  async #follow(): Promise<void> {
    const signal = this.#stop.signal
    for (let failures = 0; !signal.aborted; failures++) {
      try {
        for await (const delivery of this.#store.subscribe({ after: this.#handled, signal })) {
          this.#handle(delivery)
          failures = 0
        }
      } catch (error) {
        this.#options.onBroken?.(error)
      }
      if (signal.aborted) return
      // Full jitter: nodes that lost the same log do not come back in step.
      await sleep(Math.random() * Math.min(2_000, 50 * 2 ** failures), undefined, { signal }).catch(() => {})
    }
  }

  #handle(delivery: Delivery): void {
    this.#heard()
    if (delivery.events.length > 0) for (const listener of this.#listeners) this.#tell(listener, delivery)
    this.#handled = delivery.position
    for (const waiter of this.#waiters) if (waiter.position <= delivery.position) waiter.resolve()
  }

  /** One listener's bug must not keep the others, or the next events, from being told. */
  #tell(listener: LogListener, delivery: Delivery): void {
    try {
      listener.deliver(delivery)
    } catch (error) {
      this.#options.onBroken?.(error)
    }
  }

  #heard(): void {
    this.#heardAt = performance.now()
    if (!this.#deaf) return
    this.#deaf = false
    this.#onHearing?.(true)
  }

  /** While nothing comes, asks where the log ends: silence is a sign of life only if there was nothing to hear. */
  async #probe(): Promise<void> {
    const { probeEveryMs = 2_000, deafAfterMs = 5_000 } = this.#options
    const signal = this.#stop.signal
    while (!signal.aborted) {
      await sleep(probeEveryMs, undefined, { signal }).catch(() => {})
      if (signal.aborted) return
      if (performance.now() - this.#heardAt >= probeEveryMs) {
        const end = await Promise.race([
          this.#store.end().catch(() => undefined),
          sleep(probeEveryMs, undefined, { signal }).catch(() => undefined),
        ])
        if (typeof end === 'string' && end <= this.#handled) this.#heard()
      }
      if (!this.#deaf && performance.now() - this.#heardAt > deafAfterMs) {
        this.#deaf = true
        this.#onHearing?.(false)
      }
    }
  }
}
