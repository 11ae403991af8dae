// What happens because of an event: a process follows the log from a checkpoint of its own.
// An event may come again after a crash, so whatever a process does must be harmless when it is done twice.

import { setTimeout as sleep } from 'node:timers/promises'
import { type Documents, RecordConflict } from '../documents/port.ts'
import type { EventOf, EventType, Recorded } from '../domain/events.ts'
import { decode, isDecoded } from '../eventstore/decode.ts'
import type { LogListener } from '../eventstore/follower.ts'
import type { Delivery, EventStore, Position } from '../eventstore/port.ts'
import { Backlog } from '../projecting/backlog.ts'
import { Bell } from '../projecting/bell.ts'
import { advanced, atStart, fromRecord, isOfLog, toRecord } from '../projecting/checkpoint.ts'
import type { Logger } from '../projecting/logger.ts'
import { describe, type Persistence, untilDone } from '../projecting/retry.ts'
import { writeSurely } from '../projecting/writing.ts'

/** An event that something is done about, with the request that it came of. */
export type Cause<T extends EventType> = Recorded<EventOf<T>> & { readonly correlationId: string }

export interface ProcessOptions<T extends EventType> {
  readonly store: EventStore
  readonly documents: Documents
  readonly logger: Logger
  /** Names its checkpoint: never changed. */
  readonly name: string
  /** The events that it cares for. */
  readonly types: readonly T[]
  /** Does what is to be done, events in order; called again, with the same and perhaps more, after it failed. `position` is behind them all. */
  readonly handle: (events: readonly Cause<T>[], position: Position, signal: AbortSignal) => Promise<void>
  /** How long it waits for more before it handles what has come, in ms (default 0). */
  readonly gatherMs?: number
  /** Whether it is this node's turn: of several nodes one does the work. Looked at between two batches (default: always). */
  readonly turn?: (() => boolean) | undefined
}

/** How often the checkpoint is written while nothing had to be done, in ms. */
const idleCheckpointMs = 1_000
/** How often it looks whether it is this node's turn, in ms. */
const turnMs = 500
/** Events handled together, about. */
const enough = 1_000

export class Process<T extends EventType> implements LogListener {
  readonly #options: ProcessOptions<T>
  readonly #types: ReadonlySet<string>
  readonly #bell = new Bell()
  readonly #backlog: Backlog
  readonly #stop = new AbortController()
  #checkpoint = atStart
  #written = atStart
  #writtenAt = 0
  #recordVersion = 0
  #asked: (() => void)[] = []
  #trouble: string | undefined
  /** It stands where the work goes on; otherwise it looks where another node has come. */
  #atWork = false
  #running: Promise<void> | undefined

  constructor(options: ProcessOptions<T>) {
    this.#options = options
    this.#types = new Set(options.types)
    this.#backlog = new Backlog({ store: options.store, after: atStart.position, onNews: () => this.#bell.ring() })
  }

  /** Everything up to here has been handled. */
  get checkpoint(): Position {
    return this.#checkpoint.position
  }

  /** What keeps it from going on now, as a sentence. */
  get trouble(): string | undefined {
    return this.#trouble
  }

  /** Begins after its checkpoint; with another log than before, at the start of it. */
  async open(): Promise<void> {
    await this.#begin()
    this.#running = this.#run()
  }

  async #begin(): Promise<void> {
    const { documents, store, logger, name } = this.#options
    const record = await documents.record(this.#key)
    this.#recordVersion = record?.version ?? 0
    const checkpoint = record ? fromRecord(record.value) : atStart
    if (await isOfLog(store, checkpoint)) this.#checkpoint = checkpoint
    else logger.warn(`The checkpoint of ${name} belongs to another log. It begins at the start of this one.`)
    this.#written = this.#checkpoint
    this.#backlog.reset(this.#checkpoint.position)
    this.#atWork = true
  }

  deliver(delivery: Delivery): void {
    this.#backlog.deliver(delivery)
  }

  /** Resolves when everything that is in the log now has been handled; at once where that is another node's work. */
  async idle(): Promise<void> {
    if (this.#stop.signal.aborted) return
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#asked.push(resolve)
    this.#backlog.readTheLog()
    await promise
  }

  async close(): Promise<void> {
    this.#stop.abort(new Error(`${this.#options.name} is closed.`))
    await this.#running
    for (const resolve of this.#asked.splice(0)) resolve()
    await this.#backlog.close()
    // It only spares some work at the next start.
    if (this.#atWork && this.#written !== this.#checkpoint) await this.#record(AbortSignal.timeout(500)).catch(() => {})
  }

  get #key(): string {
    return `process/${this.#options.name}`
  }

  #persistence(signal: AbortSignal): Persistence {
    const { name, logger } = this.#options
    return {
      signal,
      onFailure: (error) => {
        if (this.#trouble === undefined) logger.warn(`${name} cannot go on: ${describe(error)}`)
        this.#trouble = describe(error)
      },
      onRecovery: () => {
        this.#trouble = undefined
        logger.info(`${name} goes on.`)
      },
    }
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop
    while (!signal.aborted) {
      try {
        if (this.#options.turn?.() === false) await this.#rest(signal)
        else if (this.#atWork) await this.#step(signal)
        else await this.#begin()
      } catch (error) {
        if (signal.aborted) return
        // What was taken and not handled is read again.
        this.#backlog.reset(this.#checkpoint.position)
        this.#persistence(signal).onFailure(error)
        await sleep(Math.random() * 1_000, undefined, { signal }).catch(() => {})
      }
    }
  }

  /** Another node does the work. */
  async #rest(signal: AbortSignal): Promise<void> {
    if (this.#atWork) this.#backlog.reset(this.#checkpoint.position)
    this.#atWork = false
    for (const resolve of this.#asked.splice(0)) resolve()
    await sleep(turnMs, undefined, { signal })
  }

  async #step(signal: AbortSignal): Promise<void> {
    const { handle, gatherMs = 0 } = this.#options
    const persistence = this.#persistence(signal)
    // Who asks while the end is looked for may know of more than is found.
    const asked = this.#asked.length
    const events: Cause<T>[] = []
    let next = this.#checkpoint
    let took = false
    for (let waited = gatherMs === 0; ; ) {
      const batch = await untilDone(() => this.#backlog.next(), persistence)
      if (batch) {
        took = true
        next = advanced(next, batch.events, batch.position)
        for (const stored of batch.events) {
          const event = decode(stored)
          // One of these types, as was just looked up.
          if (!isDecoded(event) || !this.#types.has(event.type)) continue
          const correlationId = stored.metadata.$correlationId ?? event.id
          events.push({ ...(event as Recorded<EventOf<T>>), correlationId })
        }
        if (events.length >= enough) break
      } else {
        if (waited || events.length === 0) break
        waited = true
        await sleep(gatherMs, undefined, { signal })
      }
    }
    if (!took) {
      for (const resolve of this.#asked.splice(0, asked)) resolve()
      await this.#bell.wait(signal, this.#options.turn && turnMs)
      return
    }
    if (events.length > 0) await untilDone(() => handle(events, next.position, signal), persistence)
    this.#checkpoint = next
    if (events.length > 0 || performance.now() - this.#writtenAt > idleCheckpointMs) await this.#record(signal)
  }

  async #record(signal: AbortSignal): Promise<void> {
    const { documents } = this.#options
    const value = toRecord(this.#checkpoint)
    const records = [{ key: this.#key, expectedVersion: this.#recordVersion, value }]
    this.#writtenAt = performance.now()
    try {
      await writeSurely(documents, { writes: [], records }, this.#persistence(signal))
      this.#recordVersion += 1
      this.#written = this.#checkpoint
    } catch (error) {
      if (!(error instanceof RecordConflict)) throw error
      // Another node does the same work, which is harmless: the next checkpoint is written over its.
      this.#recordVersion = (await documents.record(this.#key))?.version ?? 0
    }
  }
}
