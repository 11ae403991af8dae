// What people see of the read models.

import type { Projection } from '../../projections/projection.ts'
import type { Position } from '../eventstore/port.ts'
import type { Backlog } from './backlog.ts'
import type { Parked } from './parking.ts'
import type { ReadModels } from './readModels.ts'
import type { Runner } from './runner.ts'

export interface ProjectionStatus {
  readonly name: string
  readonly version: number
  /** The build in use; undefined before the first. */
  readonly collection: string | undefined
  readonly state: 'CATCHING_UP' | 'LIVE' | 'REBUILDING' | 'STOPPED'
  readonly position: Position
  /** Events that are known to be in the log and not yet folded. While the log itself is read there may be more. */
  readonly lagEvents: number
  /** Age of the oldest of them; 0 when there is none. */
  readonly lagSeconds: number
  readonly parked: readonly Parked[]
  /** Events folded so far into the new build. */
  readonly rebuiltEvents?: number
}

interface Sources {
  readonly projections: readonly Projection[]
  readonly runner: Runner
  readonly backlog: Backlog
  readonly readModels: ReadModels
  /** What is parked as far as this node has seen, while another one folds. */
  readonly seenParked: (name: string) => readonly Parked[]
  /** True once everything that was in the log has been folded. */
  readonly level: boolean
  readonly stopped: boolean
  /** ms since 1970 */
  readonly now: number
}

export function statusOf({
  projections,
  runner,
  backlog,
  readModels,
  seenParked,
  level,
  stopped,
  now,
}: Sources): readonly ProjectionStatus[] {
  const lagEvents = (runner.inHand?.events ?? 0) + backlog.events
  const oldest = runner.inHand?.occurredAt ?? backlog.oldestAt
  const lagSeconds = lagEvents === 0 || oldest === undefined ? 0 : Math.max(0, (now - Date.parse(oldest)) / 1_000)
  return projections.map(({ name, version }) => {
    const rebuiltEvents = readModels.rebuilding.get(name)
    return {
      name,
      version,
      collection: readModels.collectionOf(name),
      state: stopped ? 'STOPPED' : rebuiltEvents !== undefined ? 'REBUILDING' : level ? 'LIVE' : 'CATCHING_UP',
      position: readModels.checkpoint,
      lagEvents,
      lagSeconds,
      parked: runner.active.find((target) => target.projection.name === name)?.parked ?? seenParked(name),
      ...(rebuiltEvents === undefined ? undefined : { rebuiltEvents }),
    }
  })
}
