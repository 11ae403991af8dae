// Reading up to a message. Markers are appended at most once a second for a person and a conversation: what comes meanwhile
// waits, the highest wins, and all are answered after the append.

import { may, mayRead, visibleFrom } from '../domain/access.ts'
import { type Refusal, refuse } from '../domain/decision.ts'
import type { ReadMarkerAdvanced } from '../domain/events.ts'
import { type ConversationId, parseId, type UserId } from '../domain/ids.ts'
import { noSuchMessage } from '../domain/message.ts'
import { type Advance, advance, type ReadMarker } from '../domain/readMarker.ts'
import { conversationStream, readStream } from '../domain/streams.ts'
import type { Position } from '../eventstore/port.ts'
import { conversations, readMarkers } from './aggregate.ts'
import type { Commands } from './commands.ts'
import type { Outcome } from './deciding.ts'
import type { By, Requester } from './occasion.ts'

export interface Marked {
  readonly kind: 'done'
  readonly position: Position
  readonly conversationId: ConversationId
  /** Read up to here now. */
  readonly number: number
}

interface Pace {
  /** Undefined while none waits. */
  waiting: { highest: Advance; readonly outcome: Promise<Outcome<ReadMarker, ReadMarkerAdvanced>> } | undefined
  /** `performance.now()` of the last append. */
  lastAt: number
}

const everyMs = 1_000

export class ReadMarkerCommands {
  readonly #commands: Commands
  readonly #paces = new Map<string, Pace>()
  #sweptAt = performance.now()

  constructor(commands: Commands) {
    this.#commands = commands
  }

  async markRead({ actor, requester }: By, input: { readonly messageId: string }): Promise<Refusal | Marked> {
    const parsed = parseId(input.messageId)
    const place = parsed?.type === 'message' ? await this.#commands.facts.message(parsed.id) : undefined
    if (parsed?.type !== 'message' || !place) return noSuchMessage
    const { conversationId, number, sentRevision } = place.document
    const { user } = actor
    // Goes through the conversation's line, so that a joining that was acknowledged before is known.
    const access = await this.#commands.run(conversations, conversationStream(conversationId), {
      requester,
      decide: (room) => {
        if (room.status === 'none' || !mayRead(room, user) || sentRevision < visibleFrom(room, user))
          return noSuchMessage
        if (!may(room, actor, 'markRead'))
          return refuse('FORBIDDEN', 'Only members have a read marker. Join the room first.')
        return { kind: 'happened', events: [] }
      },
    })
    if (access.kind === 'refused') return access
    const outcome = await this.#paced(user, conversationId, { number, messageId: parsed.id }, requester)
    if (outcome.kind === 'refused') return outcome
    return { kind: 'done', position: outcome.position, conversationId, number: outcome.state.number }
  }

  #paced(user: UserId, conversation: ConversationId, wanted: Advance, requester: Requester) {
    const stream = readStream(user, conversation)
    const pace = this.#paceOf(stream)
    if (pace.waiting) {
      if (wanted.number > pace.waiting.highest.number) pace.waiting.highest = wanted
      return pace.waiting.outcome
    }
    const wait = pace.lastAt + everyMs - performance.now()
    if (wait <= 0) {
      pace.lastAt = performance.now()
      return this.#append(stream, wanted, requester)
    }
    const waiting: NonNullable<Pace['waiting']> = {
      highest: wanted,
      outcome: new Promise((resolve) => setTimeout(resolve, wait)).then(() => {
        pace.waiting = undefined
        pace.lastAt = performance.now()
        return this.#append(stream, waiting.highest, requester)
      }),
    }
    pace.waiting = waiting
    return waiting.outcome
  }

  #append(stream: string, wanted: Advance, requester: Requester) {
    return this.#commands.run(readMarkers, stream, { requester, decide: (marker) => advance(marker, wanted) })
  }

  #paceOf(stream: string): Pace {
    const now = performance.now()
    if (now - this.#sweptAt > 10 * everyMs) {
      this.#sweptAt = now
      for (const [key, { waiting, lastAt }] of this.#paces)
        if (!waiting && now - lastAt > everyMs) this.#paces.delete(key)
    }
    const known = this.#paces.get(stream)
    if (known) return known
    const pace: Pace = { waiting: undefined, lastAt: Number.NEGATIVE_INFINITY }
    this.#paces.set(stream, pace)
    return pace
  }
}
