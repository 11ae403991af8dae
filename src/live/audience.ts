// Those who follow one conversation with the same question and have received all of it: what is new is made once, and handed to
// each of them. Nobody waits in here for anybody: whoever may not have such a frame, or cannot take it now, goes their own way.

import { setImmediate as nextTurn } from 'node:timers/promises'
import type { ConversationId } from '../domain/ids.ts'
import { earliestOf, type FeedEvent, merged } from './event.ts'
import { cut, type Frame } from './frame.ts'
import type { MadeFrame } from './madeFrame.ts'

/** What a node keeps of the conversation. */
interface Recent {
  readonly conversationId: ConversationId
  /** Revision of the newest event. */
  readonly head: number
  /** From a revision on; undefined where that is kept no more. */
  from(revision: number): readonly FeedEvent[] | undefined
}

/** How somebody takes frames that are made for many. */
export interface Outlet {
  /** The same for all who are shown the same frames in the same way. */
  readonly group: string
  make(payload: Frame): Promise<MadeFrame>
  /** Writes it now. A promise where the reader has too much left to read: until it resolves, nothing more is to be made for them. */
  deliver(made: MadeFrame): Promise<void> | void
}

export interface LiveFrame {
  /** Revisions of its first event and of its last. */
  readonly from: number
  readonly through: number
  /** The earliest revision that it tells something of. */
  readonly earliest: number
  readonly made: MadeFrame
}

/** Somebody in an audience: has everything up to what is delivered next. */
export interface Listener {
  /** Takes the frame; or leaves the audience, and goes its own way from where it is. */
  take(frame: LiveFrame): void
  /** Leaves the audience, and goes its own way. */
  leave(): void
}

/** So many get a frame in one turn of the event loop. */
const together = 200

export class Audience {
  readonly #recent: Recent
  readonly #make: Outlet['make']
  readonly #listeners = new Set<Listener>()
  /** Revision of the first event that has not been delivered. */
  #next = 0
  #delivering = false

  constructor(recent: Recent, make: Outlet['make']) {
    this.#recent = recent
    this.#make = make
  }

  get size(): number {
    return this.#listeners.size
  }

  /** @param next the first revision that the listener has not: nothing of it is known yet */
  add(listener: Listener, next: number): void {
    if (this.#listeners.size === 0 && !this.#delivering) this.#next = next
    this.#listeners.add(listener)
  }

  remove(listener: Listener): void {
    this.#listeners.delete(listener)
  }

  /** Delivers what is new. */
  async ring(): Promise<void> {
    if (this.#delivering) return
    this.#delivering = true
    try {
      while (this.#listeners.size > 0 && this.#recent.head >= this.#next) {
        const frame = await this.#frame()
        if (frame === undefined) break
        await this.#deliver(frame)
        this.#next = frame.through + 1
      }
    } catch {
      // Each of them finds out by itself what is wrong, and tells its client.
      for (const listener of [...this.#listeners]) listener.leave()
    } finally {
      this.#delivering = false
    }
  }

  async #frame(): Promise<LiveFrame | undefined> {
    const recent = this.#recent.from(this.#next)
    if (recent === undefined) throw new Error('What is new is not kept any more.')
    const { events, more } = cut(recent)
    const last = events.at(-1)
    if (last === undefined) return undefined
    const made = await this.#make(this.#payload({ events, last, more, shared: recent }))
    const through = last.kind === 'skipped' ? last.throughRevision : last.revision
    return { from: this.#next, through, earliest: earliestOf(events), made }
  }

  #payload({
    events,
    last,
    more,
    shared,
  }: {
    readonly events: readonly FeedEvent[]
    readonly last: FeedEvent
    readonly more: boolean
    readonly shared: object
  }): Frame {
    return {
      conversationId: this.#recent.conversationId,
      events: merged(events),
      cursor: last.cursor,
      caughtUp: !more,
      shared,
      atLeast: last.position,
    }
  }

  /** In an order of their coming; those who come meanwhile have it already. */
  async #deliver(frame: LiveFrame): Promise<void> {
    let count = 0
    for (const listener of [...this.#listeners]) {
      // Another one's frame may have made it leave.
      if (!this.#listeners.has(listener)) continue
      if (count > 0 && count % together === 0) await nextTurn()
      count++
      listener.take(frame)
    }
  }
}
