// The engines of a cluster, as the tests have them: figures of these say how Parley does with them, not how quick the servers are
// that they stand for.

import { randomBytes } from 'node:crypto'
import { startEventStoreDbProcess } from '../test/support/eventStoreDbProcess.ts'
import { startMongo } from '../test/support/mongodb/server.ts'

export interface Engines extends AsyncDisposable {
  /** The settings by which a server uses them. */
  readonly env: Readonly<Record<string, string>>
}

/** What one must know of figures of a cluster. */
export const engineRow =
  "Cluster: one node on our own server of EventStoreDB's protocol (one fsync an append) and mongo-java-server in memory, all on this machine."

/** @returns undefined where there is no MongoDB, which has then been said */
export async function startEngines(): Promise<Engines | undefined> {
  const mongo = await startMongo({})
  if (mongo === undefined) return undefined
  const log = await startEventStoreDbProcess({ batchAppend: true })
  const run = randomBytes(4).toString('hex')
  return {
    env: {
      PARLEY_EVENTSTORE: log.connectionString,
      PARLEY_DOCUMENTS: mongo.url(`bench_${run}`),
      PARLEY_STREAM_PREFIX: `bench_${run}.`,
    },
    [Symbol.asyncDispose]: async () => {
      await log[Symbol.asyncDispose]()
      await mongo.stop()
    },
  }
}

/** @throws where there are none */
export async function requireEngines(): Promise<Engines> {
  const engines = await startEngines()
  if (engines === undefined) throw new Error('There are no engines of a cluster here.')
  return engines
}
