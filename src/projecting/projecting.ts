// The read models of this node: opens them, keeps them level with the log, makes them anew, compares them with the log.

import type { Projection } from '../../projections/projection.ts'
import type { Documents } from '../documents/port.ts'
import type { Recorded } from '../domain/events.ts'
import type { LogListener } from '../eventstore/follower.ts'
import type { Delivery, EventStore, Position } from '../eventstore/port.ts'
import { Backlog } from './backlog.ts'
import { Bell } from './bell.ts'
import { checkpointKey, parkedMarkKey, pointerKey, readPointers } from './builds.ts'
import { atStart, fromRecord, isOfLog } from './checkpoint.ts'
import type { CacheLimits } from './documentCache.ts'
import { Drops } from './drops.ts'
import { Lease } from './lease.ts'
import type { Logger } from './logger.ts'
import { LookingOn } from './lookingOn.ts'
import { Readings } from './readings.ts'
import { ReadModels } from './readModels.ts'
import { inUse, type RebuildOptions, type RebuildResult, type RebuildSite, rebuild } from './rebuild.ts'
import { describe, untilDone } from './retry.ts'
import { type Beginning, NotTheRunner, Runner } from './runner.ts'
import { type ProjectionStatus, statusOf } from './status.ts'
import { Succession } from './succession.ts'
import { Target } from './target.ts'
import { type VerifyOptions, type VerifyResult, verify } from './verify.ts'
import { takeUp } from './versions.ts'

export interface ProjectingOptions {
  readonly store: EventStore
  readonly documents: Documents
  readonly projections: readonly Projection[]
  readonly logger: Logger
  /** ms since 1970 */
  readonly clock?: () => number
  /** Told after each batch was written, with what could be decoded of it. */
  readonly onEvents?: (events: readonly Recorded[], position: Position) => void
  /** Where several nodes share the documents: they take turns by a lease. Without it this node has them to itself. */
  readonly shared?: {
    /** Names this life of this node: `node/life`. */
    readonly holder: string
    /** In ms (default 5,000). */
    readonly leaseMs?: number
    /** The present life of this node, and whether others' go on (default: the holder, and all). */
    readonly lives?: { readonly own: string; nodeIsAlive(life: string): boolean | Promise<boolean> }
  }
  /** How long a replaced build is kept, in ms (default 1,000; 20,000 where the documents are shared). */
  readonly graceMs?: number
}

/** The read models were made from another log than this one. */
export class ReadModelsOfAnotherLog extends Error {
  override readonly name = 'ReadModelsOfAnotherLog'
  constructor() {
    super(
      'The read models belong to another log: an event that they were made from is not in this one. ' +
        'If the log is the right one, make them anew: parley projections rebuild --all',
    )
  }
}

const liveLimits: CacheLimits = { documents: 5_000, bytes: 8_000_000 }

export class Projecting implements LogListener {
  readonly readModels: ReadModels
  readonly #options: ProjectingOptions
  readonly #bell = new Bell()
  readonly #backlog: Backlog
  readonly #runner: Runner
  readonly #lease: Lease | undefined
  readonly #leaseMs: number
  readonly #lookingOn: LookingOn
  readonly #succession: Succession
  readonly #drops: Drops
  readonly #site: RebuildSite
  readonly #clock: () => number
  /** Set when everything stored is to be replaced, because it belongs to another log. */
  #fresh = false
  #opened = false
  /** A rebuild or a comparison is under way. */
  #busy = false
  #wasLevel = false
  /** Rebuilding and verifying go one after the other. */
  #work: Promise<unknown> = Promise.resolve()

  constructor(options: ProjectingOptions) {
    const { store, documents, logger, shared, onEvents, clock = Date.now } = options
    this.#options = options
    this.#clock = clock
    this.readModels = new ReadModels(documents)
    // After this turn: whoever sent these events hears first that they are stored.
    const onNews = () => void setImmediate(() => this.#bell.ring())
    this.#backlog = new Backlog({ store, after: atStart.position, onNews })
    const lastsMs = shared?.leaseMs ?? 5_000
    this.#lease = shared && new Lease({ documents, holder: shared.holder, lastsMs, clock })
    this.#leaseMs = lastsMs
    const { readModels } = this
    this.#lookingOn = new LookingOn({ documents, projections: options.projections, readModels, backlog: this.#backlog })
    this.#runner = new Runner({
      documents,
      readModels: this.readModels,
      backlog: this.#backlog,
      bell: this.#bell,
      logger,
      lease: this.#lease,
      mayTake: () => this.#succession.mayTake(),
      standbyMs: lastsMs / 5,
      busy: () => this.#busy,
      begin: () => this.#begin(),
      standBy: () => untilDone(() => this.#lookingOn.lookAround(), this.#runner.persistence),
      look: () => this.#lookingOn.look(),
      onEvents,
    })
    const graceMs = options.graceMs ?? (shared ? 20_000 : 1_000)
    const underWay = new Set<{ readonly position: Position }>()
    const runner = this.#runner
    const readings =
      shared &&
      new Readings({
        documents,
        brings: options.projections.map(({ name, version }) => pointerKey(name, version)),
        life: () => shared.lives?.own ?? shared.holder,
        isAlive: (life) => shared.lives?.nodeIsAlive(life) ?? true,
      })
    this.#succession = new Succession({ documents, projections: options.projections, readModels, readings })
    this.#drops = new Drops({ documents, projections: options.projections, runner, logger, readings, underWay })
    const drops = this.#drops
    this.#site = {
      ...{ store, documents, runner, readModels, underWay, graceMs, liveLimits, drops },
      shared: shared !== undefined,
    }
  }

  /** Everything up to here can be read. */
  get checkpoint(): Position {
    return this.readModels.checkpoint
  }

  /** No build that is there, in use or not, is behind this position: what is deleted at or before it may be forgotten. */
  get slowest(): Position {
    let slowest = this.readModels.checkpoint
    for (const { position } of this.#site.underWay) if (position < slowest) slowest = position
    return slowest
  }

  /** Whether this node is the one that folds. */
  get leading(): boolean {
    return this.#runner.leading
  }

  /** Events that could not be decoded, since the start. */
  get skipped(): number {
    return this.#runner.skipped
  }

  /**
   * Begins to keep the read models level with the log.
   * @param options `fresh`: what is stored belongs to another log, and is replaced by `rebuild('all')`
   * @throws {ReadModelsOfAnotherLog}
   */
  async open(options: { readonly fresh?: boolean } = {}): Promise<void> {
    this.#fresh = options.fresh ?? false
    await this.#checkpointOfThisLog()
    this.#opened = true
    this.#runner.start()
  }

  /**
   * Builds what has never been built, and resolves when nothing of the log is left to take in.
   * @throws {FoldFailed} a new build cannot be made, or the signal's reason
   */
  async catchUp(signal: AbortSignal = new AbortController().signal): Promise<void> {
    // A node without the lease has caught up when the one that holds it has.
    const end = await this.#options.store.end()
    while (!this.#runner.leading && !this.#isReadable(end)) {
      if (this.#succession.beside.length > 0) await this.#buildBeside(signal)
      await this.#pause(signal)
    }
    if (this.#runner.leading) {
      const missing = this.#missing
      if (missing.length > 0) await this.#rebuild(missing, { signal })
      await this.#runner.reachEnd(signal)
    }
    this.#wasLevel = true
  }

  deliver(delivery: Delivery): void {
    this.#backlog.deliver(delivery)
  }

  /**
   * Makes these read models anew in one pass over the log; what is in use is read and written meanwhile.
   * @throws {FoldFailed} {NotTheRunner} or the signal's reason: then everything stays as it was
   */
  rebuild(names: readonly string[] | 'all', options: RebuildOptions = {}): Promise<readonly RebuildResult[]> {
    return this.#rebuild(this.#named(names), options)
  }

  /** Compares these read models with a fresh fold of the log. */
  verify(names: readonly string[] | 'all', options: VerifyOptions = {}): Promise<readonly VerifyResult[]> {
    return this.#leading(options.signal, () => verify(this.#site, this.#named(names), options))
  }

  status(): readonly ProjectionStatus[] {
    return statusOf({
      projections: this.#options.projections,
      runner: this.#runner,
      backlog: this.#backlog,
      readModels: this.readModels,
      seenParked: (name) => this.#lookingOn.parked(name),
      level: this.#wasLevel && (this.#backlog.live || !this.#runner.leading),
      stopped: !this.#opened || this.#runner.stopped,
      now: this.#clock(),
    })
  }

  /** Whether the read models are whole and can go on; if not, why. */
  health(): { readonly ready: true } | { readonly ready: false; readonly reason: string } {
    if (!this.#opened || this.#runner.stopped) return { ready: false, reason: 'The read models are closed.' }
    const trouble = this.#runner.trouble
    if (trouble !== undefined) return { ready: false, reason: `The read models cannot go on: ${trouble}` }
    const { projections } = this.#options
    const missing = projections.find(({ name }) => this.readModels.collectionOf(name) === undefined)
    if (missing) return { ready: false, reason: `The read model ${missing.name} is being built.` }
    const { replaced } = this.#lookingOn
    if (replaced !== undefined)
      return {
        ready: false,
        reason: `Another node keeps the read model ${replaced} in another version of Parley. This one shows what it was until then: start that version here too.`,
      }
    if (!this.#wasLevel) return { ready: false, reason: 'The read models are catching up with the log.' }
    return this.#options.documents.health()
  }

  async close(): Promise<void> {
    this.#opened = false
    await this.#runner.close()
    await this.#work.catch(() => {})
    await this.#drops.close()
    // Where the store is away, the others find out by this node's life.
    await this.#succession.end().catch(() => {})
    this.readModels.close()
  }

  #rebuild(projections: readonly Projection[], options: RebuildOptions): Promise<readonly RebuildResult[]> {
    return this.#leading(options.signal, async () => {
      const results = await rebuild(this.#site, projections, options)
      this.#fresh = false
      await untilDone(() => this.#succession.tellReads(), this.#runner.persistence)
      return results
    })
  }

  /** Makes what this node's versions need, while an older node folds; then folds instead of it. */
  #buildBeside(signal: AbortSignal): Promise<void> {
    return this.#inTurn(async () => {
      this.#busy = true
      try {
        const lead = (): Promise<void> => this.#lead(signal, Number.POSITIVE_INFINITY)
        await this.#succession.buildBeside(this.#site, { signal, lead })
      } finally {
        this.#busy = false
      }
    })
  }

  get #missing(): readonly Projection[] {
    return this.#options.projections.filter(({ name }) => this.readModels.collectionOf(name) === undefined)
  }

  #leading<T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    return this.#inTurn(async () => {
      this.#busy = true
      try {
        await this.#lead(signal)
        return await work()
      } finally {
        this.#busy = false
      }
    })
  }

  /** Whoever folds does it: of several nodes, the one that is asked becomes that one. @throws {NotTheRunner} another one is busy with its own */
  async #lead(signal: AbortSignal | undefined, patienceMs = 4 * this.#leaseMs): Promise<void> {
    const patience = performance.now() + patienceMs
    for (let askedAt = Number.NEGATIVE_INFINITY; !this.#runner.leading; ) {
      const now = performance.now()
      if (this.#lease && now > patience) throw new NotTheRunner()
      // Once it has the lease it only finds out where to go on.
      if (this.#lease && !this.#lease.held && now - askedAt > this.#leaseMs / 2) {
        await this.#lease.ask()
        askedAt = now
      }
      await this.#pause(signal)
    }
    await this.#lease?.askNoMore()
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#work.then(work)
    this.#work = result.catch(() => {})
    return result
  }

  #named(names: readonly string[] | 'all'): readonly Projection[] {
    const { projections } = this.#options
    if (names === 'all') return projections
    return [...new Set(names)].map((name) => {
      const projection = projections.find((one) => one.name === name)
      if (projection) return projection
      const known = projections.map((one) => one.name).join(', ')
      throw new Error(`There is no read model ${name}. There are: ${known}.`)
    })
  }

  #isReadable(position: Position): boolean {
    const whole = this.#options.projections.every(({ name }) => this.readModels.collectionOf(name) !== undefined)
    return whole && this.readModels.checkpoint >= position
  }

  async #pause(signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted()
    this.#runner.persistence.signal.throwIfAborted()
    await new Promise((resolve) => setTimeout(resolve, 5))
  }

  async #checkpointOfThisLog() {
    const { documents, store } = this.#options
    const record = await documents.record(checkpointKey)
    const checkpoint = record && !this.#fresh ? fromRecord(record.value) : atStart
    if (!(await isOfLog(store, checkpoint))) throw new ReadModelsOfAnotherLog()
    return { checkpoint, recordVersion: record?.version ?? 0 }
  }

  /** Called each time this node begins to fold. */
  async #begin(): Promise<Beginning> {
    const { documents, projections } = this.#options
    const stood = await this.#checkpointOfThisLog()
    const pointers = await readPointers(documents, projections)
    const active = new Set(pointers.map((one) => one.pointer.collection))
    await this.#drops.leftovers(active)
    const { checkpoint, recordVersion } = await takeUp(documents, projections, { ...stood, pointers })
    const parkedMark = (await documents.record(parkedMarkKey))?.version ?? 0
    this.#lookingOn.forget()
    const targets: Target[] = []
    for (const projection of this.#fresh ? [] : projections) {
      const key = pointerKey(projection.name, projection.version)
      const pointer = pointers.find((one) => one.key === key)?.pointer
      if (pointer === undefined) continue
      const { collection } = pointer
      const target = new Target({ projection, collection, limits: liveLimits, onError: 'park', empty: false })
      await target.loadParked(documents)
      // A crash may have come between the pointer and the indexes of an earlier version of the code.
      await documents.createIndexes(collection, projection.indexes)
      this.readModels.use(projection.name, inUse(target))
      targets.push(target)
    }
    await this.#succession.tellReads()
    const built = new Set(targets.map(({ projection }) => projection))
    const missing = projections.filter((projection) => !built.has(projection))
    if (this.#wasLevel && missing.length > 0) this.#buildAgain(missing)
    return { targets, checkpoint: targets.length > 0 ? checkpoint : atStart, recordVersion, parkedMark }
  }

  /** A newer node has put its own builds in the place of this one's, and lives no more. */
  #buildAgain(missing: readonly Projection[]): void {
    const { logger } = this.#options
    this.#wasLevel = false
    this.#rebuild(missing, {}).then(
      () => {
        this.#wasLevel = true
      },
      (error: unknown) => logger.error(`The read models cannot be built again: ${describe(error)}`),
    )
  }
}
