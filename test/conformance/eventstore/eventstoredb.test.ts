// The engine for EventStoreDB, with both ways in which its client appends, against our own server that speaks the
// protocol as we read it; or, where PARLEY_TEST_EVENTSTOREDB names one, against a real server.

import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openEventStoreDb } from '../../../src/eventstore/eventstoredb/store.ts'
import { openSqliteKeys } from '../../../src/keys/sqlite.ts'
import { startEventStoreDb } from '../../support/eventstoredb/server.ts'
import { type Engine, newestOnly } from './engine.ts'
import { eventStoreSuite } from './suite.ts'

interface Server {
  readonly connectionString: string
  stop(): Promise<void>
}

function openEngineOn(start: (folder: string) => Promise<Server>): () => Promise<Engine> {
  return async () => {
    const folder = await mkdtemp(join(tmpdir(), 'parley-esdb-'))
    const server = await start(folder)
    const streamPrefix = `test${randomBytes(6).toString('hex')}.`
    const { connectionString } = server
    const keepsOnlyNewest = (stream: string) => stream.startsWith(newestOnly)
    const open = async () => {
      const keys = await openSqliteKeys({ folder })
      return { keys, store: await openEventStoreDb({ connectionString, streamPrefix, keys, keepsOnlyNewest }) }
    }
    let current = await open()
    const close = async () => {
      await current.store.close()
      await current.keys.close()
    }
    return {
      get store() {
        return current.store
      },
      async reopen() {
        await close()
        current = await open()
        return current.store
      },
      async close() {
        await close()
        await server.stop()
        await rm(folder, { recursive: true })
      },
    }
  }
}

const real = process.env.PARLEY_TEST_EVENTSTOREDB
if (real !== undefined && real !== '') {
  eventStoreSuite(
    'eventstoredb, a real server',
    openEngineOn(async () => ({ connectionString: real, stop: async () => {} })),
  )
} else {
  eventStoreSuite(
    'eventstoredb protocol, batch append',
    openEngineOn((folder) => startEventStoreDb({ folder, batchAppend: true })),
  )
  eventStoreSuite(
    'eventstoredb protocol, no batch append',
    openEngineOn((folder) => startEventStoreDb({ folder, batchAppend: false })),
  )
}
