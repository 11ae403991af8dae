// A feed of what is so now: state, not history. It queues nothing: each frame is made, when it is asked for, of what has changed
// since the one before, so that whoever reads slowly skips what was only for a moment.

interface ChangesFeedOptions<F> {
  /** The next frame; undefined where there is nothing to tell, or not yet: then the feed is woken when there is. */
  readonly take: () => F | undefined
  /** Called once, when the feed is over. */
  readonly onClose: () => void
}

/** Whether the reader has something left to read: then a promise of the moment when that has gone out. */
export type Busy = () => Promise<void> | undefined

const over: IteratorReturnResult<undefined> = { done: true, value: undefined }

export class ChangesFeed<F> implements AsyncIterableIterator<F, undefined> {
  readonly #options: ChangesFeedOptions<F>
  #closed = false
  #waiter: PromiseWithResolvers<IteratorResult<F, undefined>> | undefined
  #busy: Busy | undefined
  #yielding = false

  constructor(options: ChangesFeedOptions<F>) {
    this.#options = options
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  get closed(): boolean {
    return this.#closed
  }

  /** From now on no frame is made while the reader has something else left to read. */
  yieldTo(busy: Busy): void {
    this.#busy = busy
  }

  /** There may be something to tell. It is made on this very turn, if somebody waits for it and has read the rest. */
  wake(): void {
    if (this.#closed || !this.#waiter || this.#yielding) return
    const busy = this.#busy?.()
    if (busy) {
      this.#yielding = true
      void busy.then(() => {
        this.#yielding = false
        this.wake()
      })
      return
    }
    const frame = this.#options.take()
    if (frame !== undefined) this.#settle({ done: false, value: frame })
  }

  /** Nothing more is delivered. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#options.onClose()
    this.#settle(over)
  }

  /** Whoever asks waits for the answer before asking again. */
  next(): Promise<IteratorResult<F, undefined>> {
    if (this.#closed) return Promise.resolve(over)
    const waiter = Promise.withResolvers<IteratorResult<F, undefined>>()
    this.#waiter = waiter
    this.wake()
    return waiter.promise
  }

  return(): Promise<IteratorReturnResult<undefined>> {
    this.close()
    return Promise.resolve(over)
  }

  #settle(result: IteratorResult<F, undefined>): void {
    const waiter = this.#waiter
    this.#waiter = undefined
    waiter?.resolve(result)
  }
}
