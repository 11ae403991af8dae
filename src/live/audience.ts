// Those who follow one conversation with the same question and have received all of it: what is new is made once, and handed to
// each of them. Nobody waits in here for anybody: whoever may not have such a frame, or cannot take it now, goes their own way.

import type { ConversationId } from '../domain/ids.ts'
import { chunkOf } from './chunk.ts'
import { earliestOf, type FeedEvent, merged } from './event.ts'
import { cut, type Frame } from './frame.ts'
import type { MadeFrame } from './madeFrame.ts'
import type { Ring } from './ring.ts'
import { Share } from './share.ts'

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
  /** Its frames look the same until a message or a person in them changes. */
  readonly lasting: boolean
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
  /** Takes the frame; or leaves the audience, and goes its own way from where it is. Nothing where it has left already. */
  take(frame: LiveFrame): void
  /** Leaves the audience, and goes its own way. */
  leave(): void
}

export class Audience {
  readonly #recent: Recent
  readonly #make: Outlet['make']
  readonly #ring: Ring
  readonly #listeners = new Set<Listener>()
  readonly #share = new Share()
  /** Revision of the first event that has not been delivered. */
  #next = 0
  #delivering = false

  /** @param ring keeps what is made, for those who come back */
  constructor(recent: Recent, make: Outlet['make'], ring: Ring) {
    this.#recent = recent
    this.#make = make
    this.#ring = ring
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
        await this.#share.rest()
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
    const { events: fresh, more } = cut(recent)
    const events = merged(fresh)
    const last = events.at(-1)
    if (last === undefined) return undefined
    const { version, knowsPeople } = this.#ring
    const made = await this.#make({
      conversationId: this.#recent.conversationId,
      events,
      cursor: last.cursor,
      caughtUp: !more,
      atLeast: last.position,
    })
    const chunk = knowsPeople ? chunkOf(events, made) : undefined
    if (chunk) this.#ring.keep(chunk, version, { live: true })
    const through = last.kind === 'skipped' ? last.throughRevision : last.revision
    return { from: this.#next, through, earliest: earliestOf(events), made }
  }

  /** In an order of their coming; those who come meanwhile have it already. */
  async #deliver(frame: LiveFrame): Promise<void> {
    this.#share.begin()
    for (const listener of [...this.#listeners]) {
      const turn = this.#share.next()
      if (turn) await turn
      listener.take(frame)
    }
  }
}
