// Of streams that keep only their newest event the server still shows the older ones in the whole log, until somebody
// scavenges it. Whoever reads the whole log is to get the newest alone.

import type { Log } from './log.ts'
import type { Stored } from './recorded.ts'

/** Streams whose end is looked up at the same time. */
const atOnce = 32
/** Streams whose end is remembered. */
const kept = 50_000

export class Superseded {
  readonly #log: Log
  readonly #keepsOnlyNewest: (stream: string) => boolean
  /** A revision that a stream is known to have. */
  readonly #known = new Map<string, number>()

  constructor(log: Log, keepsOnlyNewest: (stream: string) => boolean) {
    this.#log = log
    this.#keepsOnlyNewest = keepsOnlyNewest
  }

  /** The same events without those that are superseded by now. */
  async without(events: readonly Stored[], signal: AbortSignal | undefined): Promise<readonly Stored[]> {
    const doubtful = new Set<string>()
    for (const { stream, revision } of events) {
      if (this.#keepsOnlyNewest(stream) && revision > (this.#known.get(stream) ?? -1)) doubtful.add(stream)
    }
    const streams = [...doubtful]
    for (let at = 0; at < streams.length; at += atOnce) {
      signal?.throwIfAborted()
      await Promise.all(streams.slice(at, at + atOnce).map((stream) => this.#look(stream)))
    }
    const rest = events.filter(
      ({ stream, revision }) => !this.#keepsOnlyNewest(stream) || revision >= (this.#known.get(stream) ?? -1),
    )
    if (this.#known.size > kept) this.#known.clear()
    return rest
  }

  async #look(stream: string): Promise<void> {
    const head = await this.#log.head(stream)
    this.#known.set(stream, head?.revision ?? -1)
  }
}
