// An import that has begun and not ended: until it has, nobody may take what is in the log for the whole.

import type { Documents } from '../documents/port.ts'
import { CannotOpen } from '../eventstore/port.ts'

const key = 'transfer/import'

/** The checksum of the file that is being imported; undefined where none is. */
export async function pendingImport(documents: Documents): Promise<string | undefined> {
  const record = await documents.record(key)
  return record === undefined ? undefined : String(record.value.sha256)
}

/** @throws {RecordConflict} another import begins at this moment */
export async function beginImport(documents: Documents, sha256: string): Promise<void> {
  const record = await documents.record(key)
  await documents.write([], [{ key, expectedVersion: record?.version ?? 0, value: { sha256 } }])
}

export async function endImport(documents: Documents): Promise<void> {
  const record = await documents.record(key)
  if (record) await documents.write([], [{ key, expectedVersion: record.version, value: undefined }])
}

/** @throws {CannotOpen} where the log holds a part of something */
export async function refusePendingImport(documents: Documents): Promise<void> {
  if ((await pendingImport(documents)) === undefined) return
  throw new CannotOpen(
    'The log holds a part of an import that did not come to its end. Run "parley import" with the same file again: it goes on where it stopped.',
  )
}
