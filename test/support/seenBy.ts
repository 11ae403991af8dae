// What somebody is to see of a conversation, told from its log and the rules alone: what every way of asking is compared with.

import { mayRead, visibleFrom } from '../../src/domain/access.ts'
import { type Conversation, evolve, initial } from '../../src/domain/conversation.ts'
import type { ConversationEvent, Recorded } from '../../src/domain/events.ts'
import type { UserId } from '../../src/domain/ids.ts'
import { decode, isDecoded } from '../../src/eventstore/decode.ts'
import type { RecordedEvent } from '../../src/eventstore/port.ts'

export class SeenBy {
  readonly #user: UserId
  readonly #events: readonly RecordedEvent[]
  /** As it is after each revision. */
  readonly #states: readonly Conversation[]

  constructor(events: readonly RecordedEvent[], user: UserId) {
    this.#user = user
    this.#events = events
    let state = initial
    this.#states = events.map((event) => {
      const decoded = decode(event)
      // The stream of a conversation holds nothing else.
      if (isDecoded(decoded)) state = evolve(state, decoded as Recorded<ConversationEvent>)
      return state
    })
  }

  get head(): number {
    return this.#events.length - 1
  }

  get readable(): boolean {
    return this.#seesAt(this.head, Number.POSITIVE_INFINITY)
  }

  /** Whether they have been in it ever since this revision. */
  memberSince(revision: number): boolean {
    return this.#states
      .slice(Math.max(0, revision))
      .every((state) => state.status === 'exists' && state.members.has(this.#user))
  }

  /** Whether what was sent at a revision is there for them now. */
  sees(sentRevision: number): boolean {
    return this.#seesAt(this.head, sentRevision)
  }

  /** Whether the event at a revision is shown to them now. */
  seesEvent(revision: number): boolean {
    return this.sees(this.#earliest(revision))
  }

  /** Whether it may have been shown to them as it happened, or later. */
  mayHaveSeenEvent(revision: number): boolean {
    const earliest = this.#earliest(revision)
    return this.#states.some((_, at) => at >= revision - 1 && this.#seesAt(at, earliest))
  }

  /** Whether it may have been kept from them as it happened, or later. */
  mayHaveMissedEvent(revision: number): boolean {
    const earliest = this.#earliest(revision)
    return this.#states.some((_, at) => at >= revision && !this.#seesAt(at, earliest))
  }

  /** The newest event about what was sent at a revision; that revision where there is none. */
  newestAbout(sentRevision: number): number {
    return Math.max(
      sentRevision,
      this.#events.findLastIndex(({ data }) => data.subjectRevision === sentRevision),
    )
  }

  #seesAt(at: number, revision: number): boolean {
    const state = this.#states[at]
    return state?.status === 'exists' && mayRead(state, this.#user) && revision >= visibleFrom(state, this.#user)
  }

  /** An event about a message tells something of what was sent earlier. */
  #earliest(revision: number): number {
    const subject = this.#events[revision]?.data.subjectRevision
    return typeof subject === 'number' ? subject : revision
  }
}
