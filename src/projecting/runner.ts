// The live runner: one loop that folds the log into the builds in use, batch by batch, and lets others in between two batches.

import { setTimeout as sleep } from 'node:timers/promises'
import { type Documents, type RecordChange, RecordConflict } from '../documents/port.ts'
import type { Recorded } from '../domain/events.ts'
import type { Position } from '../eventstore/port.ts'
import type { Backlog, Batch } from './backlog.ts'
import type { Bell } from './bell.ts'
import { checkpointKey, parkedMarkKey } from './builds.ts'
import { advanced, atStart, type Checkpoint, toRecord } from './checkpoint.ts'
import { decodeAll, foldBatch, Pace } from './foldBatch.ts'
import type { Lease } from './lease.ts'
import type { Logger } from './logger.ts'
import type { ReadModels } from './readModels.ts'
import { describe, type Persistence, untilDone } from './retry.ts'
import type { Target } from './target.ts'
import { writeSurely } from './writing.ts'

/** What the builds in use are when this node begins to fold. */
export interface Beginning {
  readonly targets: readonly Target[]
  readonly checkpoint: Checkpoint
  /** Version of the checkpoint's record; 0 where there is none. */
  readonly recordVersion: number
  /** Version of the record that changes when a document is parked; 0 where there is none. */
  readonly parkedMark: number
}

interface RunnerOptions {
  readonly documents: Documents
  readonly readModels: ReadModels
  readonly backlog: Backlog
  readonly bell: Bell
  readonly logger: Logger
  /** Where several nodes share the documents. */
  readonly lease: Lease | undefined
  /** Whether this node may take the lease: not while one lives that brings a newer version. */
  readonly mayTake: () => Promise<boolean>
  /** How often a node without the lease looks whether it is free, in ms. */
  readonly standbyMs: number
  /** Whether something is under way that only the node that folds can do. */
  readonly busy: () => boolean
  /** Finds out where to go on, when this node begins to fold. */
  readonly begin: () => Promise<Beginning>
  /** Called now and then while another node folds: looks at everything. */
  readonly standBy: () => Promise<void>
  /** Called often while the node that folds is behind what this one has heard. @returns how far it is */
  readonly look: () => Promise<Position>
  readonly onEvents: ((events: readonly Recorded[], position: Position) => void) | undefined
}

/** Builds that are folded along with those in use, before they take their place or are compared with them. */
export interface Companion {
  readonly targets: readonly Target[]
  /** It was left behind: an error in a fold, or this node no longer folds. */
  readonly fail: (error: Error) => void
}

/** How often a node that waits for the one that folds looks where that one is, in ms; seldomer while nothing moves. */
const lookMs = 10
const longestLookMs = 200

/**
 * After a batch, what comes within so many ms is folded together: one small batch after the other takes several times as long.
 * Whoever waits for it ends that at once.
 */
const gatherMs = 10
/** So many events are a batch worth folding. */
const enough = 250

/** Another node folds now. */
export class NotTheRunner extends Error {
  override readonly name = 'NotTheRunner'
  constructor() {
    super('This node does not run the projections now: another one does. Ask there, or try again later.')
  }
}

export class Runner {
  readonly #options: RunnerOptions
  readonly #stop = new AbortController()
  readonly #companions = new Set<Companion>()
  readonly #pace = new Pace(8)
  #active: readonly Target[] = []
  #checkpoint = atStart
  #recordVersion = 0
  #parkedMark = 0
  #leading = false
  #turns: { readonly work: () => Promise<void>; readonly refuse: (error: Error) => void }[] = []
  #inHand: { readonly events: number; readonly occurredAt: string | undefined } | undefined
  #atEnd: { readonly resolve: () => void }[] = []
  #trouble: string | undefined
  #skipped = 0
  #running: Promise<void> | undefined
  #gatherUntil = 0
  #hurry: (() => void) | undefined

  constructor(options: RunnerOptions) {
    this.#options = options
    options.readModels.onAwaited(() => this.#hurry?.())
  }

  get active(): readonly Target[] {
    return this.#active
  }

  get checkpoint(): Checkpoint {
    return this.#checkpoint
  }

  get leading(): boolean {
    return this.#leading
  }

  get stopped(): boolean {
    return this.#stop.signal.aborted || this.#running === undefined
  }

  /** What keeps it from going on now, as a sentence. */
  get trouble(): string | undefined {
    return this.#trouble
  }

  /** Events that could not be decoded, since the start. */
  get skipped(): number {
    return this.#skipped
  }

  /** The batch that is being folded and written. */
  get inHand(): { readonly events: number; readonly occurredAt: string | undefined } | undefined {
    return this.#inHand
  }

  /** For others that read and write the documents on its behalf. */
  get persistence(): Persistence {
    return {
      signal: this.#stop.signal,
      onFailure: (error) => {
        if (this.#trouble === undefined) this.#options.logger.warn(`The read models cannot go on: ${describe(error)}`)
        this.#trouble = describe(error)
      },
      onRecovery: () => {
        this.#trouble = undefined
        this.#options.logger.info('The read models go on.')
      },
    }
  }

  start(): void {
    this.#running = this.#run()
  }

  async close(): Promise<void> {
    this.#stop.abort(new Error('The read models are closed.'))
    this.#hurry?.()
    await this.#running
    this.#yield(new Error('The read models are closed.'))
    await this.#options.backlog.close()
    await this.#options.lease?.release()
  }

  /** Does something between two batches. @throws {NotTheRunner} */
  exclusive<T>(work: () => Promise<T>): Promise<T> {
    if (!this.#leading) return Promise.reject(new NotTheRunner())
    return new Promise((resolve, reject) => {
      this.#turns.push({ work: () => work().then(resolve, reject), refuse: reject })
      this.#options.bell.ring()
      this.#hurry?.()
    })
  }

  /** From the next batch on, it is folded too. Within `exclusive`. */
  attach(companion: Companion): void {
    this.#companions.add(companion)
  }

  detach(companion: Companion): void {
    this.#companions.delete(companion)
  }

  /** These builds are in use now. Within `exclusive`. */
  activate(targets: readonly Target[]): void {
    const names = new Set(targets.map((target) => target.projection.name))
    this.#active = [...this.#active.filter((target) => !names.has(target.projection.name)), ...targets]
  }

  /** Where nothing was in use before: goes on from here. Within `exclusive`. */
  goOnFrom(checkpoint: Checkpoint): void {
    this.#checkpoint = checkpoint
    this.#options.backlog.reset(checkpoint.position)
  }

  /** Writes records together with the present checkpoint. Within `exclusive`. */
  async record(changes: readonly RecordChange[]): Promise<void> {
    const checkpoint = { key: checkpointKey, expectedVersion: this.#recordVersion, value: toRecord(this.#checkpoint) }
    await writeSurely(this.#options.documents, { writes: [], records: [...changes, checkpoint] }, this.persistence)
    this.#recordVersion += 1
    this.#options.readModels.advance(this.#checkpoint.position)
  }

  /** Resolves when nothing is left to take in. */
  async reachEnd(signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    signal.addEventListener('abort', () => resolve(), { once: true })
    this.#atEnd.push({ resolve })
    this.#options.backlog.readTheLog()
    this.#hurry?.()
    await promise
    signal.throwIfAborted()
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop
    const { logger } = this.#options
    for (let failures = 0; !signal.aborted; ) {
      try {
        if (await this.#mayFold()) await this.#step()
        failures = 0
        this.#trouble = undefined
      } catch (error) {
        if (signal.aborted) return
        if (error instanceof RecordConflict) {
          logger.warn('Another node has gone on with the read models; this one begins again where it stands.')
          continue
        }
        this.persistence.onFailure(error)
        await sleep(Math.random() * Math.min(2_000, 50 * 2 ** failures++), undefined, { signal }).catch(() => {})
      }
    }
  }

  async #mayFold(): Promise<boolean> {
    const { lease, mayTake, begin, standBy, standbyMs } = this.#options
    if (this.#leading) {
      const letGo = !this.#options.busy()
      if (!lease || (await untilDone(() => lease.renewInTime({ letGo }), this.persistence))) return true
      this.#yield(new NotTheRunner())
      return false
    }
    if (lease && !((await mayTake()) && (await lease.take()))) {
      await standBy()
      await this.#follow(standbyMs)
      return false
    }
    const { targets, checkpoint, recordVersion, parkedMark } = await begin()
    this.#active = targets
    this.#checkpoint = checkpoint
    this.#recordVersion = recordVersion
    this.#parkedMark = parkedMark
    this.#options.backlog.reset(checkpoint.position)
    this.#options.readModels.advance(checkpoint.position)
    this.#leading = true
    return true
  }

  /** Whoever asks this node for what was just written must not wait until it looks around the next time. */
  async #follow(forMs: number): Promise<void> {
    const { backlog, bell, look } = this.#options
    const { signal } = this.#stop
    const until = performance.now() + forMs
    let pause = lookMs
    for (let left = forMs; left > 0 && !signal.aborted; left = until - performance.now()) {
      const { delivered } = backlog
      const before = this.#options.readModels.checkpoint
      if (delivered === undefined || delivered <= before) {
        await bell.wait(signal, left)
        pause = lookMs
        continue
      }
      const reached = await untilDone(look, this.persistence)
      // The end of what was delivered may be a mark that the other one never stands at.
      pause = reached > before ? lookMs : Math.min(2 * pause, longestLookMs)
      await sleep(Math.min(pause, left), undefined, { signal })
    }
  }

  /** What was in memory may be behind what is stored. */
  #yield(error: Error): void {
    this.#leading = false
    for (const target of this.#active) target.clear()
    this.#active = []
    this.#options.backlog.reset(this.#checkpoint.position)
    for (const companion of this.#companions) companion.fail(error)
    this.#companions.clear()
    for (const turn of this.#turns.splice(0)) turn.refuse(error)
  }

  async #step(): Promise<void> {
    const { backlog, bell } = this.#options
    const turn = this.#turns.shift()
    if (turn) return turn.work()
    if (await this.#gathered()) return
    const idle = this.#active.length === 0 && this.#companions.size === 0
    // Who asks while the end is looked for may know of more than is found.
    const asked = this.#atEnd.length
    const batch = idle ? undefined : await backlog.next()
    if (batch) return this.#apply(batch)
    if (!idle) for (const one of this.#atEnd.splice(0, asked)) one.resolve()
    await bell.wait(this.#stop.signal, this.#options.lease && this.#options.standbyMs)
  }

  /** @returns whether it has waited: others may have come in between */
  async #gathered(): Promise<boolean> {
    const { backlog, readModels } = this.#options
    const left = this.#gatherUntil - performance.now()
    if (left <= 0 || !backlog.live || backlog.events >= enough || readModels.awaited) return false
    if (this.#companions.size > 0 || this.#atEnd.length > 0) return false
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, left)
    this.#hurry = resolve
    await promise
    clearTimeout(timer)
    this.#hurry = undefined
    this.#gatherUntil = 0
    return true
  }

  async #apply({ events, position }: Batch): Promise<void> {
    const { documents, readModels, onEvents, logger } = this.#options
    const persistence = this.persistence
    this.#inHand = { events: events.length, occurredAt: events[0]?.metadata.occurredAt }
    try {
      const { decoded, skipped } = decodeAll(events)
      const targets = [...this.#active, ...[...this.#companions].flatMap((companion) => companion.targets)]
      const reading = <T>(read: () => Promise<T>): Promise<T> => untilDone(read, persistence)
      const failures = await foldBatch(targets, decoded, { documents, pace: this.#pace, reading })
      const lost = new Set<Target>()
      for (const companion of this.#companions) {
        const error = companion.targets.map((target) => failures.get(target)).find((one) => one !== undefined)
        if (error === undefined) continue
        this.#companions.delete(companion)
        for (const target of companion.targets) lost.add(target)
        companion.fail(error)
      }
      const going = targets.filter((target) => !lost.has(target))
      // What says who may see what is written first, for engines that write one after the other.
      const ordered = going.toSorted((a, b) => Number(b.projection.access) - Number(a.projection.access))
      const next = advanced(this.#checkpoint, events, position)
      const checkpoint = { key: checkpointKey, expectedVersion: this.#recordVersion, value: toRecord(next) }
      const writes = ordered.flatMap((target) => target.takeChanged())
      const parked = going.flatMap((target) => target.parkedChanges())
      const mark = { key: parkedMarkKey, expectedVersion: this.#parkedMark, value: { position } }
      const isNew = parked.some(({ expectedVersion }) => expectedVersion === 0)
      const records = [...parked, ...(isNew ? [mark] : []), checkpoint]
      await writeSurely(documents, { writes, records }, persistence)
      this.#recordVersion += 1
      if (isNew) this.#parkedMark += 1
      this.#checkpoint = next
      this.#skipped += skipped
      readModels.advance(position)
      for (const target of this.#active)
        for (const parked of target.takeNewlyParked())
          logger.error(
            `${parked.projection}: ${parked.documentId} was put aside at revision ${parked.fromRevision} of ${parked.stream} ` +
              `(${parked.error}). Mend the projection, then run: parley projections rebuild ${parked.projection}`,
          )
      onEvents?.(decoded, position)
    } catch (error) {
      // The batch is no longer in the line: this begins again from the checkpoint.
      this.#yield(new NotTheRunner())
      throw error
    } finally {
      this.#inHand = undefined
      this.#gatherUntil = performance.now() + gatherMs
    }
  }
}
