// A feed of what is so now: state, not history. It queues nothing: each frame is made, when it is asked for, of what has changed
// since the one before, so that whoever reads slowly skips what was only for a moment.

import type { MadeFrame } from './madeFrame.ts'
import type { MadeTogether, Making } from './madeTogether.ts'

interface Payload {
  /** Where it is set, payloads with the very same object here show the same to everyone. */
  readonly shared?: object
}

interface ChangesFeedOptions<F> {
  /** The next frame; undefined where there is nothing to tell, or not yet: then the feed is woken when there is. */
  readonly take: () => F | undefined
  /** Called once, when the feed is over. */
  readonly onClose: () => void
  /** When the session of the follower ends, in ms since 1970, and what time it is. */
  readonly deadline: number
  readonly now: () => number
  /** What is made for all who are told the same. */
  readonly together: MadeTogether
}

/** Whether the reader has something left to read: then a promise of the moment when that has gone out. */
export type Busy = () => Promise<void> | undefined

type Taken<F> = F & { readonly made?: MadeFrame }

const over: IteratorReturnResult<undefined> = { done: true, value: undefined }

export class ChangesFeed<F extends Payload> implements AsyncIterableIterator<Taken<F>, undefined> {
  readonly #options: ChangesFeedOptions<F>
  #closed = false
  #waiter: PromiseWithResolvers<IteratorResult<Taken<F>, undefined>> | undefined
  #busy: Busy | undefined
  #making: Making | undefined
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

  /** From now on what is the same for others is made once for all of them. */
  goLive(making: Making): void {
    this.#making = making
  }

  /** There may be something to tell. It is taken on this very turn, if somebody waits for it and has read the rest. */
  wake(): void {
    if (this.#closed || !this.#waiter || this.#yielding) return
    const { deadline, now, take } = this.#options
    if (now() >= deadline) return void this.close()
    const busy = this.#busy?.()
    if (busy) {
      this.#yielding = true
      void busy.then(() => {
        this.#yielding = false
        this.wake()
      })
      return
    }
    const frame = take()
    if (frame === undefined) return
    const waiter = this.#waiter
    this.#waiter = undefined
    void this.#give(frame).then(waiter.resolve, waiter.reject)
  }

  /** Nothing more is delivered. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#options.onClose()
    this.#waiter?.resolve(over)
    this.#waiter = undefined
  }

  /** Whoever asks waits for the answer before asking again. */
  next(): Promise<IteratorResult<Taken<F>, undefined>> {
    if (this.#closed) return Promise.resolve(over)
    const waiter = Promise.withResolvers<IteratorResult<Taken<F>, undefined>>()
    this.#waiter = waiter
    this.wake()
    return waiter.promise
  }

  return(): Promise<IteratorReturnResult<undefined>> {
    this.close()
    return Promise.resolve(over)
  }

  async #give(frame: F): Promise<IteratorResult<Taken<F>, undefined>> {
    const { shared } = frame
    if (!this.#making || !shared) return { done: false, value: frame }
    const made = await this.#options.together.of(shared, frame, this.#making)
    // The right to see it may have ended while it was made.
    return this.#closed ? over : { done: false, value: { ...frame, made } }
  }
}
