// What a node that does not fold knows of the read models: how far they are, which builds are in use, and what is parked in them.

import type { Projection } from '../../projections/projection.ts'
import type { Documents } from '../documents/port.ts'
import type { Position } from '../eventstore/port.ts'
import type { Backlog } from './backlog.ts'
import { checkpointKey, parkedMarkKey, pointerKey, progressPrefix, readPointers } from './builds.ts'
import { fromRecord } from './checkpoint.ts'
import { ParkedDocuments } from './parkedDocuments.ts'
import type { Parked } from './parking.ts'
import type { ReadModels } from './readModels.ts'

interface LookingOnOptions {
  readonly documents: Documents
  readonly projections: readonly Projection[]
  readonly readModels: ReadModels
  readonly backlog: Backlog
}

interface Seen {
  readonly collection: string
  readonly parked: ParkedDocuments
}

export class LookingOn {
  readonly #options: LookingOnOptions
  /** The builds in use, by projection. */
  readonly #seen = new Map<string, Seen>()
  /** Version of the record that changes when a document is parked. */
  #parkedMark = 0
  #replaced: string | undefined

  constructor(options: LookingOnOptions) {
    this.#options = options
  }

  /** What is parked of a projection, as far as this node has seen. */
  parked(name: string): readonly Parked[] {
    return this.#seen.get(name)?.parked.all ?? []
  }

  /** A projection that is folded in another version now: what is read here of it is as old as that. */
  get replaced(): string | undefined {
    return this.#replaced
  }

  /** This node folds now: when it looks on again, it begins anew. */
  forget(): void {
    this.#seen.clear()
    this.#parkedMark = 0
    this.#replaced = undefined
  }

  /** Looks where the node that folds is, and takes over all that holds up to there. @returns how far that is */
  async look(): Promise<Position> {
    const { documents, readModels, backlog } = this.#options
    const records = await documents.records(progressPrefix)
    const record = records.get(checkpointKey)
    const there = record && fromRecord(record.value).position
    if (there === undefined || there <= readModels.checkpoint) return readModels.checkpoint
    // After the checkpoint was read, and before it counts: a build that has been replaced is folded no further, and a document that
    // has been parked is exact only up to there.
    const position = await this.#useBuilds(there)
    if (position <= readModels.checkpoint) return readModels.checkpoint
    const mark = records.get(parkedMarkKey)?.version ?? 0
    if (mark !== this.#parkedMark) {
      for (const { parked } of this.#seen.values()) await parked.load(documents)
      this.#parkedMark = mark
    }
    backlog.passed(position)
    readModels.advance(position)
    return readModels.checkpoint
  }

  /** Looks at everything, also where nothing was folded since: a build may have been switched. */
  async lookAround(): Promise<void> {
    await this.#useBuilds(await this.look())
    // How many events were left out of them.
    for (const { parked } of this.#seen.values()) if (parked.size > 0) await parked.load(this.#options.documents)
  }

  /** @returns how much of what is folded up to a position can be read here: all of it, unless another version has taken a build's place */
  async #useBuilds(position: Position): Promise<Position> {
    const { documents, projections, readModels } = this.#options
    const pointers = await readPointers(documents, projections)
    let readable = position
    let replaced: string | undefined
    for (const { name, version } of projections) {
      const key = pointerKey(name, version)
      const { collection, through } = pointers.find((one) => one.key === key)?.pointer ?? {}
      const limit = through === undefined ? position : fromRecord(through).position
      if (limit < readable) readable = limit
      if (collection === undefined && readModels.collectionOf(name) !== undefined) replaced = name
      if (collection === undefined || collection === this.#seen.get(name)?.collection) continue
      const parked = new ParkedDocuments({ projection: name, collection })
      await parked.load(documents)
      readModels.use(name, { collection, parkedRevision: (id, stream) => parked.revision(id, stream) })
      this.#seen.set(name, { collection, parked })
    }
    this.#replaced = replaced
    return replaced === undefined ? readable : readModels.checkpoint
  }
}
