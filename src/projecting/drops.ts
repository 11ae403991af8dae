// Builds that are in use no more are dropped, once no node that lives reads them: an older node goes on with its own.

import { setTimeout as sleep } from 'node:timers/promises'
import type { Projection } from '../../projections/projection.ts'
import type { Documents } from '../documents/port.ts'
import { type Position, start } from '../eventstore/port.ts'
import { isMadeBy, leftovers, readPointers } from './builds.ts'
import type { Logger } from './logger.ts'
import { parkedKey, parkedPrefix } from './parking.ts'
import type { Readings } from './readings.ts'
import { untilDone } from './retry.ts'
import { NotTheRunner, type Runner } from './runner.ts'

interface DropsOptions {
  readonly documents: Documents
  readonly projections: readonly Projection[]
  readonly runner: Runner
  readonly logger: Logger
  /** Where several nodes share the documents. */
  readonly readings: Readings | undefined
  /** Positions of all builds that are not in use, so that forgetting can wait for them. */
  readonly underWay: Set<{ readonly position: Position }>
}

/** How often it is looked whether a build is still read elsewhere, in ms. */
const lookMs = 500

export class Drops {
  readonly #options: DropsOptions
  readonly #pending = new Set<Promise<void>>()

  constructor(options: DropsOptions) {
    this.#options = options
  }

  /**
   * Drops these when nobody needs them any more. Until it is gone a replaced build may hold what is to be forgotten: forgetting
   * waits for it. What is left is dropped by whoever folds next.
   *
   * @param options.position up to where they were folded @param options.after waits before the first look
   */
  begin(
    collections: readonly string[],
    { position, after }: { readonly position: Position; readonly after: () => Promise<void> },
  ): Promise<void> {
    if (collections.length === 0) return Promise.resolve()
    const mark = { position }
    const { underWay, logger } = this.#options
    underWay.add(mark)
    const { signal } = this.#options.runner.persistence
    const dropping = after()
      .then(() => this.#drop(collections))
      .catch((error: unknown) => {
        if (!signal.aborted && !(error instanceof NotTheRunner))
          logger.warn(`Builds that are in use no more could not be dropped: ${String(error)}`)
      })
      .finally(() => {
        underWay.delete(mark)
        this.#pending.delete(dropping)
      })
    this.#pending.add(dropping)
    return dropping
  }

  /**
   * When this node begins to fold: what no pointer names goes, unless a node that lives reads or makes it.
   * @param active the builds that pointers name
   */
  async leftovers(active: ReadonlySet<string>): Promise<void> {
    const { documents, projections, logger, readings, runner } = this.#options
    const others = await readings?.ofOthers()
    const kept: string[] = []
    for (const collection of leftovers(projections, await documents.collections(), active)) {
      if (isMadeBy(collection, readings?.makes ?? [])) continue
      if (others?.reads.includes(collection) || isMadeBy(collection, others?.makes ?? [])) {
        kept.push(collection)
        continue
      }
      logger.info(`Dropping ${collection}, which is not in use.`)
      await documents.dropCollection(collection)
    }
    // Nobody knows how far they have been folded. It is not before this node folds.
    const { signal } = runner.persistence
    const after = async (): Promise<void> => {
      while (!runner.leading) await sleep(lookMs, undefined, { signal })
    }
    void this.begin(kept, { position: start, after })
    await this.#dropParkedOf(new Set([...active, ...kept]))
  }

  /** Resolves when nothing is under way: after the runner was closed. */
  async close(): Promise<void> {
    await Promise.all(this.#pending)
  }

  async #dropParkedOf(active: ReadonlySet<string>): Promise<void> {
    const { documents } = this.#options
    for (const [key, { version, value }] of await documents.records('parked/')) {
      const { build, documentId } = value
      if (typeof build !== 'string' || active.has(build) || key !== parkedKey(build, String(documentId))) continue
      await documents.write([], [{ key, expectedVersion: version, value: undefined }])
    }
  }

  async #drop(collections: readonly string[]): Promise<void> {
    const { documents, runner, readings, logger, projections } = this.#options
    const { persistence } = runner
    let said = false
    for (let left = collections; left.length > 0; ) {
      const others = readings && (await untilDone(() => readings.ofOthers(), persistence))
      const spared = left.filter((one) => others?.reads.includes(one) || isMadeBy(one, others?.makes ?? []))
      const free = left.filter((one) => !spared.includes(one))
      // Only whoever folds drops, and nothing that has been taken into use meanwhile.
      const pointers = await runner.exclusive(() => readPointers(documents, projections))
      const used = new Set(pointers.map(({ pointer }) => pointer.collection))
      for (const collection of free) {
        if (used.has(collection)) continue
        const parked = await untilDone(() => documents.records(parkedPrefix(collection)), persistence)
        const records = [...parked].map(([key, { version }]) => ({ key, expectedVersion: version, value: undefined }))
        await untilDone(() => documents.dropCollection(collection), persistence)
        if (records.length > 0) await untilDone(() => documents.write([], records), persistence)
      }
      left = spared
      if (left.length === 0) return
      if (!said) logger.info(`${left.join(', ')} will be dropped when no node reads it any more.`)
      said = true
      await sleep(lookMs, undefined, { signal: persistence.signal })
    }
  }
}
