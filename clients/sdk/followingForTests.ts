// What tests of feeds need: a client in a hurry, and a reader that writes down what it is told.

import { type ClientOptions, type ConversationUpdate, type Notice, ParleyClient } from './client.ts'
import { systemClock } from './clock.ts'

/** Waits as long as it must, but never long. */
export const hastyClock = { ...systemClock, random: () => Math.random() * 0.1 }

export interface Noticing {
  readonly client: ParleyClient
  readonly notices: Notice[]
}

export async function hastyClient(options: ClientOptions): Promise<Noticing> {
  const notices: Notice[] = []
  const onNotice = (notice: Notice) => void notices.push(notice)
  return { client: await ParleyClient.connect({ clock: hastyClock, onNotice, ...options }), notices }
}

/** A feed of a conversation that is read until it ends. */
export class FeedReader {
  readonly revisions: number[] = []
  readonly texts: string[] = []
  readonly resets: string[] = []
  caughtUp = false
  /** With the error that ended it. */
  readonly ended: Promise<unknown>

  constructor(feed: AsyncIterable<ConversationUpdate>, afterEach: () => Promise<void> = async () => {}) {
    this.ended = this.#read(feed, afterEach).then(
      () => undefined,
      (error: unknown) => error,
    )
  }

  async #read(feed: AsyncIterable<ConversationUpdate>, afterEach: () => Promise<void>): Promise<void> {
    for await (const { events, caughtUp, reset } of feed) {
      if (reset) this.resets.push(reset)
      for (const event of events) {
        this.revisions.push(event.revision)
        if ('message' in event) this.texts.push(event.message?.text ?? '')
      }
      this.caughtUp = caughtUp
      await afterEach()
    }
  }
}
