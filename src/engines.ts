// Which engine keeps the log and which the read models: chosen by the settings, here and nowhere else.

import { join } from 'node:path'
import { type Config, severalNodes } from './config.ts'
import type { Documents } from './documents/port.ts'
import { keepsOnlyNewest } from './domain/streams.ts'
import type { EventStore } from './eventstore/port.ts'
import type { FileCheck } from './eventstore/sqlite/fileCheck.ts'
import { type Bus, LocalBus } from './live/bus.ts'
import { nodeIdIn } from './nodeId.ts'

export interface Engines extends AsyncDisposable {
  readonly store: EventStore
  readonly documents: Documents
  /** Set where other nodes may work on the same log and the same read models: what this one is called by them. */
  readonly sharedAs: string | undefined
  /** Events appended and transactions made since the start. */
  appended(): { readonly events: number; readonly commits: number }
}

export interface OpenOptions {
  readonly config: Pick<Config, 'data' | 'eventstore' | 'documents' | 'streamPrefix'>
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

/** Loads the code of the engines that are chosen, and nothing else. */
export async function loadEngines(chosen: Pick<Config, 'eventstore' | 'documents'>): Promise<OpenEngines> {
  const [{ lockFolder }, openDocuments, openLog] = await Promise.all([
    import('./eventstore/sqlite/lock.ts'),
    loadDocuments(chosen),
    loadLog(chosen),
  ])
  return async (options) => {
    const { data } = options.config
    // What is kept here is for the server's account alone: texts, and the hashes of passwords.
    process.umask(0o077)
    const opened = new AsyncDisposableStack()
    try {
      const lock = await lockFolder(data)
      opened.defer(() => lock.release())
      const openings = [openLog(options), openDocuments(options)] as const
      // Where only one of them opens, it is closed.
      for (const opening of openings) {
        opened.defer(async () => {
          const store = await opening.catch(() => undefined)
          await store?.close()
        })
      }
      const [log, documents] = await Promise.all(openings)
      return {
        store: log.store,
        documents,
        sharedAs: severalNodes(options.config) ? nodeIdIn(data) : undefined,
        appended: log.appended,
        [Symbol.asyncDispose]: () => opened.disposeAsync(),
      }
    } catch (error) {
      await opened.disposeAsync()
      throw error
    }
  }
}

interface Log {
  readonly store: EventStore
  readonly appended: Engines['appended']
  close(): Promise<void>
}

async function loadLog({ eventstore, documents }: Pick<Config, 'eventstore' | 'documents'>) {
  if (eventstore === 'sqlite') {
    const { openSqliteEventStore } = await import('./eventstore/sqlite/store.ts')
    return async ({ config: { data }, onFault }: OpenOptions): Promise<Log> => {
      const store = await openSqliteEventStore({ folder: data, keepsOnlyNewest, onFault })
      const appended = () => {
        const { appends, commits } = store.statistics()
        return { events: appends, commits }
      }
      return { store, appended, close: () => store.close() }
    }
  }
  const [{ openEventStoreDb }, openKeys] = await Promise.all([
    import('./eventstore/eventstoredb/store.ts'),
    loadKeys({ documents }),
  ])
  return async ({ config, onFault }: OpenOptions): Promise<Log> => {
    const keys = await openKeys(config)
    try {
      const { eventstore: connectionString, streamPrefix } = config
      const store = await openEventStoreDb({ connectionString, streamPrefix, keys, keepsOnlyNewest, onFault })
      const close = async (): Promise<void> => {
        await store.close()
        await keys.close()
      }
      return { ...counting(store), close }
    } catch (error) {
      await keys.close()
      throw error
    }
  }
}

/** The keys of sealed bodies lie beside the read models, in a database of their own: all nodes need them. */
async function loadKeys({ documents }: Pick<Config, 'documents'>) {
  if (documents === 'sqlite') {
    const { openSqliteKeys } = await import('./keys/sqlite.ts')
    return ({ data }: Pick<Config, 'data'>) => openSqliteKeys({ folder: data })
  }
  const { openMongoKeys } = await import('./keys/mongo.ts')
  return () => openMongoKeys({ url: documents })
}

async function loadDocuments({ documents }: Pick<Config, 'documents'>) {
  if (documents === 'sqlite') {
    const { openSqliteDocuments } = await import('./documents/sqlite/open.ts')
    return ({ config: { data } }: OpenOptions): Promise<Documents> => openSqliteDocuments({ folder: data })
  }
  const { openMongoDocuments } = await import('./documents/mongo/open.ts')
  return (): Promise<Documents> => openMongoDocuments({ url: documents })
}

/** Counts what this node appends. An append is a transaction there. */
function counting(store: EventStore): Pick<Log, 'store' | 'appended'> {
  let [events, commits] = [0, 0]
  const append = store.append.bind(store)
  store.append = async (stream, appending, expected) => {
    const result = await append(stream, appending, expected)
    if (appending.length > 0 && !result.repeated) {
      events += appending.length
      commits += 1
    }
    return result
  }
  return { store, appended: () => ({ events, commits }) }
}

/**
 * Takes the data folder for this process and opens what is in it, or what the settings name instead.
 * @throws {CannotOpen} in use, not writable, not reachable, damaged, another's or from a newer version; the message says what to do
 */
export const openEngines: OpenEngines = async (options) => {
  const open = await loadEngines(options.config)
  return open(options)
}

/** What carries typing between nodes. Nothing waits for it. @throws {CannotOpen} its address cannot be read */
export async function openBus({
  config: { bus, streamPrefix },
  logger,
}: {
  readonly config: Pick<Config, 'bus' | 'streamPrefix'>
  readonly logger: { info(text: string): void; warn(text: string): void }
}): Promise<Bus> {
  if (bus === 'local') return new LocalBus()
  const { openRedisBus } = await import('./live/redisBus.ts')
  return openRedisBus({ url: bus, prefix: streamPrefix, logger })
}
