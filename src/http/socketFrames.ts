// The frames of one subscription on their way to its socket.

import { GraphQLError } from 'graphql'
import type { MadeFrame } from '../live/madeFrame.ts'
import { Frame } from './frame.ts'
import type { FrameReader, FrameStream } from './frameStream.ts'
import type { FrameMould } from './textFrame.ts'

/** Where frames go. */
interface FrameSocket {
  /** Sends a message, given in parts of UTF-8; a promise while the client has too much left to read. */
  sendParts(...parts: readonly Uint8Array[]): Promise<void> | void
  /** The same for a message that goes to many and differs in its first part only. */
  sendMoulded(first: Uint8Array, mould: FrameMould): Promise<void> | void
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

type Result = IteratorReturnResult<undefined>

const done: Result = { done: true, value: undefined }

/**
 * To graphql-ws this is a subscription that has no results and ends when the frames do: it still completes it, ends it when the
 * client says so, and tells of its errors. The frames themselves are written here, since the library would make each one's text
 * anew for every subscriber.
 */
export class SocketFrames implements AsyncIterableIterator<never, undefined>, FrameReader {
  readonly #head: Uint8Array
  readonly #frames: FrameStream
  readonly #socket: FrameSocket
  #resolve: ((result: Result) => void) | undefined
  #reject: ((error: Error) => void) | undefined
  #givenUp = false

  constructor({ id, frames, socket }: SocketFramesOptions) {
    this.#head = Buffer.from(`{"id":${JSON.stringify(id)},"type":"next","payload":`)
    this.#frames = frames
    this.#socket = socket
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  /**
   * Resolves when the last frame has been sent; rejects with the error that ended them. Neither once the client has completed it:
   * its id may be that of another operation by then, which graphql-ws would complete in its place.
   */
  next(): Promise<Result> {
    const { promise, resolve, reject } = Promise.withResolvers<Result>()
    this.#resolve = resolve
    this.#reject = reject
    this.#frames.run(this)
    return promise
  }

  deliver(made: MadeFrame): Promise<void> | void {
    const mould = made instanceof Frame ? made.mouldEndingWith(tail) : undefined
    if (mould) return this.#socket.sendMoulded(this.#head, mould)
    return this.#socket.sendParts(this.#head, ...made.parts, tail)
  }

  busy(): Promise<void> | undefined {
    return this.#socket.busy()
  }

  end(error: Error | undefined): void {
    if (this.#givenUp) return
    const away = error instanceof GraphQLError && error.extensions.code === 'UNAVAILABLE'
    if (away) this.#socket.giveUp()
    if (error && !away) this.#reject?.(error)
    else this.#resolve?.(done)
  }

  async return(): Promise<Result> {
    this.#givenUp = true
    await this.#frames.return()
    return done
  }
}
