// The commands for one stream, in line: while an append is under way those that come wait, then all of them are decided in
// order against the evolving state and appended together. So commands for one stream never contend within a node, and across
// nodes the expected revision decides.

import { setTimeout as sleep } from 'node:timers/promises'
import { DocumentsUnavailable } from '../documents/port.ts'
import { type Decision, type Refusal, refuse } from '../domain/decision.ts'
import type { ParleyEvent, Recorded } from '../domain/events.ts'
import type { DateTime, MessageId } from '../domain/ids.ts'
import { evolveFact, type MessageFact, messageOf } from '../domain/message.ts'
import { conversationOf } from '../domain/streams.ts'
import { metadataOf } from '../eventstore/decode.ts'
import {
  type Appended,
  AppendTooLarge,
  type EventStore,
  type Json,
  type NewEvent,
  OutcomeUnknown,
  type Position,
  type Revision,
  StoreUnavailable,
  WrongExpectedRevision,
} from '../eventstore/port.ts'
import type { Aggregate } from './aggregate.ts'
import type { MessageFacts } from './facts.ts'
import { type Clock, dateTime, newUuid, type Requester } from './occasion.ts'
import { absent, fold, type Snapshots, type StreamState } from './streamState.ts'

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

interface Waiting<State, E extends ParleyEvent> {
  readonly command: Command<State, E>
  readonly resolve: (outcome: Outcome<State, E>) => void
  readonly reject: (error: unknown) => void
}

interface Decided<State, E extends ParleyEvent> {
  readonly waiting: Waiting<State, E>
  readonly outcome:
    | Refusal
    /** `decide` threw. Told only when nothing can be decided again: the next time it might succeed, and happen. */
    | { readonly kind: 'failed'; readonly error: unknown }
    | { readonly events: readonly (E & Recorded)[]; readonly state: State; readonly revision: number }
}

export interface MailboxOptions<State, E extends ParleyEvent> {
  readonly aggregate: Aggregate<State, E>
  readonly stream: string
  readonly store: EventStore
  readonly snapshots: Snapshots
  readonly clock: Clock
  /** Made once the state is loaded, for streams with messages. */
  readonly messageFacts?: (from: Position) => MessageFacts
}

/** Commands that are decided and appended together, at most. */
const batchCommands = 256
/** Bytes of events that are appended together, at most. */
const batchBytes = 524_288
/** Commands that wait, at most. */
const queueLimit = 1_000
/** How often a batch is decided again because another node was faster. */
const attempts = 10
/** How long a batch may take in all, in ms. */
const patienceMs = 5_000
/** Events after which a snapshot is written. */
const snapshotEvery = 1_000

const busy = refuse(
  'UNAVAILABLE',
  'Too many commands wait for this conversation. Nothing was stored; try again in a moment.',
)
const contended = refuse(
  'UNAVAILABLE',
  'Others were faster again and again. Nothing was stored; try again in a moment.',
)
const unsettled = refuse(
  'UNAVAILABLE',
  'The log did not confirm in time, so the outcome is unknown. Send it again with the same key: it will not happen twice.',
)

export class Mailbox<State, E extends ParleyEvent> {
  readonly #options: MailboxOptions<State, E>
  #queue: Waiting<State, E>[] = []
  #at: StreamState<State> | undefined
  #facts: MessageFacts | undefined
  #snapshotAt = -1
  #running = false
  /** When it last had something to do; ms of `performance.now()`. */
  usedAt = performance.now()

  constructor(options: MailboxOptions<State, E>) {
    this.#options = options
  }

  get idle(): boolean {
    return !this.#running
  }

  submit(command: Command<State, E>): Promise<Outcome<State, E>> {
    this.usedAt = performance.now()
    if (this.#queue.length >= queueLimit) return Promise.resolve(busy)
    return new Promise((resolve, reject) => {
      this.#queue.push({ command, resolve, reject })
      if (!this.#running) void this.#run()
    })
  }

  /** Writes a snapshot if enough has happened since the last one. Called when the mailbox is put away. */
  async rest(): Promise<void> {
    const at = this.#at
    if (at && at.revision - this.#snapshotAt >= snapshotEvery / 10) await this.#snapshot(at)
  }

  async #run(): Promise<void> {
    this.#running = true
    // Those that are sent in the same turn of the event loop are decided together.
    await Promise.resolve()
    while (this.#queue.length > 0) {
      const batch = this.#queue.splice(0, batchCommands)
      try {
        await this.#process(batch)
      } catch (error) {
        // Whatever went wrong, the state may no longer be the log's: it is read again.
        this.#at = undefined
        const unavailable = error instanceof StoreUnavailable || error instanceof DocumentsUnavailable
        for (const { resolve, reject } of batch)
          if (unavailable) resolve(refuse('UNAVAILABLE', error.message))
          else reject(error)
      }
      this.usedAt = performance.now()
    }
    this.#running = false
  }

  async #process(batch: readonly Waiting<State, E>[]): Promise<void> {
    const deadline = performance.now() + patienceMs
    for (let attempt = 0; attempt < attempts && performance.now() < deadline; attempt++) {
      const at = await this.#load()
      const facts = await this.#factsFor(batch)
      const { decided, events, next, rest } = this.#decideAll(batch, at, facts)
      const appended = events.length === 0 ? undefined : await this.#append(events, at, deadline)
      if (appended === 'conflict') {
        await this.#catchUp(at)
        await sleep(Math.random() * 5 * attempt)
        continue
      }
      this.#queue.unshift(...rest)
      if (appended && 'kind' in appended) this.#refuseAll(decided, appended)
      else this.#settle(decided, next, at, appended)
      return
    }
    for (const { resolve } of batch) resolve(contended)
  }

  async #load(): Promise<StreamState<State>> {
    if (this.#at) return this.#at
    const { aggregate, stream, snapshots, messageFacts } = this.#options
    const from = (await snapshots.read(aggregate, stream)) ?? absent(aggregate.initial)
    const facts = messageFacts?.(from.position)
    const at = await snapshots.advance(aggregate, stream, from, (event) => facts?.noteStored(event))
    this.#snapshotAt = from.revision
    this.#facts = facts
    this.#at = at
    return at
  }

  async #catchUp(at: StreamState<State>): Promise<void> {
    const { aggregate, stream, snapshots } = this.#options
    this.#at = await snapshots.advance(aggregate, stream, at, (event) => this.#facts?.noteStored(event))
  }

  async #factsFor(batch: readonly Waiting<State, E>[]): Promise<Map<MessageId, MessageFact>> {
    const ids = batch.flatMap(({ command }) => command.messages ?? [])
    return (await this.#facts?.about(ids)) ?? new Map()
  }

  /** Decides in order, each against what the ones before it have made of the state. */
  #decideAll(batch: readonly Waiting<State, E>[], at: StreamState<State>, facts: Map<MessageId, MessageFact>) {
    const { aggregate, stream, clock } = this.#options
    const wall = dateTime(clock.now())
    // Times in a stream never go back, whatever the clock does.
    const now = at.occurredAt !== undefined && at.occurredAt > wall ? at.occurredAt : wall
    const known: Known = { message: (id) => facts.get(id), now }
    const conversationId = conversationOf(stream)
    const decided: Decided<State, E>[] = []
    const events: NewEvent[] = []
    let { state, revision } = at
    let bytes = 0
    let taken = 0
    for (const waiting of batch) {
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
          causationId: requester.correlationId,
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
    return { decided, events, next, rest: batch.slice(taken) }
  }

  /** Appends until the outcome is known, or the time is over. */
  async #append(
    events: readonly NewEvent[],
    at: StreamState<State>,
    deadline: number,
  ): Promise<Appended | 'conflict' | Refusal> {
    const { stream, store } = this.#options
    const expected = at.revision === -1 ? 'none' : at.revision
    for (let failures = 0; ; failures++) {
      try {
        return await within(store.append(stream, events, expected), Math.max(1, deadline - performance.now()))
      } catch (error) {
        if (error instanceof WrongExpectedRevision) return 'conflict'
        if (error instanceof StoreUnavailable) {
          // After an unknown outcome "nothing was written" speaks of this try only.
          if (failures > 0) this.#at = undefined
          return failures > 0 ? unsettled : refuse('UNAVAILABLE', error.message)
        }
        if (error instanceof AppendTooLarge) return refuse('TOO_LARGE', error.message)
        if (!(error instanceof OutcomeUnknown)) throw error
        // The identical batch again: it is there already, it gets there now, or the revision shows that others were first.
        if (performance.now() >= deadline) {
          this.#at = undefined
          return unsettled
        }
        await sleep(Math.min(500, 10 * 2 ** failures) * Math.random())
      }
    }
  }

  #settle(
    decided: readonly Decided<State, E>[],
    next: Omit<StreamState<State>, 'position'>,
    before: StreamState<State>,
    appended: Appended | undefined,
  ): void {
    const position = appended?.position ?? before.position
    const at: StreamState<State> = appended ? { ...next, position } : before
    this.#at = at
    for (const { waiting, outcome } of decided) {
      if ('kind' in outcome) {
        tell(waiting, outcome)
        continue
      }
      const events = outcome.events.map((event) => ({ ...event, position }))
      for (const event of events) this.#facts?.note(event)
      waiting.resolve({ kind: 'done', events, state: outcome.state, revision: outcome.revision, position })
    }
    if (appended && at.revision - this.#snapshotAt >= snapshotEvery) void this.#snapshot(at)
  }

  #refuseAll(decided: readonly Decided<State, E>[], refusal: Refusal): void {
    for (const { waiting, outcome } of decided) tell(waiting, 'kind' in outcome ? outcome : refusal)
  }

  async #snapshot(at: StreamState<State>): Promise<void> {
    const { aggregate, stream, snapshots } = this.#options
    this.#snapshotAt = at.revision
    // A snapshot only saves time: without it the next start reads more.
    await snapshots.write(aggregate, stream, at).catch(() => {})
  }
}

function tell<State, E extends ParleyEvent>(
  { resolve, reject }: Waiting<State, E>,
  outcome: Extract<Decided<State, E>['outcome'], { readonly kind: string }>,
): void {
  if (outcome.kind === 'failed') reject(outcome.error)
  else resolve(outcome)
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

/** The store's own limits may be longer than a caller's patience. */
async function within<T>(promise: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new OutcomeUnknown('The log did not answer in time.')), ms)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

/** Folds the stream again, without a snapshot: what `verify` compares a snapshot with. */
export async function freshState<State, E extends ParleyEvent>(
  store: EventStore,
  aggregate: Aggregate<State, E>,
  stream: string,
  through: Revision,
): Promise<StreamState<State>> {
  let at = absent(aggregate.initial)
  for await (const page of store.readStream(stream, { limit: through + 1 }))
    for (const event of page) at = fold(aggregate, at, event)
  return at
}
