// How long to wait before coming back: "full jitter", so that many clients that were cut off together do not return together.
// https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/

import type { Clock } from './clock.ts'

interface BackoffOptions {
  readonly clock: Pick<Clock, 'random'>
  /** The longest first wait, in ms. */
  readonly baseMs?: number
  /** The longest wait of all, in ms. */
  readonly capMs?: number
}

export class Backoff {
  readonly #clock: Pick<Clock, 'random'>
  readonly #baseMs: number
  readonly #capMs: number
  #failures = 0

  constructor({ clock, baseMs = 500, capMs = 30_000 }: BackoffOptions) {
    this.#clock = clock
    this.#baseMs = baseMs
    this.#capMs = capMs
  }

  /**
   * The wait after one more failure, anywhere between 0 and a ceiling that doubles each time.
   * @param spreadMs the ceiling is no lower than this, where the other side wants its clients spread
   * @returns ms
   */
  next(spreadMs = 0): number {
    const ceiling = Math.max(spreadMs, Math.min(this.#capMs, this.#baseMs * 2 ** this.#failures))
    this.#failures += 1
    return this.#clock.random() * ceiling
  }

  /** It went well: the next failure is the first again. */
  reset(): void {
    this.#failures = 0
  }
}
