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

/** Opens the stores. Their threads begin before the next turn, and get ready while the caller does something else. */
export type OpenEngines = (options: OpenOptions) => Promise<Engines>

/** Loads the code of the engines, and nothing else. */
export async function loadEngines(): Promise<OpenEngines> {
  const [{ lockFolder }, { openSqliteEventStore }, { openSqliteDocuments }] = await Promise.all([
    import('./eventstore/sqlite/lock.ts'),
    import('./eventstore/sqlite/store.ts'),
    import('./documents/sqlite/open.ts'),
  ])
  return async ({ config: { data }, onFault }) => {
    // What is kept here is for the server's account alone: texts, and the hashes of passwords.
    process.umask(0o077)
    const opened = new AsyncDisposableStack()
    try {
      const lock = await lockFolder(data)
      opened.defer(() => lock.release())
      const openings = [
        openSqliteEventStore({ folder: data, keepsOnlyNewest, onFault }),
        openSqliteDocuments({ folder: data }),
      ] as const
      // Where only one of them opens, it is closed.
      for (const opening of openings) {
        opened.defer(async () => {
          const store = await opening.catch(() => undefined)
          await store?.close()
        })
      }
      const [store, documents] = await Promise.all(openings)
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
}

/**
 * Takes the data folder for this process and opens what is in it.
 * @throws {CannotOpen} in use, not writable, damaged, or from a newer version; the message says what to do
 */
export const openEngines: OpenEngines = async (options) => {
  const open = await loadEngines()
  return open(options)
}
