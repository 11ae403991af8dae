// What happens to builds when nodes with other versions of a projection begin to fold: each version has builds of its own, and whoever
// folds knows how to fold its own alone.

import type { Projection } from '../../projections/projection.ts'
import type { Documents, RecordChange } from '../documents/port.ts'
import { checkpointKey, pointerKey, type StoredPointer } from './builds.ts'
import { type Checkpoint, fromRecord, toRecord } from './checkpoint.ts'

interface Stand {
  readonly checkpoint: Checkpoint
  /** Version of the checkpoint's record; 0 where there is none. */
  readonly recordVersion: number
}

/**
 * Called when this node begins to fold. Writes down how far builds of other versions have been folded, which stand still from now on;
 * and goes back to where those of its own stood still.
 *
 * @returns where to go on
 * @throws {RecordConflict} another node was faster
 */
export async function takeUp(
  documents: Documents,
  projections: readonly Projection[],
  { pointers, checkpoint, recordVersion }: Stand & { readonly pointers: readonly StoredPointer[] },
): Promise<Stand> {
  const own = new Set(projections.map(({ name, version }) => pointerKey(name, version)))
  const changes: RecordChange[] = []
  let from = checkpoint
  for (const { key, recordVersion: expectedVersion, pointer } of pointers) {
    const { through, ...rest } = pointer
    if (!own.has(key)) {
      if (through === undefined)
        changes.push({ key, expectedVersion, value: { ...rest, through: toRecord(checkpoint) } })
      continue
    }
    if (through === undefined) continue
    changes.push({ key, expectedVersion, value: { ...rest } })
    const stood = fromRecord(through)
    if (stood.position < from.position) from = stood
  }
  if (changes.length === 0) return { checkpoint, recordVersion }
  const back = from !== checkpoint
  // Together: what is folded twice is harmless, what is left out is not.
  if (back) changes.push({ key: checkpointKey, expectedVersion: recordVersion, value: toRecord(from) })
  await documents.write([], changes)
  return { checkpoint: from, recordVersion: back ? recordVersion + 1 : recordVersion }
}
