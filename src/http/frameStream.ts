// The frames of one subscription, made when they are asked for.

import type { Outlet } from '../live/audience.ts'
import { type MadeFrame, withExtensions } from '../live/madeFrame.ts'
import type { Making } from './frameMaker.ts'

interface FrameStreamOptions {
  readonly source: AsyncIterator<unknown>
  /** Makes the frames of what the source gives. */
  readonly making: Making
  /** What the client is told of an error of the source. */
  readonly failureOf: (thrown: unknown) => Error
}

interface Waiter {
  readonly resolve: (result: IteratorResult<MadeFrame, undefined>) => void
  readonly reject: (error: Error) => void
}

const done = { done: true, value: undefined } as const

/** A source that can give what is new to many at once. */
interface LiveSource {
  goLive(outlet: Outlet): void
}

/** A source whose frames are worth nothing once they are late. */
interface YieldingSource {
  yieldTo(busy: () => Promise<void> | undefined): void
}

const yields = (source: object): source is YieldingSource => 'yieldTo' in source

const isLive = (source: object): source is LiveSource => 'goLive' in source

/**
 * Not an async generator: a generator's `return` waits until the present `next` has come to an end, which may be never.
 * This one ends its source at once. It holds no frames: the source is asked for the next one only by `next`.
 */
export class FrameStream implements AsyncIterableIterator<MadeFrame, undefined> {
  readonly #options: FrameStreamOptions
  #waiter: Waiter | undefined
  #failure: Error | undefined
  #ended = false
  #first = true
  readonly #onEnd: (() => void)[] = []

  constructor(options: FrameStreamOptions) {
    this.#options = options
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  /** @throws Error when the frame before has not been given yet */
  next(): Promise<IteratorResult<MadeFrame, undefined>> {
    const failure = this.#failure
    if (failure) {
      this.#failure = undefined
      return Promise.reject(failure)
    }
    if (this.#ended) return Promise.resolve(done)
    if (this.#waiter) return Promise.reject(new Error('The frame before has not been given yet.'))
    const { promise, resolve, reject } = Promise.withResolvers<IteratorResult<MadeFrame, undefined>>()
    this.#waiter = { resolve, reject }
    void this.#pull()
    return promise
  }

  /**
   * Frames that are made for many may come this way while `next` waits, where the source has such.
   * @param deliver writes one now; a promise where the reader has too much left to read
   */
  deliverTo(deliver: (frame: MadeFrame) => Promise<void> | void): void {
    const { source, making } = this.#options
    if (!making.shared || !isLive(source)) return
    source.goLive({ ...making.shared, deliver: (frame) => (this.#ended ? undefined : deliver(frame)) })
  }

  /** A source of what is so now, where this is one, makes no frame while its reader has something else left to read. */
  yieldTo(busy: () => Promise<void> | undefined): void {
    const { source } = this.#options
    if (yields(source)) source.yieldTo(busy)
  }

  return(): Promise<IteratorResult<MadeFrame, undefined>> {
    this.#end()
    return Promise.resolve(done)
  }

  throw(error: unknown): Promise<IteratorResult<MadeFrame, undefined>> {
    this.#end()
    return Promise.reject(error)
  }

  /** Calls back once, when the stream has ended in whichever way; at once if it has. */
  onEnd(callback: () => void): void {
    if (this.#ended) callback()
    else this.#onEnd.push(callback)
  }

  /** Ends with an error; a frame that is being made is dropped. */
  fail(error: Error): void {
    if (this.#ended) return
    const waiter = this.#waiter
    this.#waiter = undefined
    if (waiter) waiter.reject(error)
    else this.#failure = error
    this.#end()
  }

  async #pull(): Promise<void> {
    try {
      const taken = await this.#options.source.next()
      if (taken.done === true) return this.#finish()
      if (this.#ended) return
      const { making } = this.#options
      const made = await making.frameOf(taken.value)
      if (this.#ended) return
      const value = this.#first ? withExtensions(made, { parley: making.said }) : made
      this.#first = false
      const waiter = this.#waiter
      this.#waiter = undefined
      waiter?.resolve({ done: false, value })
    } catch (error) {
      if (!this.#ended) this.fail(this.#options.failureOf(error))
    }
  }

  #end(): void {
    if (this.#ended) return
    this.#finish()
    // Nobody is left to hear how the source took it.
    this.#options.source.return?.()?.catch(() => {})
  }

  /** The source has come to its end by itself. */
  #finish(): void {
    if (this.#ended) return
    this.#ended = true
    // Whoever waits for a frame is let go now, whatever the source does.
    this.#waiter?.resolve(done)
    this.#waiter = undefined
    for (const callback of this.#onEnd) callback()
  }
}
