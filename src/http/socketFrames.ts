// The frames of one subscription on their way to its socket.

import { GraphQLError } from 'graphql'
import type { MadeFrame } from '../live/madeFrame.ts'
import type { FrameReader, FrameStream } from './frameStream.ts'

/** Where frames go. */
interface FrameSocket {
  /** Sends a message, given in parts of UTF-8; a promise while the client has too much left to read. */
  sendParts(...parts: readonly Uint8Array[]): Promise<void> | void
  /** While the client has something left to read: until it has gone out. */
  busy(): Promise<void> | undefined
  /** What the frames are made from cannot be reached: closes the socket, so that the client comes back. */
  giveUp(): void
}

interface SocketFramesOptions {
  /** Of the subscription, as the client named it. */
  readonly id: string
  readonly frames: FrameStream
  readonly socket: FrameSocket
}

const tail = Buffer.from('}')

/**
 * To graphql-ws this is a subscription that has no results and ends when the frames do: it still completes it, ends it when the
 * client says so, and tells of its errors. The frames themselves are written here, since the library would make each one's text
 * anew for every subscriber.
 */
export class SocketFrames implements AsyncIterableIterator<never, undefined>, FrameReader {
  readonly #head: Uint8Array
  readonly #frames: FrameStream
  readonly #socket: FrameSocket
  #givenUp = false

  constructor({ id, frames, socket }: SocketFramesOptions) {
    this.#head = Buffer.from(`{"id":${JSON.stringify(id)},"type":"next","payload":`)
    this.#frames = frames
    this.#socket = socket
    frames.deliverTo(this)
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  /**
   * Resolves when the last frame has been sent; rejects with the error that ended them. Neither once the client has completed it:
   * its id may be that of another operation by then, which graphql-ws would complete in its place.
   */
  async next(): Promise<IteratorReturnResult<undefined>> {
    for (;;) {
      const taken = await this.#frames.next().catch((error: unknown) => {
        if (this.#givenUp) return { done: true, value: undefined } as const
        if (!(error instanceof GraphQLError) || error.extensions.code !== 'UNAVAILABLE') throw error
        this.#socket.giveUp()
        return { done: true, value: undefined } as const
      })
      if (this.#givenUp) return new Promise<never>(() => {})
      if (taken.done === true) return { done: true, value: undefined }
      const sending = this.deliver(taken.value)
      // The next frame is made when this one has gone out.
      if (sending) await sending
    }
  }

  deliver({ parts }: MadeFrame): Promise<void> | void {
    return this.#socket.sendParts(this.#head, ...parts, tail)
  }

  busy(): Promise<void> | undefined {
    return this.#socket.busy()
  }

  async return(): Promise<IteratorReturnResult<undefined>> {
    this.#givenUp = true
    await this.#frames.return()
    return { done: true, value: undefined }
  }
}
