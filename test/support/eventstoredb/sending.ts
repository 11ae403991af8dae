// Replies of a call, no faster than they are taken.

import { once } from 'node:events'
import type { ReadReq, ReadResp } from '@eventstore/db-client/generated/streams_pb.js'
import type { ServerWritableStream } from '@grpc/grpc-js'

export class Sending {
  readonly #call: ServerWritableStream<ReadReq, ReadResp>
  readonly #stop = new AbortController()

  constructor(call: ServerWritableStream<ReadReq, ReadResp>) {
    this.#call = call
    for (const end of ['cancelled', 'close', 'error']) call.on(end, () => this.#stop.abort())
  }

  /** Aborted when nobody listens any more. */
  get signal(): AbortSignal {
    return this.#stop.signal
  }

  /** Resolves when more may be sent. */
  async send(reply: ReadResp): Promise<void> {
    if (this.signal.aborted || this.#call.write(reply)) return
    // An abort is no failure of the one who sends.
    await once(this.#call, 'drain', { signal: this.signal }).catch(() => {})
  }
}
