// A store in EventStoreDB with its keys, for tests of what this engine alone does.

import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openEventStoreDb } from '../../../src/eventstore/eventstoredb/store.ts'
import type { EventStore } from '../../../src/eventstore/port.ts'
import type { Keys } from '../../../src/keys/port.ts'
import { openSqliteKeys } from '../../../src/keys/sqlite.ts'
import { newestOnly } from './engine.ts'

export interface OpenedStore extends AsyncDisposable {
  readonly store: EventStore
  readonly keys: Keys
  readonly prefix: string
  /** Another store on the same log and keys, as another node has it. */
  another(): Promise<EventStore>
}

export const newPrefix = (): string => `test${randomBytes(6).toString('hex')}.`

export interface StoreOptions {
  readonly connectionString: string
  readonly prefix?: string
  readonly onFault?: (message: string) => void
}

/** With new keys, and on a new log where no prefix is given. Closes all with it. */
export async function openStore(options: StoreOptions): Promise<OpenedStore> {
  const { connectionString, prefix = newPrefix(), onFault } = options
  const opened = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'parley-esdb-keys-'))
  opened.defer(() => rm(folder, { recursive: true }))
  try {
    const keys = await openSqliteKeys({ folder })
    opened.defer(() => keys.close())
    const keepsOnlyNewest = (stream: string) => stream.startsWith(newestOnly)
    const another = async () => {
      const store = await openEventStoreDb({
        ...{ connectionString, streamPrefix: prefix, keys, keepsOnlyNewest },
        ...(onFault && { onFault }),
      })
      opened.defer(() => store.close())
      return store
    }
    const store = await another()
    return { store, keys, prefix, another, [Symbol.asyncDispose]: () => opened.disposeAsync() }
  } catch (error) {
    await opened.disposeAsync()
    throw error
  }
}
