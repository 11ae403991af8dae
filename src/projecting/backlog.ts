// What is yet to be taken in: a bounded line of deliveries, and the log itself where the line was too short.

import type { LogListener } from '../eventstore/follower.ts'
import type { Delivery, EventStore, Position, RecordedEvent } from '../eventstore/port.ts'

export interface Batch {
  /** In order, each after the batch before. */
  readonly events: readonly RecordedEvent[]
  /** Everything up to here is in this batch or one before. */
  readonly position: Position
}

interface BacklogOptions {
  readonly store: EventStore
  /** The first batch begins after it. */
  readonly after: Position
  /** Told when there may be a next batch. */
  readonly onNews: () => void
  /** Events that may wait (default 5,000). */
  readonly maxEvents?: number
  /** Bytes that may wait, roughly (default 8 MB). */
  readonly maxBytes?: number
  /** Events in a batch, at most (default 2,000). */
  readonly batch?: number
}

export class Backlog implements LogListener {
  readonly #store: EventStore
  readonly #maxEvents: number
  readonly #maxBytes: number
  readonly #batch: number
  /** What was delivered, without a hole, since the log was last read or a batch last taken. */
  #line: RecordedEvent[] = []
  #lineBytes = 0
  /** Where the batches given out end. */
  #position: Position
  /** Where the newest delivery ended; undefined before the first. */
  #delivered: Position | undefined
  /** Set while the log itself is read; the line begins at the latest where such a reading ends, unless it broke. */
  #reading: { readonly reader: Reader; readonly beganAt: Position | undefined } | undefined
  /** True while the log itself must be read before the line. */
  #behind = true
  /** True while the line lacks something that was delivered. */
  #broken = true
  /** Of what was delivered and not kept: how much, from where on, and since when. */
  #dropped: Dropped | undefined
  readonly #onNews: () => void

  constructor({ store, after, maxEvents = 5_000, maxBytes = 8_000_000, batch = 2_000, onNews }: BacklogOptions) {
    this.#onNews = onNews
    this.#store = store
    this.#position = after
    this.#maxEvents = maxEvents
    this.#maxBytes = maxBytes
    this.#batch = batch
  }

  /** False while the log itself is read. */
  get live(): boolean {
    return !this.#behind
  }

  /** Where the newest delivery ended; undefined before the first. */
  get delivered(): Position | undefined {
    return this.#delivered
  }

  /** Events that are known to wait. */
  get events(): number {
    return this.#line.length + (this.#dropped?.events ?? 0)
  }

  /** When the oldest event that is known to wait occurred. */
  get oldestAt(): string | undefined {
    return this.#dropped?.occurredAt ?? this.#line[0]?.metadata.occurredAt
  }

  deliver({ events, position }: Delivery): void {
    // Nobody promised that the first delivery begins where the last batch ended.
    if (this.#delivered === undefined) this.#break()
    this.#delivered = position
    if (this.#broken) this.#drop(events)
    else {
      for (const event of events) {
        if (event.position <= this.#position) continue
        this.#line.push(event)
        this.#lineBytes += weigh(event)
      }
      if (this.#line.length > this.#maxEvents || this.#lineBytes > this.#maxBytes) this.#break()
    }
    this.#onNews()
  }

  /** Asks for what the log holds after the last batch, whether or not it is delivered. */
  readTheLog(): void {
    this.#behind = true
    this.#onNews()
  }

  /** Begins again after another position. */
  reset(after: Position): void {
    this.#position = after
    const reading = this.#reading
    this.#reading = undefined
    void reading?.reader.close()
    this.#break()
    this.#onNews()
  }

  /** Another node has taken in everything up to here, and this one has read none of it. */
  passed(position: Position): void {
    this.#position = position
    if (this.#delivered === undefined || this.#delivered <= position) this.#dropped = undefined
  }

  /** The next batch; undefined when nothing is left to take in now. A failed read can be tried again. */
  async next(): Promise<Batch | undefined> {
    while (this.#behind) {
      this.#reading ??= this.#beginReading()
      const reading = this.#reading
      let page: readonly RecordedEvent[] | undefined
      try {
        page = await reading.reader.next()
      } catch (error) {
        if (reading === this.#reading) this.#reading = undefined
        throw error
      }
      // It was reset while the page was read.
      if (reading !== this.#reading) continue
      const last = page?.at(-1)
      if (page !== undefined && last !== undefined) return this.#give(page, last.position)
      this.#reading = undefined
      if (this.#broken) continue
      this.#behind = false
      this.#dropped = undefined
      // A superseded event is read no more, but the deliveries before the reading said how far the log went.
      const { beganAt } = reading
      if (beganAt !== undefined && beganAt > this.#position) return this.#give([], beganAt)
    }
    if (this.#line.length === 0) return undefined
    const events = this.#line.slice(0, this.#batch)
    const last = events.at(-1)
    const position = events.length === this.#line.length ? this.#delivered : last?.position
    return this.#give(events, position ?? this.#position)
  }

  async close(): Promise<void> {
    await this.#reading?.reader.close()
  }

  /** What is delivered from now on is kept, and joins what the reading brings. */
  #beginReading(): { readonly reader: Reader; readonly beganAt: Position | undefined } {
    if (this.#broken) {
      this.#line = []
      this.#lineBytes = 0
      this.#broken = false
    }
    return { reader: new Reader(this.#store, this.#position, this.#batch), beganAt: this.#delivered }
  }

  #give(events: readonly RecordedEvent[], position: Position): Batch {
    this.#position = position
    let taken = 0
    for (const event of this.#line) {
      if (event.position > position) break
      this.#lineBytes -= weigh(event)
      taken++
    }
    if (taken > 0) this.#line = this.#line.slice(taken)
    if (this.#dropped) {
      const { from } = this.#dropped
      const again = events.filter((event) => event.position >= from).length
      if (again > 0) this.#dropped = left(this.#dropped, again, events.at(-1))
    }
    return { events, position }
  }

  /** The line is not kept: the log has it. */
  #break(): void {
    this.#behind = true
    this.#broken = true
    const line = this.#line
    this.#line = []
    this.#lineBytes = 0
    this.#drop(line)
  }

  #drop(events: readonly RecordedEvent[]): void {
    const first = events[0]
    if (first === undefined) return
    this.#dropped ??= { events: 0, from: first.position, occurredAt: first.metadata.occurredAt }
    this.#dropped.events += events.length
  }
}

interface Dropped {
  events: number
  readonly from: Position
  readonly occurredAt: string | undefined
}

/** What is left of the dropped events after so many of them were read again. */
function left(dropped: Dropped, again: number, last: RecordedEvent | undefined): Dropped | undefined {
  const events = dropped.events - again
  if (events <= 0) return undefined
  return { events, from: dropped.from, occurredAt: last?.metadata.occurredAt ?? dropped.occurredAt }
}

/** Pages of the log, the next one read while one is worked on. */
export class Reader {
  readonly #pages: AsyncIterator<readonly RecordedEvent[]>
  #ahead: Promise<IteratorResult<readonly RecordedEvent[]>> | undefined

  constructor(store: EventStore, after: Position, pageSize: number, signal?: AbortSignal) {
    this.#pages = store.readAll({ after, pageSize, ...(signal && { signal }) })[Symbol.asyncIterator]()
  }

  /** The next page; undefined at the end of the log. */
  async next(): Promise<readonly RecordedEvent[] | undefined> {
    const { done, value } = await (this.#ahead ?? this.#pages.next())
    this.#ahead = undefined
    if (done) return undefined
    this.#ahead = this.#pages.next()
    // Its failure is for the next call; until then nobody waits for it.
    this.#ahead.catch(() => {})
    return value
  }

  async close(): Promise<void> {
    await this.#ahead?.catch(() => {})
    await this.#pages.return?.()
  }
}

/** Bytes, roughly: only texts are large. */
function weigh({ body }: RecordedEvent): number {
  let bytes = 500
  for (const field in body) {
    const value = body[field]
    if (typeof value === 'string') bytes += value.length
  }
  return bytes
}
