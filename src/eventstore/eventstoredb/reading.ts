// Reading: a stream from a revision or after a position, and the whole log, in both directions.

import type { AllStreamResolvedEvent } from '@eventstore/db-client'
import {
  type Position,
  type ReadAllOptions,
  type ReadStreamOptions,
  type RecordedEvent,
  StoreUnavailable,
  start,
} from '../port.ts'
import { failureOf } from './failure.ts'
import type { Log } from './log.ts'
import { type Place, placeOf, positionOf } from './positions.ts'
import { placeIn, type Stored, storedIn } from './recorded.ts'
import { Superseded } from './superseded.ts'

const defaultPageSize = 500
/** Events of the log that are read at once: those of others stand among ours. */
const rawPage = 512
/** Of a stream's end, when what stands after a position is looked for: it is nearly always there. */
const tail = 32

export class Reading {
  readonly #log: Log
  readonly #keepsOnlyNewest: (stream: string) => boolean

  constructor(log: Log, keepsOnlyNewest: (stream: string) => boolean) {
    this.#log = log
    this.#keepsOnlyNewest = keepsOnlyNewest
  }

  async *stream(stream: string, options: ReadStreamOptions): AsyncGenerator<readonly RecordedEvent[]> {
    const { direction = 'forwards', limit = Number.POSITIVE_INFINITY, pageSize = defaultPageSize, signal } = options
    const { after = start } = options
    placeOf(after)
    const backwards = direction === 'backwards'
    let from: number | 'end' = options.from ?? (backwards ? 'end' : 0)
    if (limit > 0 && !backwards && after !== start) {
      const first = await this.#firstAfter(stream, after, options.from ?? 0, signal)
      if (first === undefined) return
      from = first
    }
    for (let left = limit; left > 0; ) {
      signal?.throwIfAborted()
      const wanted = Math.min(left, pageSize)
      const page: readonly Stored[] = await this.#log.stream(stream, { from, backwards, limit: wanted, signal })
      const events = await this.#log.open(after === start ? page : page.filter(({ position }) => position > after))
      signal?.throwIfAborted()
      const last = page.at(-1)
      if (last === undefined || events.length === 0) return
      yield events
      if (events.length < wanted || (backwards && last.revision === 0)) return
      left -= events.length
      from = backwards ? last.revision - 1 : last.revision + 1
    }
  }

  async *all(options: ReadAllOptions): AsyncGenerator<readonly RecordedEvent[]> {
    const { direction = 'forwards', limit = Number.POSITIVE_INFINITY, pageSize = defaultPageSize, signal } = options
    const superseded = new Superseded(this.#log, this.#keepsOnlyNewest)
    const ours = this.#ours(options.after, direction === 'backwards', signal)
    let waiting: Stored[] = []
    for (let left = limit; left > 0; ) {
      const wanted = Math.min(left, pageSize)
      let ended = false
      while (waiting.length < wanted && !ended) {
        signal?.throwIfAborted()
        const { value, done } = await ours.next()
        if (done) ended = true
        else waiting = waiting.concat(await superseded.without(value, signal))
      }
      const page = waiting.slice(0, wanted)
      waiting = waiting.slice(wanted)
      signal?.throwIfAborted()
      if (page.length > 0) yield await this.#log.openFollowed(page)
      if (page.length < wanted) return
      left -= page.length
    }
  }

  async at(position: Position): Promise<RecordedEvent | undefined> {
    const place = placeOf(position)
    if (place === undefined) return undefined
    const found = await this.#standing(place)
    const stored = found && storedIn(found, this.#log.prefix)
    if (stored?.position !== position) return undefined
    const [event] = await this.#log.open([stored])
    return event
  }

  /** What stands at or after a place; undefined also where the server cannot find such a place in its log. */
  async #standing(place: Place): Promise<AllStreamResolvedEvent | undefined> {
    try {
      const [found] = await this.#log.all({ from: place, limit: 1, once: true })
      return found
    } catch (error) {
      const failure = error instanceof StoreUnavailable ? failureOf(error.cause) : undefined
      if (failure !== 'refused' && failure !== 'other') throw error
      // It says so in different ways, or not at all. If it answers otherwise, it was the place.
      await this.#log.all({ from: 'end', backwards: true, limit: 1 })
      return undefined
    }
  }

  /** Our events among all, in pages of any size. */
  async *#ours(
    after: Position | undefined,
    backwards: boolean,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<readonly Stored[]> {
    const bound = after === undefined ? undefined : placeOf(after)
    if (backwards && after === start) return
    let from: Place | 'start' | 'end' = bound ?? (backwards ? 'end' : 'start')
    for (let reached = after; ; ) {
      const page: readonly AllStreamResolvedEvent[] = await this.#log.all({ from, backwards, limit: rawPage, signal })
      const last = page.at(-1)
      if (last === undefined) return
      const isNew = ({ position }: Stored): boolean =>
        reached === undefined || (backwards ? position < reached : position > reached)
      const stored = page.map((one) => storedIn(one, this.#log.prefix)).filter((one) => one !== undefined)
      const found = stored.filter(isNew)
      if (found.length > 0) yield found
      if (page.length < rawPage) return
      from = placeIn(last)
      reached = positionOf(from)
    }
  }

  /** The first revision, from `from` on, that stands after a position; undefined where there is none. */
  async #firstAfter(
    stream: string,
    after: Position,
    from: number,
    signal: AbortSignal | undefined,
  ): Promise<number | undefined> {
    const newest = await this.#log.stream(stream, { from: 'end', backwards: true, limit: tail, signal })
    const later = newest.filter(({ position }) => position > after)
    const first = later.at(-1)
    if (first === undefined) return undefined
    if (later.length < newest.length || first.revision <= from || newest.length < tail) {
      return Math.max(first.revision, from)
    }
    // Everything at or above `high` stands after it, everything below `low` does not.
    let [low, high] = [from, first.revision]
    while (low < high) {
      const middle = Math.floor((low + high) / 2)
      const [event] = await this.#log.stream(stream, { from: middle, limit: 1, signal })
      if (event !== undefined && event.position <= after) low = event.revision + 1
      else high = middle
    }
    return high
  }
}
