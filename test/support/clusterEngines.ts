// The engines of a cluster for whole suites: one log server and one MongoDB, and on them a log and a database for each data folder.

import { randomBytes } from 'node:crypto'
import { type EventStoreDbProcess, startEventStoreDbProcess } from './eventStoreDbProcess.ts'
import { type MongoServer, startMongo } from './mongodb/server.ts'

/** What a data folder says of its engines, as `parley.json` has it. */
export interface EngineSettings {
  readonly eventstore: string
  readonly documents: string
  readonly streamPrefix: string
}

export interface ClusterEngines extends AsyncDisposable {
  readonly log: EventStoreDbProcess
  readonly mongo: MongoServer
  /** @param name two folders with the same one belong to two nodes of one cluster */
  settings(name: string): EngineSettings
}

/** @returns undefined where there is no MongoDB; the reason has then been printed */
export async function startClusterEngines({
  batchAppend = true,
}: {
  readonly batchAppend?: boolean
} = {}): Promise<ClusterEngines | undefined> {
  const mongo = await startMongo()
  if (mongo === undefined) return undefined
  await using opened = new AsyncDisposableStack()
  opened.defer(() => mongo.stop())
  const log = opened.use(await startEventStoreDbProcess({ batchAppend }))
  const run = randomBytes(3).toString('hex')
  const closing = opened.move()
  return {
    log,
    mongo,
    settings: (name) => {
      const own = `${run}_${name.replaceAll(/\W/g, '_')}`
      return { eventstore: log.connectionString, documents: mongo.url(own), streamPrefix: `${own}.` }
    },
    [Symbol.asyncDispose]: () => closing.disposeAsync(),
  }
}
