// The mailboxes of a node: one for each stream that commands are under way for, put away when it has been quiet.

import { LRUCache } from 'lru-cache'
import type { Documents } from '../documents/port.ts'
import { canonicalJson } from '../domain/canonicalJson.ts'
import type { ParleyEvent } from '../domain/events.ts'
import { conversationOf, keepsOnlyNewest } from '../domain/streams.ts'
import type { EventStore } from '../eventstore/port.ts'
import type { ReadModels } from '../projecting/readModels.ts'
import { type Aggregate, conversations } from './aggregate.ts'
import type { Command, Outcome } from './deciding.ts'
import { Facts, MessageFacts } from './facts.ts'
import { Mailbox } from './mailbox.ts'
import { type Clock, systemClock } from './occasion.ts'
import { freshState, Snapshots, type StreamState } from './streamState.ts'

interface CommandsOptions {
  readonly store: EventStore
  readonly documents: Documents
  readonly models: ReadModels
  readonly clock?: Clock
  /** Whether other nodes append to the log too (default false). */
  readonly shared?: boolean
}

/** Mailboxes that are kept while nothing happens in them, at most. */
const kept = 5_000
/** A mailbox that has been quiet for this long is put away, in ms. */
const quietAfterMs = 60_000

type AnyMailbox = Pick<Mailbox<unknown, ParleyEvent>, 'idle' | 'usedAt' | 'rest'>

export class Commands {
  readonly facts: Facts
  readonly clock: Clock
  readonly snapshots: Snapshots
  readonly #store: EventStore
  readonly #models: ReadModels
  readonly #shared: boolean
  readonly #mailboxes: LRUCache<string, AnyMailbox>
  /** Those that are at work outside of what is kept. */
  readonly #busy = new Map<string, AnyMailbox>()
  readonly #sweep: NodeJS.Timeout

  constructor({ store, documents, models, clock = systemClock, shared = false }: CommandsOptions) {
    this.#store = store
    this.#models = models
    this.#shared = shared
    this.clock = clock
    this.facts = new Facts(models, store)
    this.snapshots = new Snapshots(store, documents)
    this.#mailboxes = new LRUCache({
      max: kept,
      dispose: (mailbox, stream, reason) => {
        // One that is at work stays the stream's only one until it has finished.
        if (reason !== 'set' && !mailbox.idle) this.#busy.set(stream, mailbox)
      },
    })
    this.#sweep = setInterval(() => void this.#putAway(quietAfterMs), quietAfterMs / 2)
    this.#sweep.unref()
  }

  async open(): Promise<void> {
    await this.snapshots.open()
  }

  /** Carries out one command on a stream, in line with the others for it. */
  async run<State, E extends ParleyEvent>(
    aggregate: Aggregate<State, E>,
    stream: string,
    command: Command<State, E>,
  ): Promise<Outcome<State, E>> {
    return await this.#mailbox(aggregate, stream).submit(command)
  }

  /** The present state of a stream as the log has it, read past the mailboxes. */
  async load<State, E extends ParleyEvent>(
    aggregate: Aggregate<State, E>,
    stream: string,
  ): Promise<StreamState<State>> {
    return await this.snapshots.load(aggregate, stream)
  }

  /** Every snapshot in use against a fold from the stream's beginning: how many, and the streams that differ. */
  async verifySnapshots(): Promise<{ readonly compared: number; readonly different: readonly string[] }> {
    const different: string[] = []
    let compared = 0
    for await (const stream of this.snapshots.streams()) {
      const snapshot = await this.snapshots.read(conversations, stream)
      if (!snapshot) continue
      compared++
      const fresh = await freshState(this.#store, conversations, stream, snapshot.revision)
      const [a, b] = [conversations.snapshot?.write(snapshot.state), conversations.snapshot?.write(fresh.state)]
      if (canonicalJson(a) !== canonicalJson(b)) different.push(stream)
    }
    return { compared, different }
  }

  async close(): Promise<void> {
    clearInterval(this.#sweep)
    await this.#putAway(-1)
  }

  #mailbox<State, E extends ParleyEvent>(aggregate: Aggregate<State, E>, stream: string): Mailbox<State, E> {
    const known = this.#mailboxes.get(stream) ?? this.#busy.get(stream)
    // A stream's name says which aggregate it holds, so the same name never comes with another one.
    if (known) {
      if (!keepsOnlyNewest(stream) && this.#busy.delete(stream)) this.#mailboxes.set(stream, known)
      return known as unknown as Mailbox<State, E>
    }
    const conversation = conversationOf(stream)
    const mailbox = new Mailbox<State, E>({
      aggregate,
      stream,
      store: this.#store,
      snapshots: this.snapshots,
      clock: this.clock,
      shared: this.#shared,
      ...(conversation && {
        messageFacts: (from: StreamState<State>['position']) =>
          new MessageFacts(this.#models, this.#store, stream, from),
      }),
    })
    // A stream of one event is read in no time, and there are many: presence, read markers. They crowd out no conversation.
    const place = keepsOnlyNewest(stream) ? this.#busy : this.#mailboxes
    place.set(stream, mailbox as unknown as AnyMailbox)
    return mailbox
  }

  async #putAway(olderThanMs: number): Promise<void> {
    for (const [stream, mailbox] of this.#busy) if (mailbox.idle) this.#busy.delete(stream)
    const before = performance.now() - olderThanMs
    for (const [stream, mailbox] of [...this.#mailboxes.entries()]) {
      if (!mailbox.idle || mailbox.usedAt > before) continue
      this.#mailboxes.delete(stream)
      await mailbox.rest().catch(() => {})
    }
  }
}
