// Whether certain events stand in a stream already, and where.

import type { Appended, Position, Revision } from '../port.ts'
import type { Append } from './append.ts'
import type { Log } from './log.ts'
import type { Stored } from './recorded.ts'

export type Found =
  /** They stand where they are wanted. */
  | { readonly kind: 'repeated'; readonly appended: Appended }
  /** Others stand there, or these stand elsewhere; or the stream does not end where it should. */
  | { readonly kind: 'conflict'; readonly actual: Revision | undefined }
  /** They stand nowhere, and may be appended after this revision (-1: the stream is absent). */
  | { readonly kind: 'absent'; readonly at: Revision }

/** Events read at once when a stream is searched. */
const page = 500
/** Events read first, from the end. */
const tail = 32

export class Places {
  readonly #log: Log

  constructor(log: Log) {
    this.#log = log
  }

  /**
   * @param at the revision after which they are wanted, where the caller named one
   * @param floor none of them stands at or below this revision
   */
  async find(append: Append, at: Revision, floor: Revision): Promise<Found> {
    const { expected } = append
    const concrete = typeof expected === 'number' || expected === 'none'
    return concrete ? await this.#right(append, at, floor) : await this.#anywhere(append, floor)
  }

  /** Right after a revision, or nowhere. Mostly the end of the stream says it all: whoever asks was there a moment ago. */
  async #right({ stream, events, deadline }: Append, at: Revision, floor: Revision): Promise<Found> {
    const ms = () => deadline - performance.now()
    const end = await this.#log.stream(stream, { from: 'end', backwards: true, limit: tail, ms: ms() })
    const actual = end[0]?.revision
    const lowest = end.length < tail ? -1 : (end.at(-1)?.revision ?? -1)
    const there =
      lowest <= at + 1
        ? end.filter(({ revision }) => revision > at && revision <= at + events.length).reverse()
        : await this.#log.stream(stream, { from: at + 1, limit: events.length, ms: ms() })
    if (there[0]?.revision === at + 1 && isSame(there, events)) return repeated(there)
    if ((actual ?? -1) !== at) return { kind: 'conflict', actual }
    const ids = new Set(events.map(({ event }) => event.id))
    const isElsewhere =
      lowest <= floor + 1
        ? end.some(({ id, revision }) => revision > floor && ids.has(id))
        : (await this.#search(stream, events, { floor, end: at }, ms)).length > 0
    return isElsewhere ? { kind: 'conflict', actual } : { kind: 'absent', at }
  }

  /** At any one place, or nowhere. */
  async #anywhere({ stream, events, deadline }: Append, floor: Revision): Promise<Found> {
    const ms = () => deadline - performance.now()
    const actual = (await this.#log.head(stream, ms()))?.revision
    const found = await this.#search(stream, events, { floor, end: actual ?? -1 }, ms)
    if (found.length === 0) return { kind: 'absent', at: actual ?? -1 }
    const inOrder = found.toSorted((a, b) => a.revision - b.revision)
    const together = inOrder.every(({ revision }, index) => revision === (inOrder[0]?.revision ?? 0) + index)
    return together && isSame(inOrder, events) ? repeated(inOrder) : { kind: 'conflict', actual }
  }

  /** Those of the events that stand above a revision, newest first. */
  async #search(
    stream: string,
    events: Append['events'],
    { floor, end }: { readonly floor: Revision; readonly end: Revision },
    ms: () => number,
  ): Promise<Stored[]> {
    const wanted = new Set(events.map(({ event }) => event.id))
    const found: Stored[] = []
    for (let from: number | 'end' = 'end', limit = Math.max(1, Math.min(page, end - floor + 1)); ; limit = page) {
      const read: readonly Stored[] = await this.#log.stream(stream, { from, backwards: true, limit, ms: ms() })
      for (const event of read) {
        if (event.revision <= floor) return found
        if (wanted.delete(event.id)) found.push(event)
      }
      const oldest = read.at(-1)
      if (oldest === undefined || oldest.revision === 0 || wanted.size === 0 || read.length < limit) return found
      from = oldest.revision - 1
    }
  }
}

const isSame = (there: readonly Stored[], events: Append['events']): boolean =>
  there.length === events.length && events.every(({ event }, index) => there[index]?.id === event.id)

function repeated(events: readonly Stored[]): Found {
  const [first, last] = [events[0], events.at(-1)]
  if (first === undefined || last === undefined) throw new Error('An append without events stands nowhere.')
  const position: Position = last.position
  return {
    kind: 'repeated',
    appended: { firstRevision: first.revision, revision: last.revision, position, repeated: true },
  }
}
