// The frames of one subscription, made when they are asked for.

import type { Outlet } from '../live/audience.ts'
import { type MadeFrame, withExtensions } from '../live/madeFrame.ts'
import type { Waiter } from '../live/pulling.ts'
import type { Making, SharedMaking } from './frameMaker.ts'

/** Where frames go that are made for many. */
export interface FrameWriter {
  /** Writes one now; a promise where the client has too much left to read. */
  deliver(frame: MadeFrame): Promise<void> | void
  /** While the client has something left to read: until that has gone out. */
  busy(): Promise<void> | undefined
}

/** Who gets all frames as they come. */
export interface FrameReader extends FrameWriter {
  /** Called once, when there are no more, with the error that ended them. */
  end(error: Error | undefined): void
}

interface Asker {
  readonly resolve: (result: IteratorResult<MadeFrame, undefined>) => void
  readonly reject: (error: Error) => void
}

const done = { done: true, value: undefined } as const

/** A source that can give what is new to many at once. */
interface LiveSource {
  goLive(outlet: Outlet): void
}

/** A source that keeps nothing for whoever waits. */
interface PullSource {
  pull(waiter: Waiter): Promise<IteratorResult<unknown, undefined> | undefined>
}

/** A source whose frames are worth nothing once they are late. */
interface YieldingSource {
  yieldTo(busy: () => Promise<void> | undefined): void
}

const yields = (source: object): source is YieldingSource => 'yieldTo' in source

const pulls = (source: object): source is PullSource => 'pull' in source

const isLive = (source: object): source is LiveSource => 'goLive' in source

/**
 * Not an async generator: a generator's `return` waits until the present `next` has come to an end, which may be never.
 * This one ends its source at once. It holds no frames: the source is asked for the next one only by `next`, or when a reader has
 * taken the one before.
 */
export class FrameStream implements AsyncIterableIterator<MadeFrame, undefined>, Waiter {
  readonly #source: AsyncIterator<unknown>
  readonly #making: Making
  #asker: Asker | undefined
  #reader: FrameReader | undefined
  #failure: Error | undefined
  #ended = false
  #first = true
  /** Frames are being taken for the reader. */
  #running = false
  /** There may be one that was not looked for. */
  #again = false
  #held: readonly Disposable[] = []

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
    if (this.#asker) return Promise.reject(new Error('The frame before has not been given yet.'))
    const { promise, resolve, reject } = Promise.withResolvers<IteratorResult<MadeFrame, undefined>>()
    this.#asker = { resolve, reject }
    void this.#give()
    return promise
  }

  /** Gives all frames to a reader, in place of `next`. While there are none, nothing is kept but who reads. */
  run(reader: FrameReader): void {
    if (this.#ended) {
      reader.end(this.#failure)
      return
    }
    this.deliverTo(reader)
    this.#reader = reader
    void this.#run(reader)
  }

  /** The source may have something again. */
  resume(): void {
    if (this.#running) this.#again = true
    else if (this.#reader) void this.#run(this.#reader)
  }

  /**
   * Frames that are made for many may come this way while `next` waits, where the source has such; and a source of what is so now
   * makes none while its reader has something else left to read.
   */
  deliverTo(writer: FrameWriter): void {
    const source = this.#source
    const { shared } = this.#making
    if (shared && isLive(source)) source.goLive(new SharedOutlet(shared, this, writer))
    if (yields(source)) source.yieldTo(() => writer.busy())
  }

  return(): Promise<IteratorResult<MadeFrame, undefined>> {
    this.#end(undefined)
    return Promise.resolve(done)
  }

  throw(error: unknown): Promise<IteratorResult<MadeFrame, undefined>> {
    this.#end(undefined)
    return Promise.reject(error)
  }

  /** Disposes of it when the stream has ended in whichever way; at once if it has. */
  hold(held: Disposable): void {
    if (this.#ended) held[Symbol.dispose]()
    // Exactly as long as it must be: an array that grows by itself has room for many more.
    else this.#held = this.#held.concat(held)
  }

  /** Ends with an error; a frame that is being made is dropped. */
  fail(error: Error): void {
    this.#end(error)
  }

  async #give(): Promise<void> {
    const value = await this.#frame(() => this.#source.next())
    const asker = this.#asker
    this.#asker = undefined
    if (value) asker?.resolve({ done: false, value })
  }

  async #run(reader: FrameReader): Promise<void> {
    const source = this.#source
    const take = () => (pulls(source) ? source.pull(this) : source.next())
    this.#running = true
    do {
      this.#again = false
      const frame = await this.#frame(take)
      const sending = frame && reader.deliver(frame)
      // The next frame is made when this one has gone out.
      if (sending) await sending
      if (frame) this.#again = true
    } while (this.#again && !this.#ended)
    this.#running = false
  }

  /** Undefined where there is none now, or none any more. */
  async #frame(take: () => Promise<IteratorResult<unknown, undefined> | undefined>): Promise<MadeFrame | undefined> {
    try {
      const taken = await take()
      if (taken === undefined || this.#ended) return undefined
      if (taken.done === true) {
        this.#finish(undefined)
        return undefined
      }
      const made = await this.#making.frameOf(taken.value)
      if (this.#ended) return undefined
      const frame = this.#first ? withExtensions(made, { parley: this.#making.said }) : made
      this.#first = false
      return frame
    } catch (error) {
      if (!this.#ended) this.fail(this.#making.failureOf(error))
      return undefined
    }
  }

  #end(error: Error | undefined): void {
    if (this.#ended) return
    this.#finish(error)
    // Nobody is left to hear how the source took it.
    this.#source.return?.()?.catch(() => {})
  }

  /** Whoever waits for a frame is let go now, whatever the source does. */
  #finish(error: Error | undefined): void {
    if (this.#ended) return
    this.#ended = true
    const asker = this.#asker
    this.#asker = undefined
    if (this.#reader) this.#reader.end(error)
    else if (!asker) this.#failure = error
    else if (error) asker.reject(error)
    else asker.resolve(done)
    for (const held of this.#held) held[Symbol.dispose]()
  }
}

/** How one of many takes what is made for all of them. */
class SharedOutlet implements Outlet {
  readonly group: string
  readonly lasting: boolean
  readonly make: Outlet['make']
  readonly #frames: FrameStream
  readonly #writer: FrameWriter

  constructor({ group, lasting, make }: SharedMaking, frames: FrameStream, writer: FrameWriter) {
    this.group = group
    this.lasting = lasting
    this.make = make
    this.#frames = frames
    this.#writer = writer
  }

  deliver(frame: MadeFrame): Promise<void> | void {
    if (!this.#frames.ended) return this.#writer.deliver(frame)
  }
}
