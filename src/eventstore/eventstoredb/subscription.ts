// Follows the log for one reader, for ever. The client's subscriptions never take themselves up again, so this one does:
// from the last position it delivered, as often as the connection breaks.

import { streamNameFilter } from '@eventstore/db-client'
import type { Delivery, Position, RecordedEvent } from '../port.ts'
import type { Connection } from './connection.ts'
import { Line, type Taken } from './line.ts'
import type { Log } from './log.ts'
import { placeOf, positionOf } from './positions.ts'
import { type Stored, storedIn } from './recorded.ts'

export interface Followed {
  readonly connection: Connection
  readonly log: Log
  /** Where our events end. */
  readonly end: () => Promise<Position>
  /** Aborted when the store closes. */
  readonly closing: AbortSignal
}

export interface SubscriptionOptions {
  readonly after: Position
  readonly pageSize: number
  readonly signal: AbortSignal | undefined
}

/** While history comes, a delivery waits so long for more, in ms: the server sends events one by one. */
const gatheringMs = 25
/** After so much silence it is checked that the server has not forgotten the subscription, in ms. */
const silenceMs = 5_000
/** Servers before 23.10 do not say that they have sent everything: after so much silence it is found out, in ms. */
const unsaidMs = 500
/** Events of the client's buffer. */
const buffered = 512
/** Events of the log among which the server looks for ours before it says how far it has come. */
const window = 500

/** An iterator by hand: a generator would not hear `return` while it waits. */
export class Subscription implements AsyncIterator<Delivery, undefined> {
  readonly #followed: Followed
  readonly #pageSize: number
  readonly #stop = new AbortController()
  readonly #over: AbortSignal
  #line: Line | undefined
  #position: Position
  /** As far as the server has looked; at or after `#position`. */
  #looked: Position
  #failures = 0
  /** Whether the server has sent all there was. */
  #live = false
  /** Whether `caughtUp` was said since the last delivery that was not. */
  #saidSo = false
  #deliveredAt = 0
  #changed: (() => void) | undefined
  #last: Promise<unknown> = Promise.resolve()

  constructor(followed: Followed, { after, pageSize, signal }: SubscriptionOptions) {
    placeOf(after)
    this.#followed = followed
    this.#position = after
    this.#looked = after
    this.#pageSize = pageSize
    this.#over = AbortSignal.any([this.#stop.signal, followed.closing, ...(signal ? [signal] : [])])
    this.#over.addEventListener('abort', () => {
      this.#drop()
      this.#wake()
    })
  }

  next(): Promise<IteratorResult<Delivery, undefined>> {
    const delivery = this.#last.then(() => this.#next())
    this.#last = delivery.catch(() => undefined)
    return delivery
  }

  async return(): Promise<IteratorResult<Delivery, undefined>> {
    this.#stop.abort()
    return { done: true, value: undefined }
  }

  async #next(): Promise<IteratorResult<Delivery, undefined>> {
    try {
      while (!this.#over.aborted) {
        this.#line ??= await this.#open()
        const delivery = this.#line && (await this.#deliver(this.#line))
        if (this.#over.aborted) break
        if (delivery !== undefined) return { done: false, value: delivery }
      }
    } catch (error) {
      this.#stop.abort()
      throw error
    }
    this.#stop.abort()
    return { done: true, value: undefined }
  }

  /** What has come, as one delivery; undefined where there is nothing to tell. */
  async #deliver(line: Line): Promise<Delivery | undefined> {
    await this.#gather(line)
    if (this.#over.aborted) return undefined
    const taken = line.take(this.#pageSize)
    if (taken.caughtUp !== undefined) this.#live = taken.caughtUp
    if (taken.caughtUp === true) this.#failures = 0
    const events = await this.#opened(taken)
    const last = events.at(-1)
    if (taken.checkpoint !== undefined) this.#looked = later(this.#looked, positionOf(taken.checkpoint))
    if (last !== undefined) {
      this.#failures = 0
      this.#position = last.position
      this.#looked = later(this.#looked, last.position)
    }
    if (taken.broken !== undefined) this.#drop()
    const caughtUp = this.#live && line.length === 0 && taken.broken === undefined
    if (last !== undefined || (caughtUp && !this.#saidSo)) return this.#said(events, caughtUp)
    // Others write, we do not: now and then it is said how far that is, so that a restart need not look at it again.
    if (caughtUp && this.#looked > this.#position && performance.now() - this.#deliveredAt > silenceMs) {
      this.#position = this.#looked
      return this.#said(events, caughtUp)
    }
    return undefined
  }

  #said(events: readonly RecordedEvent[], caughtUp: boolean): Delivery {
    this.#saidSo = caughtUp
    this.#deliveredAt = performance.now()
    return { events, position: this.#position, caughtUp }
  }

  async #opened({ events }: Taken): Promise<readonly RecordedEvent[]> {
    const { log } = this.#followed
    const stored: Stored[] = []
    let position = this.#position
    for (const resolved of events) {
      const event = storedIn(resolved, log.prefix)
      // What came before the connection broke may come again.
      if (event === undefined || event.position <= position) continue
      position = event.position
      stored.push(event)
    }
    return stored.length === 0 ? [] : await log.openFollowed(stored)
  }

  /** Waits until there is something to deliver: history in pages as full as may be, what is new at once. */
  async #gather(line: Line): Promise<void> {
    let count = line.length
    for (let quiet = 0; !this.#over.aborted && !line.isBroken; ) {
      if (line.length >= this.#pageSize) return
      if (this.#live ? line.length > 0 || (!this.#saidSo && line.endsCaughtUp) : line.endsCaughtUp) return
      if (line.length > 0 && quiet >= gatheringMs) return
      const patience = line.length > 0 ? gatheringMs : this.#live ? silenceMs : unsaidMs
      const woken = await this.#change(patience)
      quiet = line.length === count && !woken ? patience : 0
      count = line.length
      if (quiet === 0 || line.length > 0) continue
      if (await this.#isSilent(line)) return
    }
  }

  /** Nothing came for a while: was there nothing? True when it is time to look at the marks, or to begin anew. */
  async #isSilent(line: Line): Promise<boolean> {
    const before = line.length
    const end = await this.#followed.end().catch(() => undefined)
    if (end === undefined || this.#over.aborted || line.length !== before || line.isBroken) return line.isBroken
    if (end <= this.#position) {
      // A server that does not say so: there is nothing that it has not sent.
      if (!this.#live && line.heard) this.#live = true
      return true
    }
    if (!this.#live) return false
    // Something is there and does not come. It may be on its way.
    if (await this.#change(2_000)) return false
    if (line.length === before) this.#drop()
    return true
  }

  /** Waits for a change, and so many ms at most; true where there was one. */
  async #change(ms: number): Promise<boolean> {
    if (this.#over.aborted) return true
    return await new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => resolve(false), ms)
      this.#changed = () => {
        clearTimeout(timer)
        resolve(true)
      }
    })
  }

  #wake(): void {
    this.#changed?.()
    this.#changed = undefined
  }

  async #open(): Promise<Line | undefined> {
    const { connection, log } = this.#followed
    // Full jitter: nodes that lost the same server do not come back in step.
    if (this.#failures > 0) await this.#change(Math.random() * Math.min(2_000, 50 * 2 ** this.#failures))
    await connection.reachable(this.#over)
    if (this.#over.aborted) return undefined
    this.#failures += 1
    const { client, ended } = connection.session
    const subscribe = (checkpointReached: (place: { commit: bigint; prepare: bigint }) => void) =>
      client.subscribeToAll(
        {
          fromPosition: placeOf(this.#looked) ?? 'start',
          filter: streamNameFilter({
            prefixes: [log.prefix],
            maxSearchWindow: window,
            checkpointInterval: 1,
            checkpointReached: (_, place) => checkpointReached(place),
          }),
        },
        { highWaterMark: buffered },
      )
    return new Line(subscribe, { onChange: () => this.#wake(), given: ended })
  }

  /** Gives the present subscription up: the next one begins after what was delivered. */
  #drop(): void {
    this.#line?.end()
    this.#line = undefined
    this.#live = false
  }
}

const later = (a: Position, b: Position): Position => (a > b ? a : b)
