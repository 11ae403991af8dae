// Which engine keeps the log and which the read models: chosen by the settings, here and nowhere else.

import { join } from 'node:path'
import type { Config } from './config.ts'
import type { Documents } from './documents/port.ts'
import { keepsOnlyNewest } from './domain/streams.ts'
import type { EventStore } from './eventstore/port.ts'
import type { FileCheck } from './eventstore/sqlite/fileCheck.ts'

export interface Engines extends AsyncDisposable {
  readonly store: EventStore
  readonly documents: Documents
  /** Events appended and transactions made since the start. */
  appended(): { readonly events: number; readonly commits: number }
}

export interface OpenOptions {
  readonly config: Pick<Config, 'data' | 'eventstore' | 'documents'>
  /** Told once, with a sentence, when the log can no longer be written. */
  readonly onFault: (message: string) => void
}

/**
 * Looks for damage in the files of the stores, from beside a running server too. Reads all of them.
 * @returns one for each file that is there
 */
export async function damageIn({ data }: Pick<Config, 'data'>): Promise<readonly FileCheck[]> {
  const { checkFile } = await import('./eventstore/sqlite/fileCheck.ts')
  return [
    checkFile(join(data, 'log.db'), 'Stop the server and restore a backup.'),
    checkFile(
      join(data, 'documents.db'),
      'Stop the server, delete it with the -wal and -shm files beside it, and start again: it is made anew from the log.',
    ),
  ].filter((check) => check !== undefined)
}

/**
 * Takes the data folder for this process and opens what is in it.
 * @throws {CannotOpen} in use, not writable, damaged, or from a newer version; the message says what to do
 */
export async function openEngines({ config, onFault }: OpenOptions): Promise<Engines> {
  const [{ lockFolder }, { openSqliteEventStore }, { openSqliteDocuments }] = await Promise.all([
    import('./eventstore/sqlite/lock.ts'),
    import('./eventstore/sqlite/store.ts'),
    import('./documents/sqlite/open.ts'),
  ])
  // What is kept here is for the server's account alone: texts, and the hashes of passwords.
  process.umask(0o077)
  const opened = new AsyncDisposableStack()
  try {
    const lock = await lockFolder(config.data)
    opened.defer(() => lock.release())
    const store = await openSqliteEventStore({ folder: config.data, keepsOnlyNewest, onFault })
    opened.defer(() => store.close())
    const documents = await openSqliteDocuments({ folder: config.data })
    opened.defer(() => documents.close())
    return {
      store,
      documents,
      appended: () => {
        const { appends, commits } = store.statistics()
        return { events: appends, commits }
      },
      [Symbol.asyncDispose]: () => opened.disposeAsync(),
    }
  } catch (error) {
    await opened.disposeAsync()
    throw error
  }
}
