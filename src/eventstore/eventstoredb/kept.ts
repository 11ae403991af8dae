// Appending to a stream that keeps everything, so that the same events are there once.
//
// The server recognises repeated ids only after a concrete expected revision: with `any` it remembers the last ones for
// a while, and where the expected revision is the present end it appends them again. So every append goes out with a
// concrete revision, and ids that have been seen before are looked for first. Whether they have been seen is known from
// the keys: every event gets one before it is appended, with a body or without.

import type { EventData } from '@eventstore/db-client'
import type { KnownKey } from '../../keys/port.ts'
import { type Appended, AppendTooLarge, OutcomeUnknown, type Revision, WrongExpectedRevision } from '../port.ts'
import { type Append, keysFor, type Parts } from './append.ts'
import { sealed } from './encode.ts'
import { type Found, Places } from './places.ts'
import type { Sent } from './sending.ts'

/** Tries of an append that may go anywhere, while other nodes append to the same stream. */
const maxTries = 50
/** Ids whose append is unsettled and remembered. */
const maxUnsettled = 20_000

export class Kept {
  readonly #parts: Parts
  readonly #places: Places
  /** Ids that are known, and whose append is not settled: up to this revision they do not stand. */
  readonly #unsettled = new Map<string, Revision>()

  constructor(parts: Parts) {
    this.#parts = parts
    this.#places = new Places(parts.log)
  }

  async append(append: Append): Promise<Appended> {
    const { stream, events, expected, deadline } = append
    const { keys, known } = await keysFor(this.#parts.keys, events, deadline)
    const proposed = sealed(events, keys)
    let at = await this.#beginning(append)
    if (known.size > 0) {
      const found = await this.#places.find(append, at, this.#floor(known))
      if (found.kind !== 'absent') return this.#settled(append, found)
      at = found.at
    }
    for (let tries = 0; ; tries += 1) {
      if (expected === 'exists' && at === -1) throw new WrongExpectedRevision(stream, expected, undefined)
      const sent = await this.#send(append, proposed, at)
      if (sent !== 'wrong') {
        const { revision, position } = sent
        return { firstRevision: revision - events.length + 1, revision, position, repeated: false }
      }
      // Another node was faster: perhaps with these very events.
      const found = await this.#places.find(append, at, at)
      if (found.kind !== 'absent') return this.#settled(append, found)
      if (typeof expected === 'number' || expected === 'none' || tries >= maxTries) {
        throw new WrongExpectedRevision(stream, expected, found.at === -1 ? undefined : found.at)
      }
      at = found.at
    }
  }

  /**
   * Several appends to one stream as one; each expects what the one before it leaves. Undefined where that cannot be:
   * then nothing was written, and they go one by one.
   */
  async appendTogether(appends: readonly Append[]): Promise<readonly (Appended | undefined)[] | undefined> {
    const [first] = appends
    if (first === undefined) return undefined
    const { stream, deadline } = first
    const events = appends.flatMap((append) => append.events)
    const { keys, known } = await keysFor(this.#parts.keys, events, deadline)
    const at = await this.#beginning(first)
    const isNew = events.filter(({ event }) => !known.has(event.id)).map(({ event }) => event)
    this.#remember(isNew, at)
    if (known.size > 0 || (at === -1 && first.expected === 'exists')) return undefined
    const together: Append = { stream, events, expected: at === -1 ? 'none' : at, deadline }
    let proposed: readonly EventData[]
    try {
      proposed = sealed(events, keys)
    } catch (error) {
      if (error instanceof AppendTooLarge) return undefined
      throw error
    }
    try {
      const sent = await this.#send(together, proposed, at)
      if (sent === 'wrong') return undefined
      const from = sent.revision - events.length + 1
      const ms = deadline - performance.now()
      const written = await this.#parts.log.stream(stream, { from, limit: events.length, ms })
      let revision = from - 1
      return appends.map((append) => {
        const firstRevision = revision + 1
        revision += append.events.length
        const position = written[revision - from]?.position
        return position === undefined ? undefined : { firstRevision, revision, position, repeated: false }
      })
    } catch (error) {
      // From here on it may have been written: each of them has to ask.
      if (error instanceof AppendTooLarge) return undefined
      return appends.map(() => undefined)
    }
  }

  /** Where the stream ends, as the caller says or as it is known. */
  async #beginning({ stream, expected, deadline }: Append): Promise<Revision> {
    if (typeof expected === 'number') return expected
    if (expected === 'none') return -1
    const { heads, log } = this.#parts
    return (heads.get(stream) ?? (await log.head(stream, deadline - performance.now())))?.revision ?? -1
  }

  async #send({ stream, deadline }: Append, events: readonly EventData[], at: Revision): Promise<Sent> {
    const { heads, sender } = this.#parts
    try {
      const sent = await sender.send({ stream, events, at, deadline })
      if (sent === 'wrong') {
        heads.delete(stream)
        // Whoever comes back with them need not look further down.
        this.#remember(events, at)
      } else {
        heads.set(stream, sent)
        for (const { id } of events) this.#unsettled.delete(id)
      }
      return sent
    } catch (error) {
      heads.delete(stream)
      if (error instanceof OutcomeUnknown) this.#remember(events, at)
      throw error
    }
  }

  /** They were new, or have just been looked for: up to this revision they do not stand. */
  #remember(events: readonly { readonly id: string }[], at: Revision): void {
    for (const { id } of events) this.#unsettled.set(id, at)
    for (const oldest of this.#unsettled.keys()) {
      if (this.#unsettled.size <= maxUnsettled) break
      this.#unsettled.delete(oldest)
    }
  }

  /** None of the known ids stands at or before this revision. */
  #floor(known: ReadonlyMap<string, KnownKey>): Revision {
    return Math.min(...[...known.keys()].map((id) => this.#unsettled.get(id) ?? -1))
  }

  #settled({ stream, expected, events }: Append, found: Exclude<Found, { kind: 'absent' }>): Appended {
    if (found.kind === 'conflict') throw new WrongExpectedRevision(stream, expected, found.actual)
    for (const { event } of events) this.#unsettled.delete(event.id)
    return found.appended
  }
}
