// A feed of what is so now: state, not history. It queues nothing: each frame is made, when it is asked for, of what has changed
// since the one before, so that whoever reads slowly skips what was only for a moment.

interface ChangesFeedOptions<F> {
  /** The next frame; undefined where there is nothing to tell. */
  readonly take: () => F | undefined
  /** A frame follows another after so many ms at the earliest. */
  readonly everyMs: number
  /** Called once, when the feed is over. */
  readonly onClose: () => void
}

const over: IteratorReturnResult<undefined> = { done: true, value: undefined }

export class ChangesFeed<F> implements AsyncIterableIterator<F, undefined> {
  readonly #options: ChangesFeedOptions<F>
  #closed = false
  #news: (() => void) | undefined
  #endPause: (() => void) | undefined
  #readyAt = Number.NEGATIVE_INFINITY

  constructor(options: ChangesFeedOptions<F>) {
    this.#options = options
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  get closed(): boolean {
    return this.#closed
  }

  /** There may be something to tell. */
  wake(): void {
    const news = this.#news
    this.#news = undefined
    news?.()
  }

  /** Nothing more is delivered. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#options.onClose()
    this.#endPause?.()
    this.wake()
  }

  async next(): Promise<IteratorResult<F, undefined>> {
    while (!this.#closed) {
      const early = this.#readyAt - performance.now()
      if (early > 0) {
        await this.#pause(early)
        continue
      }
      const news = new Promise<void>((resolve) => {
        this.#news = resolve
      })
      const frame = this.#options.take()
      if (frame !== undefined) {
        this.#readyAt = performance.now() + this.#options.everyMs
        return { done: false, value: frame }
      }
      await news
    }
    return over
  }

  return(): Promise<IteratorReturnResult<undefined>> {
    this.close()
    return Promise.resolve(over)
  }

  /** Until the next frame may be made, or the feed is over. What is new meanwhile waits too. */
  async #pause(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, ms)
    this.#endPause = resolve
    await promise
    clearTimeout(timer)
    this.#endPause = undefined
  }
}
