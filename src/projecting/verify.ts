// Folds the log afresh and compares every document with the build in use, while people chat.

import type { Projection } from '../../projections/projection.ts'
import type { Documents, StoredDocument } from '../documents/port.ts'
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
        differenceCount++
        if (differences.length < maxDifferences) differences.push(difference)
      }
    })
  }

  for await (const [expected, actual] of pairs(documents, fresh.collection, active.collection)) {
    signal.throwIfAborted()
    if (expected !== undefined) count++
    const id = expected?.id ?? actual?.id
    if (id === undefined || compare(id, expected, actual) === undefined) continue
    suspects.push(id)
    if (suspects.length >= pageSize) await recheck()
  }
  if (suspects.length > 0) await recheck()
  const parked = new Set([...active.parked, ...fresh.parked].map((one) => one.documentId))
  return { name: fresh.projection.name, documents: count, differences, differenceCount, parked: [...parked], position }
}

const byId = (documents: readonly StoredDocument[]): ReadonlyMap<string, StoredDocument> =>
  new Map(documents.map((document) => [document.id, document]))

type Pair = readonly [StoredDocument | undefined, StoredDocument | undefined]

/** Both collections side by side, in order of id. Where the engine orders otherwise than here, ids come singly, and are read again. */
async function* pairs(documents: Documents, left: string, right: string): AsyncGenerator<Pair> {
  const expected = singly(documents, left)
  const actual = singly(documents, right)
  try {
    let a = await expected.next()
    let b = await actual.next()
    while (!a.done || !b.done) {
      if (b.done || (!a.done && a.value.id < b.value.id)) {
        if (!a.done) yield [a.value, undefined]
        a = await expected.next()
      } else if (a.done || a.value.id > b.value.id) {
        yield [undefined, b.value]
        b = await actual.next()
      } else {
        yield [a.value, b.value]
        a = await expected.next()
        b = await actual.next()
      }
    }
  } finally {
    await expected.return(undefined)
    await actual.return(undefined)
  }
}

async function* singly(documents: Documents, collection: string): AsyncGenerator<StoredDocument> {
  for await (const page of documents.scan(collection, { pageSize })) yield* page
}
