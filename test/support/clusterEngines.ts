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
  readonly mongo: MongoServer
  /**
   * An empty log for the folders that come, since whoever begins with one reads all that others have written there. The one before
   * goes, unless it is the first.
   */
  newLog(): Promise<void>
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
  const opened = new AsyncDisposableStack()
  opened.defer(() => mongo.stop())
  const startLog = async (): Promise<EventStoreDbProcess> => opened.use(await startEventStoreDbProcess({ batchAppend }))
  const first = await startLog()
  let log = first
  const run = randomBytes(3).toString('hex')
  return {
    mongo,
    newLog: async () => {
      const before = log
      log = await startLog()
      if (before !== first) await before[Symbol.asyncDispose]()
    },
    settings: (name) => {
      const own = `${run}_${name.replaceAll(/\W/g, '_')}`
      return { eventstore: log.connectionString, documents: mongo.url(own), streamPrefix: `${own}.` }
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}
