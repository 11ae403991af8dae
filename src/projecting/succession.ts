// Of nodes that bring different versions of a projection the newer one folds, once its builds are made; the older one as long as no
// newer one lives.

import { setTimeout as sleep } from 'node:timers/promises'
import type { Projection } from '../../projections/projection.ts'
import type { Documents } from '../documents/port.ts'
import { madeAs, pointerKey, readPointers, versionsAmong } from './builds.ts'
import type { Readings } from './readings.ts'
import type { ReadModels } from './readModels.ts'
import { type RebuildSite, rebuild } from './rebuild.ts'

interface SuccessionOptions {
  readonly documents: Documents
  readonly projections: readonly Projection[]
  readonly readModels: ReadModels
  /** Where several nodes share the documents. */
  readonly readings: Readings | undefined
}

/** How long a node waits that finds another one making the same builds, at most, in ms. */
const waitMs = 2_000

export class Succession {
  readonly #options: SuccessionOptions
  #beside: readonly Projection[] = []
  /** Its builds are made: now this node is to fold. */
  #prepared = false

  constructor(options: SuccessionOptions) {
    this.#options = options
  }

  /** What is to be made while a node that lives folds an older version of it. */
  get beside(): readonly Projection[] {
    return this.#beside
  }

  /** Whether it is for this node to fold, where nobody does. */
  async mayTake(): Promise<boolean> {
    const { projections, readings } = this.#options
    if (readings === undefined) return true
    await this.tellReads()
    const { newer, older } = versionsAmong((await readings.ofOthers()).brings, projections)
    const built = await this.#built()
    this.#beside = projections.filter(({ name, version }) => older.has(name) && !built.has(pointerKey(name, version)))
    return !newer.some((key) => built.has(key)) && (this.#beside.length === 0 || this.#prepared)
  }

  /**
   * Makes those builds, folds, and switches to them. Returns at once, or after a while, where another node makes the same.
   *
   * @param options.lead resolves when this node folds
   * @throws {FoldFailed} or the signal's reason
   */
  async buildBeside(
    site: RebuildSite,
    { signal, lead }: { readonly signal: AbortSignal; readonly lead: () => Promise<void> },
  ): Promise<void> {
    const { readings } = this.#options
    const missing = this.#beside
    if (readings === undefined || missing.length === 0) return
    const makes = missing.map(madeAs)
    await readings.tell({ makes })
    try {
      // Whoever tells first and looks then is not the second one.
      const others = await readings.ofOthers()
      if (others.makes.some((made) => makes.includes(made))) {
        await readings.tell({ makes: [] })
        return await sleep(Math.random() * waitMs, undefined, { signal })
      }
      // Or it makes them no more because they are made.
      const built = await this.#built()
      if (missing.some(({ name, version }) => built.has(pointerKey(name, version)))) return
      const prepared = (): Promise<void> => {
        this.#prepared = true
        return lead()
      }
      await rebuild(site, missing, { signal, lead: prepared })
    } finally {
      this.#prepared = false
      await readings.tell({ reads: this.#reads, makes: [] })
    }
  }

  /** Tells the other nodes what is read here. */
  async tellReads(): Promise<void> {
    await this.#options.readings?.tell({ reads: this.#reads })
  }

  /** Nothing is read here any more. */
  async end(): Promise<void> {
    await this.#options.readings?.end()
  }

  /** Keys of the pointers to builds that are made, by whatever node. */
  async #built(): Promise<ReadonlySet<string>> {
    const { documents, projections } = this.#options
    return new Set((await readPointers(documents, projections)).map(({ key }) => key))
  }

  get #reads(): readonly string[] {
    const { projections, readModels } = this.#options
    return projections.flatMap(({ name }) => readModels.collectionOf(name) ?? [])
  }
}
