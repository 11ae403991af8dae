// Deciding the commands of a batch in order, each against what the ones before it have made of the state.

import type { Decision, Refusal } from '../domain/decision.ts'
import type { ParleyEvent, Recorded } from '../domain/events.ts'
import type { DateTime, MessageId } from '../domain/ids.ts'
import { evolveFact, type MessageFact, messageOf } from '../domain/message.ts'
import { conversationOf } from '../domain/streams.ts'
import { metadataOf } from '../eventstore/decode.ts'
import type { Json, NewEvent, Position, Revision } from '../eventstore/port.ts'
import type { Aggregate } from './aggregate.ts'
import { dateTime, newUuid, type Requester } from './occasion.ts'
import type { StreamState } from './streamState.ts'

/** What may be known while deciding, besides the state. */
export interface Known {
  /** The message as it is at the very revision decided against; only of those named in `Command.messages`. */
  message(id: MessageId): MessageFact | undefined
  readonly now: DateTime
}

export interface Command<State, E extends ParleyEvent> {
  /** Synchronous; may be called more than once, when another node was faster. */
  decide(state: State, known: Known): Decision<E>
  /** Messages that `decide` asks about. */
  readonly messages?: readonly MessageId[]
  /**
   * Those are what `decide` makes, so that as a rule none of them is there: the log takes no id twice. They are looked for once it
   * has refused them, and before anybody is refused.
   */
  readonly presumedNew?: boolean
  readonly requester: Requester
}

export interface Done<State, E extends ParleyEvent> {
  readonly kind: 'done'
  /** What this command appended; empty where it had taken effect before. */
  readonly events: readonly (E & Recorded)[]
  /** The state after it. */
  readonly state: State
  /** Of the stream, after it. */
  readonly revision: Revision
  /** Where it is certain to be in the log: of its last event, or of the stream's last where it appended none. */
  readonly position: Position
}

export type Outcome<State, E extends ParleyEvent> = Done<State, E> | Refusal

/** A command in line, and whom to tell. */
export interface Waiting<State, E extends ParleyEvent> {
  readonly command: Command<State, E>
  /** When it came; ms of `performance.now()`. */
  readonly since: number
  readonly resolve: (outcome: Outcome<State, E>) => void
  readonly reject: (error: unknown) => void
}

export interface Decided<State, E extends ParleyEvent> {
  readonly waiting: Waiting<State, E>
  readonly outcome:
    | Refusal
    /** `decide` threw. Told only when nothing can be decided again: the next time it might succeed, and happen. */
    | { readonly kind: 'failed'; readonly error: unknown }
    | { readonly events: readonly (E & Recorded)[]; readonly state: State; readonly revision: number }
}

/** Bytes of events that are appended together, at most. */
const batchBytes = 524_288

interface Batch<State, E extends ParleyEvent> {
  readonly aggregate: Aggregate<State, E>
  readonly stream: string
  readonly waiting: readonly Waiting<State, E>[]
  /** The state decided against. */
  readonly at: StreamState<State>
  /** Of the messages that the commands ask about; moved on with what is decided. */
  readonly facts: Map<MessageId, MessageFact>
  /** ms since 1970. */
  readonly now: number
}

interface DecidedBatch<State, E extends ParleyEvent> {
  readonly decided: readonly Decided<State, E>[]
  /** To be appended together. */
  readonly events: readonly NewEvent[]
  /** The state once they are. */
  readonly next: Omit<StreamState<State>, 'position'>
  /** Commands that did not fit any more. */
  readonly rest: readonly Waiting<State, E>[]
}

export function decideAll<State, E extends ParleyEvent>(batch: Batch<State, E>): DecidedBatch<State, E> {
  const { aggregate, stream, at, facts } = batch
  const wall = dateTime(batch.now)
  // Times in a stream never go back, whatever the clock does.
  const now = at.occurredAt !== undefined && at.occurredAt > wall ? at.occurredAt : wall
  const known: Known = { message: (id) => facts.get(id), now }
  const conversationId = conversationOf(stream)
  const decided: Decided<State, E>[] = []
  const events: NewEvent[] = []
  let { state, revision } = at
  let bytes = 0
  let taken = 0
  for (const waiting of batch.waiting) {
    const { requester } = waiting.command
    let decision: Decision<E>
    try {
      decision = waiting.command.decide(state, known)
    } catch (error) {
      decided.push({ waiting, outcome: { kind: 'failed', error } })
      taken++
      continue
    }
    if (decision.kind === 'refused') {
      decided.push({ waiting, outcome: decision })
      taken++
      continue
    }
    const size = decision.events.length === 0 ? 0 : Buffer.byteLength(JSON.stringify(decision.events))
    if (bytes > 0 && bytes + size > batchBytes) break
    bytes += size
    const own: (E & Recorded)[] = []
    for (const event of decision.events) {
      const { id = newUuid(), type, data, body } = event
      const metadata = metadataOf({
        actor: requester.user,
        occurredAt: now,
        correlationId: requester.correlationId,
        causationId: requester.causationId ?? requester.correlationId,
      })
      // What events hold is JSON; interfaces only lack the index signature that says so.
      events.push({
        id,
        type,
        data: data as Json,
        ...(body === undefined ? undefined : { body: body as Json }),
        metadata,
      })
      revision++
      // The envelope that `decode` would make of it; the position follows with the append.
      const recorded = {
        id,
        type,
        data,
        ...(body === undefined ? undefined : { body }),
        stream,
        revision,
        position: '',
        occurredAt: now,
        ...(requester.user === undefined ? undefined : { actor: requester.user }),
        ...(conversationId === undefined ? undefined : { conversationId }),
      } as unknown as E & Recorded
      own.push(recorded)
      state = aggregate.evolve(state, recorded)
      evolveFacts(facts, recorded)
    }
    decided.push({ waiting, outcome: { events: own, state, revision } })
    taken++
  }
  const next = { state, revision, occurredAt: now, eventId: events.at(-1)?.id ?? at.eventId }
  return { decided, events, next, rest: batch.waiting.slice(taken) }
}

function evolveFacts(facts: Map<MessageId, MessageFact>, event: Recorded): void {
  switch (event.type) {
    case 'MessageSent':
    case 'DMSent':
    case 'MessageEdited':
    case 'MessageDeleted': {
      const id = messageOf(event)
      const next = evolveFact(facts.get(id), event)
      if (next) facts.set(id, next)
      return
    }
    default:
  }
}
