// Whether a folder on which no server runs holds a part of an import, which is nothing to make a backup of.

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { openSqliteDocuments } from '../documents/sqlite/open.ts'
import { lockFolder } from '../eventstore/sqlite/lock.ts'
import { refusePendingImport } from '../transfer/pendingImport.ts'

/** @throws {CannotOpen} it does, or something else works on the folder at this moment, which may be an import */
export async function refusePendingImportIn(folder: string): Promise<void> {
  if (!existsSync(join(folder, 'documents.db'))) return
  const lock = await lockFolder(folder)
  try {
    const documents = await openSqliteDocuments({ folder })
    try {
      await refusePendingImport(documents)
    } finally {
      await documents.close()
    }
  } finally {
    await lock.release()
  }
}
