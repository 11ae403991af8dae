// The frames of one subscription on their way to its socket.

import { GraphQLError } from 'graphql'
import type { MadeFrame } from '../live/madeFrame.ts'
import type { FrameStream } from './frameStream.ts'

interface SocketFramesOptions {
  /** Of the subscription, as the client named it. */
  readonly id: string
  readonly frames: FrameStream
  /** Sends a message, given in parts of UTF-8; a promise while the client has too much left to read. */
  readonly send: (...parts: readonly Uint8Array[]) => Promise<void> | void
  /** While the client has something left to read: until it has gone out. */
  readonly busy: () => Promise<void> | undefined
  /** What the frames are made from cannot be reached: closes the socket, so that the client comes back, here or elsewhere. */
  readonly giveUp: () => void
}

const tail = Buffer.from('}')

/**
 * To graphql-ws this is a subscription that has no results and ends when the frames do: it still completes it, ends it when the
 * client says so, and tells of its errors. The frames themselves are written here, since the library would make each one's text
 * anew for every subscriber.
 */
export class SocketFrames implements AsyncIterableIterator<never, undefined> {
  readonly #head: Uint8Array
  readonly #frames: FrameStream
  readonly #send: SocketFramesOptions['send']
  readonly #giveUp: () => void

  constructor({ id, frames, send, busy, giveUp }: SocketFramesOptions) {
    this.#head = Buffer.from(`{"id":${JSON.stringify(id)},"type":"next","payload":`)
    this.#frames = frames
    this.#send = send
    this.#giveUp = giveUp
    frames.deliverTo((frame) => this.#sendFrame(frame))
    frames.yieldTo(busy)
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  /** Resolves when the last frame has been sent; rejects with the error that ended them. */
  async next(): Promise<IteratorReturnResult<undefined>> {
    for (;;) {
      const taken = await this.#frames.next().catch((error: unknown) => {
        if (!(error instanceof GraphQLError) || error.extensions.code !== 'UNAVAILABLE') throw error
        this.#giveUp()
        return { done: true, value: undefined } as const
      })
      if (taken.done === true) return { done: true, value: undefined }
      const sending = this.#sendFrame(taken.value)
      // The next frame is made when this one has gone out.
      if (sending) await sending
    }
  }

  #sendFrame({ parts }: MadeFrame): Promise<void> | void {
    return this.#send(this.#head, ...parts, tail)
  }

  async return(): Promise<IteratorReturnResult<undefined>> {
    await this.#frames.return()
    return { done: true, value: undefined }
  }
}
