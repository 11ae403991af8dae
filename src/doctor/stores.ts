// What the log and the read models say of themselves, on a running server or on an opened folder.

import type { Commands } from '../commands/commands.ts'
import type { Documents } from '../documents/port.ts'
import { type EventStore, start } from '../eventstore/port.ts'
import { checkpointKey } from '../projecting/builds.ts'
import { fromRecord, isOfLog } from '../projecting/checkpoint.ts'
import { type Finding, ok, problem, warning } from './finding.ts'

interface Stores {
  readonly store: EventStore
  readonly documents: Documents
  readonly commands: Pick<Commands, 'snapshots'>
}

export interface StoresLook {
  readonly findings: readonly Finding[]
  /** Time of the newest event. */
  readonly newest?: string
}

export async function lookAtStores({ store, documents, commands }: Stores): Promise<StoresLook> {
  const newest = await newestOf(store)
  const findings = [await lookAtLog(store), ...(await lookAtModels({ store, documents, commands }))]
  return newest === undefined ? { findings } : { findings, newest }
}

async function newestOf(store: EventStore): Promise<string | undefined> {
  for await (const [event] of store.readAll({ direction: 'backwards', limit: 1 })) return event?.metadata.occurredAt
  return undefined
}

async function lookAtLog(store: EventStore): Promise<Finding> {
  const health = store.health()
  if (!health.ready) return problem('log', health.reason, 'Mend what it says, then start the server again.')
  const end = await store.end()
  // The oldest and the newest page: the rest is read by `projections verify`.
  for (const direction of ['forwards', 'backwards'] as const)
    for await (const page of store.readAll({ direction, limit: 500 })) {
      const damaged = page.find((event) => event.damaged !== undefined)
      if (damaged)
        return problem(
          'log',
          `the event ${damaged.revision} of ${damaged.stream} cannot be read (${damaged.damaged})`,
          'Restore a backup, or go on without it: everyone is shown that it is missing.',
        )
    }
  return ok('log', end === start ? 'it is empty' : 'it can be read, and takes appends')
}

async function lookAtModels({ store, documents, commands }: Stores): Promise<readonly Finding[]> {
  const health = documents.health()
  if (!health.ready) return [problem('read models', health.reason, 'Mend what it says, then start the server again.')]
  const record = await documents.record(checkpointKey)
  if (!record) return [ok('read models', 'none yet: they are made at the start')]
  const checkpoint = fromRecord(record.value)
  if (!(await isOfLog(store, checkpoint)))
    return [
      problem(
        'read models',
        'they belong to another log: an event that they were made from is not in this one',
        'If the log is the right one, make them anew: parley projections rebuild --all',
      ),
    ]
  const level = checkpoint.position >= (await store.end())
  const parked = [...(await documents.records('parked/')).values()]
  let snapshots = 0
  for await (const _ of commands.snapshots.streams()) snapshots += 1
  const projections = [...new Set(parked.map(({ value }) => String(value.projection)))]
  return [
    ok(
      'read models',
      level ? 'they are level with the log' : 'they belong to this log, and are still catching up with it',
    ),
    parked.length === 0
      ? ok('parked documents', 'none')
      : warning(
          'parked documents',
          `${parked.length} in ${projections.join(', ')}: an event could not be folded into them, and they stand still`,
          `The server's log says why. Make them anew with a version that can: parley projections rebuild ${projections.join(' ')}`,
        ),
    ok('snapshots', `${snapshots} there`),
  ]
}
