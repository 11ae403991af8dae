// How often those who follow the same state are told of it: not at every change, but all of them on one turn, at most once in so
// many ms. What is told together is made once.

interface PaceOptions {
  readonly everyMs: number
  readonly tick: () => void
}

export class Pace {
  readonly #options: PaceOptions
  #tickedAt = Number.NEGATIVE_INFINITY
  #ticking = false
  #closed = false
  #turn: NodeJS.Immediate | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(options: PaceOptions) {
    this.#options = options
  }

  /** ms of `performance.now()`; during a tick the time that the tick stands for, so that two of them are never too close. */
  get now(): number {
    return this.#ticking ? this.#tickedAt : performance.now()
  }

  /** There is something to tell: after this turn, or as soon as it is time again. */
  soon(): void {
    if (this.#closed || this.#turn || this.#timer) return
    const early = this.#tickedAt + this.#options.everyMs - performance.now()
    if (early <= 0) this.#turn = setImmediate(() => this.#tick())
    else this.#timer = setTimeout(() => this.#tick(), Math.ceil(early))
  }

  close(): void {
    this.#closed = true
    clearImmediate(this.#turn)
    clearTimeout(this.#timer)
  }

  #tick(): void {
    this.#turn = undefined
    this.#timer = undefined
    // A timer may ring a fraction of a ms early.
    this.#tickedAt = Math.max(performance.now(), this.#tickedAt + this.#options.everyMs)
    this.#ticking = true
    try {
      this.#options.tick()
    } finally {
      this.#ticking = false
    }
  }
}
