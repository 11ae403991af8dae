// Fills new builds beside those in use, and keeps them level with the live runner until something is done with them.

import type { Projection } from '../../projections/projection.ts'
import type { Documents } from '../documents/port.ts'
import type { EventStore, Position } from '../eventstore/port.ts'
import { BuildPass, type Progress } from './buildPass.ts'
import type { CacheLimits } from './documentCache.ts'
import { untilDone } from './retry.ts'
import { type Companion, NotTheRunner, type Runner } from './runner.ts'
import { Target } from './target.ts'

export interface BuildingSite {
  readonly store: EventStore
  readonly documents: Documents
  readonly runner: Runner
  /** Positions of all builds that are not in use, so that forgetting can wait for them. */
  readonly underWay: Set<{ readonly position: Position }>
}

export interface Plan {
  readonly projections: readonly Projection[]
  readonly collectionOf: (projection: Projection) => string
  readonly onError: 'fail' | 'note'
  readonly withIndexes: boolean
  /** Events in a page of the log. */
  readonly batch: number
  readonly signal: AbortSignal | undefined
  readonly onProgress: ((progress: Progress) => void) | undefined
  /** Where another node folds meanwhile: makes this one fold, once the builds are nearly level. */
  readonly lead?: (() => Promise<void>) | undefined
}

const limits: CacheLimits = { documents: 20_000, bytes: 24_000_000 }

/**
 * Builds each projection from the start of the log, then does `work` while the live runner folds the new builds along with
 * those in use. When `work` begins, both have seen everything up to one position, and what superseded the rest.
 * The new collections are dropped when anything fails.
 *
 * @throws {FoldFailed} {NotTheRunner} or the signal's reason
 */
export async function buildBeside<T>(
  site: BuildingSite,
  plan: Plan,
  work: (pass: BuildPass, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { store, documents, runner, underWay } = site
  const { projections, collectionOf, onError, batch, onProgress, lead } = plan
  if (!runner.leading && lead === undefined) throw new NotTheRunner()
  const left = new AbortController()
  const signals = [runner.persistence.signal, left.signal, ...(plan.signal ? [plan.signal] : [])]
  const signal = AbortSignal.any(signals)
  const persistence = { ...runner.persistence, signal }
  const targets = projections.map(
    (projection) => new Target({ projection, collection: collectionOf(projection), limits, onError, empty: true }),
  )
  const pass = new BuildPass({ store, documents, targets, batch, persistence, onProgress })
  const companion: Companion = { targets, fail: (error) => left.abort(error) }
  const progress = {
    get position() {
      return pass.checkpoint.position
    },
  }
  underWay.add(progress)
  try {
    for (const { collection } of targets) {
      await untilDone(() => documents.dropCollection(collection), persistence)
      await untilDone(() => documents.createCollection(collection, { toBeFilled: true }), persistence)
    }
    await pass.fold()
    await pass.flush()
    if (plan.withIndexes)
      for (const { collection, projection } of targets)
        await untilDone(() => documents.createIndexes(collection, projection.indexes), persistence)
    await pass.fold()
    await lead?.()
    await runner.exclusive(async () => {
      const first = runner.active.length === 0
      await pass.fold(first ? undefined : runner.checkpoint.position)
      await pass.flush()
      if (first) runner.goOnFrom(pass.checkpoint)
      runner.attach(companion)
    })
    // What the new builds could no longer read, because it was superseded meanwhile, is made good by what superseded it.
    const end = await untilDone(() => store.end(), persistence)
    while (runner.checkpoint.position < end) await runner.reachEnd(signal)
    signal.throwIfAborted()
    return await work(pass, signal)
  } catch (error) {
    for (const { collection } of targets) await documents.dropCollection(collection).catch(() => {})
    // Why it was left behind says more than that it was.
    throw left.signal.aborted ? left.signal.reason : error
  } finally {
    underWay.delete(progress)
    runner.detach(companion)
  }
}
