// The commands for one stream, in line: while an append is under way those that come wait, then all of them are decided in
// order against the evolving state and appended together. So commands for one stream never contend within a node, and across
// nodes the expected revision decides.

import { setTimeout as sleep } from 'node:timers/promises'
import { DocumentsUnavailable } from '../documents/port.ts'
import { type Refusal, refuse } from '../domain/decision.ts'
import type { ParleyEvent } from '../domain/events.ts'
import type { MessageId } from '../domain/ids.ts'
import type { MessageFact } from '../domain/message.ts'
import { type Appended, type EventStore, type Position, StoreUnavailable } from '../eventstore/port.ts'
import type { Aggregate } from './aggregate.ts'
import { appendUntilKnown } from './appending.ts'
import { type Command, type Decided, decideAll, type Outcome, type Waiting } from './deciding.ts'
import type { MessageFacts } from './facts.ts'
import { storesAway } from './input.ts'
import { inTime } from './inTime.ts'
import type { Clock } from './occasion.ts'
import { absent, type Snapshots, type StreamState } from './streamState.ts'

export interface MailboxOptions<State, E extends ParleyEvent> {
  readonly aggregate: Aggregate<State, E>
  readonly stream: string
  readonly store: EventStore
  readonly snapshots: Snapshots
  readonly clock: Clock
  /** Made once the state is loaded, for streams with messages. */
  readonly messageFacts?: (from: Position) => MessageFacts
  /**
   * Other nodes append to the log too. Then a batch that appends nothing, refusals and what has already taken effect, was
   * decided against what may no longer be so, and the log is asked before anybody is told.
   */
  readonly shared: boolean
}

/** Commands that are decided and appended together, at most. */
const batchCommands = 256
/** Commands that wait, at most. */
const queueLimit = 1_000
/** How long a command may take in all, in ms, however long others wait before it and however often another node was faster. */
const patienceMs = 5_000
/** Whoever has waited for others until less than this is left is not begun with, in ms: the outcome would be unknown, to all of the batch. */
const appendMs = 1_000
/** How long it waits, at most, before it reads what another node has written, in ms: twice as long each time, up to the second. */
const politenessMs = { first: 2, most: 40 }
/** For how long after another node was faster this one leaves it room between two batches, and how much at most, in ms. */
const contendedMs = 2_000
const mostRoomMs = 100
/** Events after which a snapshot is written. */
const snapshotEvery = 1_000

const busy = refuse(
  'UNAVAILABLE',
  'Too many commands wait for this conversation. Nothing was stored; try again in a moment.',
)
const contended = refuse(
  'UNAVAILABLE',
  'Others were faster again and again, or the log was too slow. Nothing was stored; try again in a moment.',
)
const unread = () => new StoreUnavailable('What is needed to decide could not be read in time.')

const isLate = ({ since }: { readonly since: number }, leastMs = 0): boolean =>
  performance.now() - since >= patienceMs - leastMs

export class Mailbox<State, E extends ParleyEvent> {
  readonly #options: MailboxOptions<State, E>
  #queue: Waiting<State, E>[] = []
  #at: StreamState<State> | undefined
  #facts: MessageFacts | undefined
  /** While nothing is known of the stream and it is read. */
  #loading: Promise<StreamState<State>> | undefined
  #snapshotAt = -1
  #running = false
  /** When another node was last faster; ms of `performance.now()`. */
  #metAt = Number.NEGATIVE_INFINITY
  /** How long the last append took, in ms. */
  #tookMs = 0
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
      this.#queue.push({ command, since: this.usedAt, resolve, reject })
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
      const { late = [], inTime: batch = [] } = Object.groupBy(this.#queue.splice(0, batchCommands), (waiting) =>
        isLate(waiting, appendMs) ? 'late' : 'inTime',
      )
      for (const { resolve } of late) resolve(contended)
      if (batch.length === 0) continue
      try {
        await this.#process(batch)
      } catch (error) {
        // Whatever went wrong, the state may no longer be the log's: it is read again.
        this.#at = undefined
        const unavailable = error instanceof StoreUnavailable || error instanceof DocumentsUnavailable
        for (const { resolve, reject } of batch)
          if (unavailable) resolve(storesAway)
          else reject(error)
      }
      this.usedAt = performance.now()
    }
    this.#running = false
  }

  async #process(batch: readonly Waiting<State, E>[]): Promise<void> {
    const deadline = Math.min(...batch.map(({ since }) => since)) + patienceMs
    await this.#leaveRoom()
    const asked = batch.flatMap(({ command }) => command.messages ?? [])
    let presuming = batch.every(({ command: { messages = [], presumedNew } }) => presumedNew || messages.length === 0)
    for (let conflicts = 0; performance.now() < deadline; conflicts++) {
      const warm = this.#at !== undefined
      const at = await this.#load(deadline)
      const facts = presuming ? this.#facts?.latest(asked) : await inTime(this.#factsAbout(asked), deadline, unread)
      const { aggregate, stream, store, clock, shared } = this.#options
      const { decided, events, next, rest } = decideAll({
        aggregate,
        stream,
        waiting: batch,
        at,
        facts: facts ?? new Map(),
        now: clock.now(),
      })
      if (presuming && decided.some(({ outcome, waiting }) => 'kind' in outcome && waiting.command.messages?.length)) {
        presuming = false
        continue
      }
      const expected = at.revision === -1 ? 'none' : at.revision
      // An append of nothing checks what is expected. What was read only now is as good.
      const asks = events.length > 0 || (shared && warm)
      const began = performance.now()
      const outcome = asks ? await appendUntilKnown({ store, stream, events, expected, deadline, shared }) : undefined
      this.#tookMs = performance.now() - began
      if (outcome?.kind === 'conflict') {
        // Where nobody else appends, it is a message that was there.
        if (shared || !presuming) this.#metAt = performance.now()
        presuming = false
        // The first to come back need not wait; then those that meet again and again do so at different times. What is read
        // after the wait is new when it is decided against.
        const { first, most } = politenessMs
        if (conflicts > 0) await sleep(Math.random() * Math.min(most, first * 2 ** conflicts))
        this.#at = await inTime(this.#caughtUp(at), deadline, unread)
        continue
      }
      this.#queue.unshift(...rest)
      if (outcome?.kind === 'failed') {
        if (!outcome.certain) this.#at = undefined
        refuseAll(decided, outcome.refusal)
      } else this.#settle(decided, next, at, events.length > 0 ? outcome?.appended : undefined)
      return
    }
    // Those that came later have time left.
    for (const waiting of batch.toReversed())
      if (isLate(waiting)) waiting.resolve(contended)
      else this.#queue.unshift(waiting)
  }

  /**
   * Whoever was faster appends again at once, for it knows where the stream ends, while the other one has yet to read that.
   * So nobody would ever be let in. What comes meanwhile goes together.
   */
  async #leaveRoom(): Promise<void> {
    if (performance.now() - this.#metAt > contendedMs) return
    await sleep(Math.random() * Math.min(mostRoomMs, 2 * this.#tookMs))
  }

  async #load(deadline: number): Promise<StreamState<State>> {
    if (this.#at) return this.#at
    // A stream that is long in reading is read to its end, for whoever comes next.
    this.#loading ??= this.#read().finally(() => {
      this.#loading = undefined
    })
    return await inTime(this.#loading, deadline, unread)
  }

  async #read(): Promise<StreamState<State>> {
    const { aggregate, stream, snapshots, messageFacts } = this.#options
    const from = (await snapshots.read(aggregate, stream)) ?? absent(aggregate.initial)
    const facts = messageFacts?.(from.position)
    const at = await snapshots.advance(aggregate, stream, from, (event) => facts?.noteStored(event))
    this.#snapshotAt = from.revision
    this.#facts = facts
    this.#at = at
    return at
  }

  #caughtUp(at: StreamState<State>): Promise<StreamState<State>> {
    const { aggregate, stream, snapshots } = this.#options
    const facts = this.#facts
    return snapshots.advance(aggregate, stream, at, (event) => facts?.noteStored(event))
  }

  async #factsAbout(messages: readonly MessageId[]): Promise<Map<MessageId, MessageFact> | undefined> {
    return await this.#facts?.about(messages)
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

  async #snapshot(at: StreamState<State>): Promise<void> {
    const { aggregate, stream, snapshots } = this.#options
    this.#snapshotAt = at.revision
    // A snapshot only saves time: without it the next start reads more.
    await snapshots.write(aggregate, stream, at).catch(() => {})
  }
}

/** Nothing was appended. What was refused before anything had changed stands; the rest was decided against what is not. */
function refuseAll<State, E extends ParleyEvent>(decided: readonly Decided<State, E>[], refusal: Refusal): void {
  let changed = false
  for (const { waiting, outcome } of decided) {
    changed ||= !('kind' in outcome) && outcome.events.length > 0
    tell(waiting, 'kind' in outcome && !changed ? outcome : refusal)
  }
}

function tell<State, E extends ParleyEvent>(
  { resolve, reject }: Waiting<State, E>,
  outcome: Extract<Decided<State, E>['outcome'], { readonly kind: string }>,
): void {
  if (outcome.kind === 'failed') reject(outcome.error)
  else resolve(outcome)
}
