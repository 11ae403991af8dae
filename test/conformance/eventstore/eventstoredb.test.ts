// The engine for EventStoreDB, with both ways in which its client appends, against our own server that speaks the
// protocol as we read it; or, where PARLEY_TEST_EVENTSTOREDB names one, against a real server.

import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { openEventStoreDb } from '../../../src/eventstore/eventstoredb/store.ts'
import { openSqliteKeys } from '../../../src/keys/sqlite.ts'
import { startEventStoreDb } from '../../support/eventstoredb/server.ts'
import { type Engine, newestOnly } from './engine.ts'
import { eventStoreSuite } from './suite.ts'

interface Server {
  readonly connectionString: string
  stop(): Promise<void>
}

/** One server for all tests, as other programs may use it too; each test has a prefix of its own. */
function openEngineOn(start: (folder: string) => Promise<Server>): () => Promise<Engine> {
  let folder: string | undefined
  let server: Promise<Server> | undefined
  afterAll(async () => {
    await (await server)?.stop()
    if (folder !== undefined) await rm(folder, { recursive: true })
  })
  return async () => {
    folder ??= await mkdtemp(join(tmpdir(), 'parley-esdb-'))
    server ??= start(folder)
    const { connectionString } = await server
    const streamPrefix = `test${randomBytes(6).toString('hex')}.`
    const keyFolder = await mkdtemp(join(folder, 'keys-'))
    const keepsOnlyNewest = (stream: string) => stream.startsWith(newestOnly)
    const open = async () => {
      const keys = await openSqliteKeys({ folder: keyFolder })
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
      close,
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
