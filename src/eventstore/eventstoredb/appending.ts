// Appending, so that the same events are there once.
//
// The server recognises repeated ids only after a concrete expected revision: with `any` it remembers the last ones for
// a while, and where the expected revision is the present end it appends them again. So every append goes out with a
// concrete revision, and ids that have been seen before are looked for first. Whether they have been seen is known from
// the keys: every event gets one before it is appended, with a body or without.

import type { Keys, KnownKey } from '../../keys/port.ts'
import {
  type Appended,
  type Expected,
  type NewEvent,
  OutcomeUnknown,
  type Revision,
  StoreUnavailable,
  start,
  WrongExpectedRevision,
} from '../port.ts'
import { type Append, isMet, keysFor } from './append.ts'
import type { Connection } from './connection.ts'
import { encode, sealed } from './encode.ts'
import { Heads } from './heads.ts'
import type { Log } from './log.ts'
import { appendNewest } from './newest.ts'
import { type Found, Places } from './places.ts'
import { Sender } from './sending.ts'
import { Turns } from './turns.ts'

export interface AppendingOptions {
  readonly connection: Connection
  readonly log: Log
  readonly keys: Keys
  readonly keepsOnlyNewest: (stream: string) => boolean
}

/** An append, with all that belongs to it, takes no longer than this, in ms. */
const patienceMs = 4_000
/** Tries of an append that may go anywhere, while other nodes append to the same stream. */
const maxTries = 50
/** Ids whose append is unsettled and remembered. */
const maxUnsettled = 20_000

export class Appending {
  readonly #options: AppendingOptions
  readonly #turns = new Turns()
  readonly #heads = new Heads()
  readonly #places: Places
  readonly #sender: Sender
  /** Ids whose append has an unknown outcome, with the stream's end it was meant for: they stand nowhere before it. */
  readonly #unsettled = new Map<string, Revision>()
  #closed = false

  constructor(options: AppendingOptions) {
    this.#options = options
    this.#places = new Places(options.log)
    this.#sender = new Sender(options.connection, options.log)
  }

  async append(stream: string, events: readonly NewEvent[], expected: Expected): Promise<Appended> {
    const encoded = encode(events)
    this.#check()
    const append = { stream, events: encoded, expected, deadline: performance.now() + patienceMs }
    return await this.#turns.take(stream, () => this.#append(append))
  }

  /** Takes no more, and resolves once nothing is under way. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#turns.idle()
  }

  #check(): void {
    if (this.#closed) throw new StoreUnavailable('The log is closed: the server is stopping.')
    const { connection, keys } = this.#options
    if (connection.fault !== undefined) throw new StoreUnavailable(connection.fault)
    const health = keys.health()
    if (!health.ready) throw new StoreUnavailable(health.reason)
  }

  async #append(append: Append): Promise<Appended> {
    if (performance.now() >= append.deadline) {
      throw new StoreUnavailable(
        'EventStoreDB is too slow: what came before on this stream took all the time there was.',
      )
    }
    this.#check()
    const { stream, events, expected } = append
    if (events.length === 0) return await this.#compare(append)
    if (new Set(events.map(({ event }) => event.id)).size < events.length) {
      throw new WrongExpectedRevision(stream, expected, (await this.#head(append))?.revision)
    }
    return this.#options.keepsOnlyNewest(stream)
      ? await appendNewest(append, { ...this.#options, heads: this.#heads, sender: this.#sender })
      : await this.#appendKept(append)
  }

  /** Without events. */
  async #compare({ stream, expected, deadline }: Append): Promise<Appended> {
    const head = await this.#options.log.head(stream, deadline - performance.now())
    const revision = head?.revision ?? -1
    if (!isMet(expected, revision)) throw new WrongExpectedRevision(stream, expected, head?.revision)
    // Branded '' where the stream is absent, as in the embedded engine.
    return { firstRevision: revision + 1, revision, position: head?.position ?? start, repeated: false }
  }

  async #appendKept(append: Append): Promise<Appended> {
    const { stream, events, expected } = append
    const { keys, known } = await keysFor(this.#options.keys, events, append.deadline)
    const ids = events.map(({ event }) => event.id)
    const proposed = sealed(events, keys)
    let at = await this.#beginning(append)
    if (known.size > 0) {
      const found = await this.#places.find(append, at, this.#floor(ids, known))
      if (found.kind !== 'absent') return this.#settled(append, found)
      at = found.at
    }
    for (let tries = 0; ; tries += 1) {
      if (expected === 'exists' && at === -1) throw new WrongExpectedRevision(stream, expected, undefined)
      const sent = await this.#send(append, proposed, at, known)
      if (sent !== 'wrong') {
        this.#heads.set(stream, sent)
        for (const id of ids) this.#unsettled.delete(id)
        const firstRevision = sent.revision - events.length + 1
        return { firstRevision, revision: sent.revision, position: sent.position, repeated: false }
      }
      // Another node was faster: perhaps with these very events.
      this.#heads.delete(stream)
      const found = await this.#places.find(append, at, at)
      if (found.kind !== 'absent') return this.#settled(append, found)
      if (typeof expected === 'number' || expected === 'none' || tries >= maxTries) {
        throw new WrongExpectedRevision(stream, expected, found.at === -1 ? undefined : found.at)
      }
      at = found.at
    }
  }

  /** Where the stream ends, as the caller says or as it is known. */
  async #beginning(append: Append): Promise<Revision> {
    const { expected } = append
    if (typeof expected === 'number') return expected
    return expected === 'none' ? -1 : ((await this.#head(append))?.revision ?? -1)
  }

  async #head({ stream, deadline }: Append) {
    const known = this.#heads.get(stream)
    if (known !== undefined) return known
    const head = await this.#options.log.head(stream, deadline - performance.now())
    if (head !== undefined) this.#heads.set(stream, head)
    return head
  }

  async #send(append: Append, events: ReturnType<typeof sealed>, at: Revision, known: ReadonlyMap<string, KnownKey>) {
    try {
      return await this.#sender.send({ stream: append.stream, events, at, deadline: append.deadline })
    } catch (error) {
      if (error instanceof OutcomeUnknown) {
        // Those that were new stand nowhere before this place.
        for (const { id } of events) if (!known.has(id)) this.#unsettled.set(id, at)
        for (const oldest of this.#unsettled.keys()) {
          if (this.#unsettled.size <= maxUnsettled) break
          this.#unsettled.delete(oldest)
        }
      }
      throw error
    }
  }

  /** None of the known ids stands at or before this revision. */
  #floor(ids: readonly string[], known: ReadonlyMap<string, KnownKey>): Revision {
    let floor = Number.MAX_SAFE_INTEGER
    for (const id of ids) if (known.has(id)) floor = Math.min(floor, this.#unsettled.get(id) ?? -1)
    return floor
  }

  #settled({ stream, expected, events }: Append, found: Exclude<Found, { kind: 'absent' }>): Appended {
    if (found.kind === 'conflict') throw new WrongExpectedRevision(stream, expected, found.actual)
    for (const { event } of events) this.#unsettled.delete(event.id)
    return found.appended
  }
}
