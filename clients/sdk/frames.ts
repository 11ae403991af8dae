// A feed as a sequence of frames without an end: over whatever socket there is, each time continued from where it was.

import { Backoff } from './backoff.ts'
import type { Clock } from './clock.ts'
import type { Connection } from './connection.ts'
import { type RefusedError, refusalOf } from './errors.ts'
import type { Link, Sink } from './link.ts'
import type { Notices } from './notices.ts'

export interface Frame<Event> {
  readonly cursor: string
  readonly caughtUp: boolean
  readonly reset: { readonly reason: 'LOG_REPLACED' | 'TOO_FAR' } | null
  readonly events: readonly Event[]
}

interface FramesOptions<Event> {
  readonly connection: Connection
  readonly clock: Clock
  readonly notices: Notices
  /** `inbox`, or the id of a conversation. */
  readonly feed: string
  /** Where it goes on; it begins now where there is none. */
  readonly after: string | undefined
  readonly signal: AbortSignal
  /** Subscribes; answers carry the data that `frameOf` knows. */
  readonly subscribe: (link: Link, after: string | undefined, sink: Sink) => () => void
  readonly frameOf: (data: unknown) => Frame<Event>
}

/** Why a subscription brought no more. */
type End =
  | { readonly kind: 'lost' | 'completed' | 'behind' }
  | { readonly kind: 'refused'; readonly error: RefusedError }

/** Events that may wait for their reader. Beyond that the feed is left, and continued when they have been read. */
const eventsWaiting = 1_000

export class Frames<Event> {
  readonly #options: FramesOptions<Event>
  #after: string | undefined
  #rewound = false

  constructor(options: FramesOptions<Event>) {
    this.#options = options
    this.#after = options.after
  }

  /** The frame that was just given is the last of its subscription: the next follows this cursor. */
  rewind(after: string): void {
    this.#after = after
    this.#rewound = true
  }

  /** Ends when the signal aborts. @throws {RefusedError | SessionEndedError} it cannot be followed any more */
  async *[Symbol.asyncIterator](): AsyncGenerator<Frame<Event>, void, undefined> {
    const { connection, clock, signal } = this.#options
    const backoff = new Backoff({ clock })
    while (!signal.aborted) {
      const link = await unlessAborted(connection.link(), signal)
      if (!link) return
      const subscription = this.#subscribe(link)
      let end: End | undefined
      try {
        while (end === undefined) {
          const next = await subscription.next()
          if (signal.aborted) return
          if ('kind' in next) {
            end = next
          } else {
            backoff.reset()
            this.#after = next.cursor
            yield next
            if (this.#rewound) break
          }
        }
      } finally {
        subscription.stop()
      }
      this.#rewound = false
      // Of what else a feed is refused for, none passes by itself: too many feeds are open, or nothing may be read.
      if (end?.kind === 'refused' && end.error.code !== 'UNAVAILABLE') throw end.error
      // The socket is still there, so that nothing else holds us back.
      if (end?.kind === 'refused' || end?.kind === 'completed') await clock.sleep(backoff.next(), signal)
    }
  }

  #subscribe(link: Link): { next(): Promise<Frame<Event> | End>; stop(): void } {
    const { signal, subscribe, frameOf, notices, feed } = this.#options
    const frames: Frame<Event>[] = []
    let waiting = 0
    let end: End | undefined
    let changed = Promise.withResolvers<void>()
    const finish = (how: End): void => {
      end ??= how
      changed.resolve()
    }
    const sink: Sink = {
      next: ({ data, errors }) => {
        if (end) return
        if (errors && data == null) return finish({ kind: 'refused', error: refusalOf(errors) })
        const frame = frameOf(data)
        frames.push(frame)
        waiting += frame.events.length
        changed.resolve()
        if (waiting <= eventsWaiting) return
        stop()
        notices.report({ name: 'READER_BEHIND', feed })
        finish({ kind: 'behind' })
      },
      error: (problem) =>
        finish(Array.isArray(problem) ? { kind: 'refused', error: refusalOf(problem) } : { kind: 'lost' }),
      complete: () => finish({ kind: link.over ? 'lost' : 'completed' }),
    }
    const stop = subscribe(link, this.#after, sink)
    const aborted = (): void => finish({ kind: 'lost' })
    signal.addEventListener('abort', aborted)
    return {
      next: async () => {
        for (;;) {
          const frame = frames.shift()
          if (frame) {
            waiting -= frame.events.length
            return frame
          }
          if (end) return end
          changed = Promise.withResolvers()
          await changed.promise
        }
      },
      stop: () => {
        signal.removeEventListener('abort', aborted)
        stop()
      },
    }
  }
}

/** The same, but that nothing is thrown once the signal has aborted: it was asked to end. */
export async function* untilAborted<T>(
  work: AsyncIterable<T>,
  signal: AbortSignal,
): AsyncGenerator<T, void, undefined> {
  try {
    yield* work
  } catch (error) {
    if (!signal.aborted) throw error
  }
}

/** Undefined once the signal has aborted. @throws what the work throws before */
async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  const aborted = Promise.withResolvers<undefined>()
  const abort = (): void => aborted.resolve(undefined)
  signal.addEventListener('abort', abort)
  try {
    return await Promise.race([work, signal.aborted ? undefined : aborted.promise])
  } catch (error) {
    if (signal.aborted) return undefined
    throw error
  } finally {
    signal.removeEventListener('abort', abort)
  }
}
