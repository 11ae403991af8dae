// Puts events into a log in their order, each at the revision that it had.

import { setTimeout as sleep } from 'node:timers/promises'
import {
  type Appended,
  type EventStore,
  type Expected,
  type NewEvent,
  OutcomeUnknown,
  type Position,
  start,
  WrongExpectedRevision,
} from '../eventstore/port.ts'
import { CannotTransfer, lineOf, type TransferredEvent } from './format.ts'

interface AppendingOptions {
  readonly store: EventStore
  /** Appends that may be under way at once: more than one only where the log writes them in the order in which they were called. */
  readonly atOnce: number
  /** Called after each append, with the events that are in the log. */
  readonly onProgress: (events: number) => void
  readonly signal: AbortSignal
}

/** Events that go to one stream in one append. */
interface Group {
  readonly stream: string
  readonly expected: Expected
  readonly events: NewEvent[]
  length: number
}

/** Events in an append, at most. */
const maxEvents = 500
/** Characters in an append, about: well below what a log takes at once, sealed or not. */
const maxLength = 262_144
/** How long an append is tried whose outcome is not known, in ms. */
const patienceMs = 60_000
const pauseMs = 500

export class Appending {
  readonly #options: AppendingOptions
  readonly #underWay: Promise<void>[] = []
  #group: Group | undefined
  #last: Position = start
  #done = 0
  #failure: { readonly error: unknown } | undefined

  constructor(options: AppendingOptions) {
    this.#options = options
  }

  /** Resolves when it may go on with the next one. @throws as `finish` */
  async add(event: TransferredEvent): Promise<void> {
    const { stream, revision, ...facts } = event
    const length = lineOf(event).length
    const group = this.#group
    // Of a stream without revisions there is one event only.
    if (
      group?.stream === stream &&
      group.events.length < maxEvents &&
      group.length + length <= maxLength &&
      revision !== undefined
    ) {
      group.events.push(facts)
      group.length += length
      return
    }
    await this.#send()
    const expected = revision === undefined || revision === 0 ? 'none' : revision - 1
    this.#group = { stream, expected, events: [facts], length }
  }

  /**
   * Returns when everything is in the log.
   *
   * @throws {CannotTransfer} something else writes to the log too; or what the log says
   */
  async finish(): Promise<void> {
    await this.#send()
    await Promise.all(this.#underWay)
    this.#check()
  }

  /** Waits for what is under way, whatever becomes of it. */
  async settle(): Promise<void> {
    await Promise.all(this.#underWay)
  }

  async #send(): Promise<void> {
    const group = this.#group
    this.#group = undefined
    if (group === undefined) return
    while (this.#underWay.length >= this.#options.atOnce) await this.#underWay.shift()
    this.#check()
    this.#options.signal.throwIfAborted()
    this.#underWay.push(this.#append(group))
  }

  #check(): void {
    if (this.#failure) throw this.#failure.error
  }

  /** Never rejects: the first failure is what `add` and `finish` throw. */
  async #append({ stream, events, expected }: Group): Promise<void> {
    try {
      const { position } = await this.#surely(stream, events, expected)
      if (position <= this.#last) throw notAlone()
      this.#last = position
      this.#done += events.length
      this.#options.onProgress(this.#done)
    } catch (error) {
      this.#failure ??= { error: error instanceof WrongExpectedRevision ? notAlone(error) : error }
    }
  }

  /** What may have been written is appended again, the same, until it is known. */
  async #surely(stream: string, events: readonly NewEvent[], expected: Expected): Promise<Appended> {
    const { store, signal } = this.#options
    const began = performance.now()
    for (;;) {
      try {
        return await store.append(stream, events, expected)
      } catch (error) {
        if (!(error instanceof OutcomeUnknown) || performance.now() - began > patienceMs) throw error
        await sleep(pauseMs, undefined, { signal })
      }
    }
  }
}

const notAlone = (cause?: Error): CannotTransfer =>
  new CannotTransfer(
    'Something else writes to the log that is imported into. Stop all servers on it, remove what is in it, and import again.',
    { cause },
  )
