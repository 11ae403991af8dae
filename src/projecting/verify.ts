// Folds the log afresh and compares every document with the build in use, while people chat.

import type { Projection } from '../../projections/projection.ts'
import type { StoredDocument } from '../documents/port.ts'
import type { Position } from '../eventstore/port.ts'
import { type BuildingSite, buildBeside } from './building.ts'
import type { Progress } from './buildPass.ts'
import { verifyCollectionOf } from './builds.ts'
import { compare, type Difference } from './differences.ts'
import { untilDone } from './retry.ts'
import type { Target } from './target.ts'

export interface VerifyOptions {
  readonly onProgress?: (progress: Progress) => void
  readonly signal?: AbortSignal
  /** Keeps texts from being forgotten until it is disposed of. */
  readonly hold?: () => Disposable
}

export interface VerifyResult {
  readonly name: string
  /** How many documents the log gives. */
  readonly documents: number
  /** The first 20, by id. */
  readonly differences: readonly Difference[]
  readonly differenceCount: number
  /** Ids of documents that are parked, or cannot be folded: they were not compared. `stream:<stream>` stands for all of that stream. */
  readonly parked: readonly string[]
  /** Up to here everything was compared at the least. */
  readonly position: Position
}

const pageSize = 500
const maxDifferences = 20

/** @throws {NotTheRunner} or the signal's reason */
export async function verify(
  site: BuildingSite,
  projections: readonly Projection[],
  { onProgress, signal, hold }: VerifyOptions,
): Promise<readonly VerifyResult[]> {
  using _held = hold?.()
  const plan = {
    projections,
    collectionOf: verifyCollectionOf,
    onError: 'note' as const,
    withIndexes: false,
    batch: 2_000,
    signal,
    onProgress,
  }
  const { documents, runner } = site
  const { results, collections } = await buildBeside(site, plan, async (pass, ending) => {
    const results: VerifyResult[] = []
    for (const fresh of pass.targets) {
      const name = fresh.projection.name
      const active = runner.active.find((target) => target.projection.name === name)
      if (active === undefined) throw new Error(`${name} has not been built yet: there is nothing to compare.`)
      results.push(await compareBuilds(site, fresh, active, ending))
    }
    return { results, collections: pass.targets.map((target) => target.collection) }
  })
  for (const collection of collections) await untilDone(() => documents.dropCollection(collection), runner.persistence)
  return results
}

async function compareBuilds(
  { documents, runner }: BuildingSite,
  fresh: Target,
  active: Target,
  signal: AbortSignal,
): Promise<VerifyResult> {
  const differences: Difference[] = []
  const position = runner.checkpoint.position
  let count = 0
  let differenceCount = 0
  let suspects: string[] = []
  const judged = new Set<string>()

  /** The two scans saw different moments: what differs is read again while the runner stands still. */
  const recheck = async (): Promise<void> => {
    const ids = suspects
    suspects = []
    await runner.exclusive(async () => {
      const expected = byId(await documents.get(fresh.collection, ids))
      const actual = byId(await documents.get(active.collection, ids))
      for (const id of ids) {
        if (fresh.parkedRevision(id) !== undefined || active.parkedRevision(id) !== undefined) continue
        const difference = compare(id, expected.get(id), actual.get(id))
        if (difference === undefined) continue
        // One that moved while it was scanned may come twice.
        if (judged.has(id)) continue
        judged.add(id)
        differenceCount++
        if (differences.length < maxDifferences) differences.push(difference)
      }
    })
  }

  const suspect = async (id: string): Promise<void> => {
    suspects.push(id)
    if (suspects.length >= pageSize) await recheck()
  }
  for await (const page of documents.scan(fresh.collection, { pageSize })) {
    signal.throwIfAborted()
    count += page.length
    const actual = byId(await documents.get(active.collection, idsOf(page)))
    for (const expected of page)
      if (compare(expected.id, expected, actual.get(expected.id)) !== undefined) await suspect(expected.id)
  }
  // What is only in the build in use.
  for await (const page of documents.scan(active.collection, { pageSize })) {
    signal.throwIfAborted()
    const expected = byId(await documents.get(fresh.collection, idsOf(page)))
    for (const { id } of page) if (!expected.has(id)) await suspect(id)
  }
  if (suspects.length > 0) await recheck()
  const parked = new Set([...active.parked, ...fresh.parked].map((one) => one.documentId))
  return { name: fresh.projection.name, documents: count, differences, differenceCount, parked: [...parked], position }
}

const byId = (documents: readonly StoredDocument[]): ReadonlyMap<string, StoredDocument> =>
  new Map(documents.map((document) => [document.id, document]))

const idsOf = (documents: readonly StoredDocument[]): readonly string[] => documents.map(({ id }) => id)
