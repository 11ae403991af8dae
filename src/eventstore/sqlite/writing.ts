// The main thread's half of the writing thread: gathers appends into batches and hands out what became of them.

import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { type Appended, type Expected, OutcomeUnknown, StoreUnavailable, WrongExpectedRevision } from '../port.ts'
import { messageOf } from './failure.ts'
import { positionOf } from './positions.ts'
import {
  type FromWriter,
  outcome,
  type StoredEvent,
  type ToWriter,
  type Value,
  type WorkerSettings,
} from './protocol.ts'

interface Waiting {
  readonly stream: string
  readonly expected: Expected
  readonly keepsOnlyNewest: boolean
  readonly events: readonly StoredEvent[]
  readonly resolve: (appended: Appended) => void
  readonly reject: (error: Error) => void
}

/** Events in one transaction, about. */
const eventsOfBatch = 2_048
/** With so many events waiting, the thread begins to write them while more are being made. */
const eventsOfPart = 10
/** A batch that is written while it is being made ends with so many. */
const eventsOfOpenBatch = 1_024
/** With so many events waiting, the next batch is sent while one is being written. */
const worthSendingAhead = 256
/**
 * Waking this thread takes 50 to 100 µs, as the other one's: much, where a commit takes 200. So after one that took no longer than
 * this, in ms, the event loop does not sleep during the next one, for as long: it goes round and serves whatever comes. With one
 * core that would only keep the other thread from its work.
 */
const quickCommit = availableParallelism() > 1 ? 0.5 : 0

export interface Statistics {
  /** Appends that were acknowledged. */
  appends: number
  /** Transactions, each with one fsync, that they took. */
  commits: number
}

export interface WritingOptions {
  readonly settings: WorkerSettings
  /** Called for each durable append, in the order of the log, before it is acknowledged. */
  readonly onStored: (events: readonly StoredEvent[]) => void
  /** Called after batches, once their appends have been answered. */
  readonly onBatch: () => void
  /** Called once, when from now on no append can succeed. */
  readonly onFault: (reason: string) => void
}

export class Writing {
  readonly #worker: Worker
  readonly #options: WritingOptions
  #waiting: Waiting[] = []
  #eventsWaiting = 0
  readonly #sent: Waiting[][] = []
  /** Events of the last of those, where more parts of it may follow. */
  #eventsOfOpen: number | undefined
  readonly #forgetting = new Map<number, { resolve: () => void; reject: (error: Error) => void }>()
  #calls = 0
  #flushing = false
  #following: NodeJS.Immediate | undefined
  #awake: NodeJS.Immediate | undefined
  /** When the last batch was sent, and how long the one before took until it was answered, in ms. */
  #sentAt = 0
  #tookMs = Number.POSITIVE_INFINITY
  #closing = false
  #fault: string | undefined
  readonly #ended: Promise<void>
  readonly statistics: Statistics = { appends: 0, commits: 0 }

  private constructor(worker: Worker, options: WritingOptions) {
    this.#worker = worker
    this.#options = options
    // Not `once` of node:events: that one fails with the thread's error, for which nobody waits before `close`.
    this.#ended = new Promise((resolve) => worker.once('exit', () => resolve()))
    worker.on('message', (message: FromWriter) => this.#hear(message))
    worker.on('error', (error) => this.#died(messageOf(error)))
    worker.on('exit', () => this.#died('it ended'))
  }

  /** Resolves when the thread is ready. */
  static async start(options: WritingOptions): Promise<Writing> {
    const worker = new Worker(new URL('./writer.ts', import.meta.url), { workerData: options.settings })
    const [message] = (await once(worker, 'message')) as [FromWriter]
    if (message.kind !== 'ready') throw new Error(`The writing thread began with "${message.kind}".`)
    return new Writing(worker, options)
  }

  get fault(): string | undefined {
    return this.#fault
  }

  append(events: readonly StoredEvent[], to: { stream: string; expected: Expected; keepsOnlyNewest: boolean }) {
    return new Promise<Appended>((resolve, reject) => {
      const { stream, expected, keepsOnlyNewest } = to
      this.#waiting.push({ stream, expected, keepsOnlyNewest, events, resolve, reject })
      this.#eventsWaiting += events.length
      const idle = this.#sent.length === 0
      const open = this.#eventsOfOpen !== undefined
      if (this.#eventsWaiting >= worthSendingAhead && this.#sent.length < 2) this.#flush()
      else if (this.#eventsWaiting >= eventsOfPart && (open || (idle && this.#waiting.length > 1))) this.#send('part')
      if (!this.#flushing && (idle || open)) {
        this.#flushing = true
        queueMicrotask(() => this.#flush())
      }
    })
  }

  /** An append is about to be made: wakes the thread, if it sleeps, and has it begin a transaction meanwhile. */
  prepare(): void {
    if (this.#sent.length > 0 || this.#flushing) return
    this.#send('part')
    this.#flushing = true
    queueMicrotask(() => this.#flush())
  }

  forget(ids: readonly string[]): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#eventsOfOpen !== undefined) this.#flush()
      this.#calls += 1
      this.#forgetting.set(this.#calls, { resolve, reject })
      this.#post({ kind: 'forget', call: this.#calls, ids })
    })
  }

  /** Writes what waits, then ends the thread. */
  async close(): Promise<void> {
    if (this.#eventsOfOpen !== undefined) this.#send('last')
    while (this.#waiting.length > 0 && this.#fault === undefined) this.#send('last')
    this.#closing = true
    this.#post({ kind: 'close' })
    await this.#ended
  }

  #post(message: ToWriter): void {
    this.#worker.postMessage(message)
  }

  /** At most two batches are on their way: one being written, one next. What comes meanwhile gathers. */
  #flush(): void {
    this.#flushing = false
    if (this.#eventsOfOpen !== undefined) this.#send('last')
    while (this.#waiting.length > 0 && this.#fault === undefined) {
      const ahead = this.#sent.length === 1 && this.#eventsWaiting >= worthSendingAhead
      if (this.#sent.length > 0 && !ahead) return
      this.#send('last')
    }
  }

  /** Sends what waits, as a part of the batch that is open or of a new one. */
  #send(which: 'part' | 'last'): void {
    const part: Value[] = []
    let events = 0
    let taken = 0
    for (const append of this.#waiting) {
      if (taken > 0 && events + append.events.length > eventsOfBatch) break
      taken += 1
      events += append.events.length
      part.push(append.stream, append.expected, append.keepsOnlyNewest ? 1 : 0, append.events.length)
      for (const { id, type, data, body, metadata } of append.events) part.push(id, type, data, body, metadata)
    }
    const appends = this.#waiting.slice(0, taken)
    if (this.#eventsOfOpen === undefined) this.#sent.push(appends)
    else this.#sent.at(-1)?.push(...appends)
    this.#waiting = this.#waiting.slice(taken)
    this.#eventsWaiting -= events
    const all = (this.#eventsOfOpen ?? 0) + events
    const last = which === 'last' || all >= eventsOfOpenBatch
    this.#eventsOfOpen = last ? undefined : all
    this.#post({ kind: 'append', part, last })
    if (!last) return
    this.#sentAt = performance.now()
    if (this.#tookMs < quickCommit) this.#stayAwake()
  }

  #stayAwake(): void {
    this.#awake ??= setImmediate(() => {
      this.#awake = undefined
      if (this.#sent.length > 0 && performance.now() - this.#sentAt < quickCommit) this.#stayAwake()
    })
  }

  #hear(message: FromWriter): void {
    switch (message.kind) {
      case 'appended':
        this.#settle(message.outcomes)
        return
      case 'failed':
        this.#fail(message.reason, message.written)
        if (message.latched) this.latch(message.reason)
        else this.#flush()
        return
      case 'forgotten': {
        const call = this.#forgetting.get(message.call)
        this.#forgetting.delete(message.call)
        if (message.reason === undefined) call?.resolve()
        else call?.reject(new StoreUnavailable(message.reason))
        return
      }
      case 'latched':
        this.latch(message.reason)
        return
      case 'ready':
      case 'closed':
        return
      default:
        message satisfies never
    }
  }

  #settle(outcomes: readonly number[]): void {
    this.#tookMs = performance.now() - this.#sentAt
    const batch = this.#sent.shift() ?? []
    if (batch.length > 0) this.statistics.commits += 1
    this.statistics.appends += batch.length
    // Ahead of the answers: these lead to new appends, and the writer need not wait for them.
    this.#flush()
    let at = 0
    for (const append of batch) {
      this.#answer(append, outcomes, at)
      at += 4
    }
    // Whoever appended goes on first: those who follow the log would have their turns in between.
    this.#following ??= setImmediate(() => {
      this.#following = undefined
      this.#options.onBatch()
    })
  }

  #answer(append: Waiting, outcomes: readonly number[], at: number): void {
    const how = outcomes[at]
    const firstRevision = outcomes[at + 1] ?? 0
    const revision = outcomes[at + 2] ?? 0
    const last = outcomes[at + 3] ?? 0
    if (how === outcome.wrong) {
      const actual = revision === -1 ? undefined : revision
      append.reject(new WrongExpectedRevision(append.stream, append.expected, actual))
      return
    }
    if (how === outcome.appended && append.events.length > 0) {
      let before = append.events.length
      for (const event of append.events) {
        before -= 1
        event.revision = revision - before
        event.position = last - before
      }
      this.#options.onStored(append.events)
    }
    append.resolve({ firstRevision, revision, position: positionOf(last), repeated: how === outcome.repeated })
  }

  #fail(reason: string, written: 'no' | 'unknown'): void {
    for (const { reject } of this.#sent.shift() ?? []) {
      reject(written === 'no' ? new StoreUnavailable(reason) : new OutcomeUnknown(reason))
    }
  }

  /** From now on no append succeeds, and none is acknowledged that has not been. */
  latch(reason: string): void {
    if (this.#fault !== undefined) return
    this.#fault = reason
    for (const { reject } of this.#waiting) reject(new StoreUnavailable(reason))
    this.#waiting = []
    this.#options.onFault(reason)
  }

  #died(how: string): void {
    if (this.#closing && this.#sent.length === 0 && this.#forgetting.size === 0) return
    const reason = `The thread that writes the log has failed (${how}). Restart the server.`
    this.#eventsOfOpen = undefined
    while (this.#sent.length > 0) this.#fail(reason, 'unknown')
    for (const { reject } of this.#forgetting.values()) reject(new StoreUnavailable(reason))
    this.#forgetting.clear()
    this.latch(reason)
  }
}
