// Writes documents and records together until it is known to have happened.

import { type Documents, type RecordChange, RecordConflict, type Write } from '../documents/port.ts'
import { canonicalJson } from '../domain/canonicalJson.ts'
import { type Persistence, untilDone } from './retry.ts'

/**
 * A write whose answer was lost may have happened: then the records are as wanted, and that is success.
 * @throws {RecordConflict} someone else changed a record
 */
export async function writeSurely(
  documents: Documents,
  { writes, records }: { readonly writes: readonly Write[]; readonly records: readonly RecordChange[] },
  persistence: Persistence,
): Promise<void> {
  let failed = false
  const onFailure = (error: unknown): void => {
    failed = true
    persistence.onFailure(error)
  }
  try {
    await untilDone(() => documents.write(writes, records), { ...persistence, onFailure })
  } catch (error) {
    if (!(error instanceof RecordConflict) || !failed) throw error
    if (!(await untilDone(() => areAsWanted(documents, records), { ...persistence, onFailure }))) throw error
    persistence.onRecovery?.()
  }
}

async function areAsWanted(documents: Documents, records: readonly RecordChange[]): Promise<boolean> {
  for (const { key, expectedVersion, value } of records) {
    const now = await documents.record(key)
    if (value === undefined ? now !== undefined : now?.version !== expectedVersion + 1) return false
    if (value !== undefined && canonicalJson(now?.value) !== canonicalJson(value)) return false
  }
  return true
}
