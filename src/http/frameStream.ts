// The frames of one subscription, made when they are asked for.

import type { Outlet } from '../live/audience.ts'
import { type MadeFrame, withExtensions } from '../live/madeFrame.ts'
import type { Making, SharedMaking } from './frameMaker.ts'

/** Who gets the frames. */
export interface FrameReader {
  /** Writes one now; a promise where the client has too much left to read. */
  deliver(frame: MadeFrame): Promise<void> | void
  /** While the client has something left to read: until that has gone out. */
  busy(): Promise<void> | undefined
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
  readonly #source: AsyncIterator<unknown>
  readonly #making: Making
  #waiter: Waiter | undefined
  #failure: Error | undefined
  #ended = false
  #first = true
  readonly #onEnd: (() => void)[] = []

  /** @param making makes the frames of what the source gives */
  constructor(source: AsyncIterator<unknown>, making: Making) {
    this.#source = source
    this.#making = making
  }

  get ended(): boolean {
    return this.#ended
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
   * Frames that are made for many may come this way while `next` waits, where the source has such; and a source of what is so now
   * makes none while its reader has something else left to read.
   */
  deliverTo(reader: FrameReader): void {
    const source = this.#source
    const { shared } = this.#making
    if (shared && isLive(source)) source.goLive(new SharedOutlet(shared, this, reader))
    if (yields(source)) source.yieldTo(() => reader.busy())
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
      const taken = await this.#source.next()
      if (taken.done === true) return this.#finish()
      if (this.#ended) return
      const making = this.#making
      const made = await making.frameOf(taken.value)
      if (this.#ended) return
      const value = this.#first ? withExtensions(made, { parley: making.said }) : made
      this.#first = false
      const waiter = this.#waiter
      this.#waiter = undefined
      waiter?.resolve({ done: false, value })
    } catch (error) {
      if (!this.#ended) this.fail(this.#making.failureOf(error))
    }
  }

  #end(): void {
    if (this.#ended) return
    this.#finish()
    // Nobody is left to hear how the source took it.
    this.#source.return?.()?.catch(() => {})
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

/** How one of many takes what is made for all of them. */
class SharedOutlet implements Outlet {
  readonly group: string
  readonly lasting: boolean
  readonly make: Outlet['make']
  readonly #frames: FrameStream
  readonly #reader: FrameReader

  constructor({ group, lasting, make }: SharedMaking, frames: FrameStream, reader: FrameReader) {
    this.group = group
    this.lasting = lasting
    this.make = make
    this.#frames = frames
    this.#reader = reader
  }

  deliver(frame: MadeFrame): Promise<void> | void {
    if (!this.#frames.ended) return this.#reader.deliver(frame)
  }
}
