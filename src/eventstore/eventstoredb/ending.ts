// Where our events end in a log that others write too. The client reads the whole log without a filter, so it is read
// backwards from its end to the first event of ours, or to where it was read the last time.

import { type Position, start } from '../port.ts'
import type { Log } from './log.ts'
import { type Place, positionOf } from './positions.ts'
import { placeIn, storedIn } from './recorded.ts'

/** Events read at once: first a few, for ours are nearly always among them. */
const pages = { first: 8, next: 512 }

export class Ending {
  readonly #log: Log
  /** Up to here it is known that our newest event stands at `newest`. */
  #seen: { readonly upTo: Position; readonly newest: Position } = { upTo: start, newest: start }

  constructor(log: Log) {
    this.#log = log
  }

  /** Position of our newest event; `start` where there is none. */
  async end(): Promise<Position> {
    let from: Place | 'end' = 'end'
    let last: Position | undefined
    for (let limit = pages.first; ; limit = pages.next) {
      const page = await this.#log.all({ from, backwards: true, limit })
      for (const resolved of page) {
        const place = placeIn(resolved)
        const position = positionOf(place)
        last ??= position
        if (position <= this.#seen.upTo) return this.#note(last, this.#seen.newest)
        if (storedIn(resolved, this.#log.prefix) !== undefined) return this.#note(last, position)
        from = place
      }
      if (page.length < limit) return this.#note(last ?? start, start)
    }
  }

  #note(upTo: Position, newest: Position): Position {
    if (upTo > this.#seen.upTo) this.#seen = { upTo, newest }
    return newest
  }
}
