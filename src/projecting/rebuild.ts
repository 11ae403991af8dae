// Makes read models anew from the log, while they are read and written, and then puts the new builds in the place of the old.

import type { Projection } from '../../projections/projection.ts'
import { type BuildingSite, buildBeside } from './building.ts'
import type { Progress } from './buildPass.ts'
import { collectionOf, nextBuild, type Pointer, pointTo, readPointers } from './builds.ts'
import type { CacheLimits } from './documentCache.ts'
import type { Drops } from './drops.ts'
import type { ReadModels } from './readModels.ts'
import { untilDone } from './retry.ts'
import type { Target } from './target.ts'

export interface RebuildOptions {
  readonly onProgress?: (progress: Progress) => void
  readonly signal?: AbortSignal
  /** Events in a page of the log (default 2,000: what dies young is collected cheaply, so more are no quicker). */
  readonly batch?: number
  /** Where another node folds meanwhile: makes this one fold, once the builds are nearly level. */
  readonly lead?: () => Promise<void>
}

export interface RebuildResult {
  readonly name: string
  readonly version: number
  readonly collection: string
  /** Events of the log that were read. */
  readonly events: number
  /** Of these, events that could not be decoded. */
  readonly skipped: number
}

export interface RebuildSite extends BuildingSite {
  readonly readModels: ReadModels
  /** How long a replaced build is kept for those who have just begun to read it, in ms. */
  readonly graceMs: number
  /** Of a build in use. */
  readonly liveLimits: CacheLimits
  readonly drops: Drops
  /** Where several nodes share the documents: then nobody waits until replaced builds are dropped. */
  readonly shared: boolean
}

/** What others may ask about a build in use. */
export const inUse = (target: Target): Parameters<ReadModels['use']>[1] => ({
  collection: target.collection,
  parkedRevision: (id, stream) => target.parkedRevision(id, stream),
})

/** @throws {FoldFailed} {NotTheRunner} or the signal's reason; the builds in use are then left as they are */
export async function rebuild(
  site: RebuildSite,
  projections: readonly Projection[],
  { onProgress, signal, batch = 2_000, lead }: RebuildOptions,
): Promise<readonly RebuildResult[]> {
  const { documents, readModels, runner } = site
  const names = projections.map((projection) => projection.name)
  const there = await untilDone(() => documents.collections(), runner.persistence)
  const builds = new Map(projections.map((projection) => [projection.name, nextBuild(projection, there)]))
  const collectionFor = (projection: Projection): string => collectionOf(projection, builds.get(projection.name) ?? 1)
  const plan = {
    projections,
    collectionOf: collectionFor,
    onError: 'fail' as const,
    withIndexes: true,
    batch,
    signal,
    lead,
    onProgress: (progress: Progress) => {
      readModels.rebuildingIs(names, progress.events)
      onProgress?.(progress)
    },
  }
  readModels.rebuildingIs(names, 0)
  try {
    const { results, dropped } = await buildBeside(site, plan, (pass) =>
      runner.exclusive(async () => {
        const replaced = await pointToThese(site, projections, collectionFor, builds)
        for (const target of pass.targets) target.goLive(site.liveLimits)
        runner.activate(pass.targets)
        const waits = pass.targets.map((target) => readModels.use(target.projection.name, inUse(target)))
        const results = pass.targets.map(({ projection: { name, version }, collection }) => ({
          name,
          version,
          collection,
          events: pass.events,
          skipped: pass.skipped,
        }))
        const { graceMs, drops } = site
        const { signal } = runner.persistence
        const after = async () => void (await Promise.all(waits.map((wait) => wait(graceMs, signal))))
        return { results, dropped: drops.begin(replaced, { position: runner.checkpoint.position, after }) }
      }),
    )
    if (!site.shared) await dropped
    return results
  } finally {
    readModels.endedRebuilding(names)
  }
}

/** @returns the collections that are in use no more */
async function pointToThese(
  { documents, runner }: RebuildSite,
  projections: readonly Projection[],
  collectionFor: (projection: Projection) => string,
  builds: ReadonlyMap<string, number>,
): Promise<readonly string[]> {
  const stored = await untilDone(() => readPointers(documents, projections), runner.persistence)
  const changes = projections.flatMap((projection) => {
    const { name, version } = projection
    const pointer: Pointer = { version, build: builds.get(name) ?? 1, collection: collectionFor(projection) }
    return pointTo(projection, pointer, stored)
  })
  await runner.record(changes)
  return stored.map((one) => one.pointer.collection)
}
