// Several nodes, as real processes, on a log server, a MongoDB and a Redis of their own.

import { randomBytes } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { type EventStoreDbProcess, startEventStoreDbProcess } from './eventStoreDbProcess.ts'
import { type MongoServer, startMongo } from './mongodb/server.ts'
import { type RedisServer, redisAbsent, startRedis } from './redisServer.ts'
import { newFolder, type ServerProcess, startServerProcess } from './testServer.ts'

export interface ClusterNode {
  /** The process that runs now. */
  readonly server: ServerProcess
  readonly folder: string
  kill(): Promise<void>
  /** After it was killed or stopped: on its folder and port. */
  start(): Promise<void>
  pause(): void
  resume(): void
}

export interface Cluster extends AsyncDisposable {
  readonly nodes: readonly ClusterNode[]
  readonly log: EventStoreDbProcess
  readonly mongo: MongoServer
  /** Undefined where it is not installed: then there is one bus a node. */
  readonly redis: RedisServer | undefined
  /** The settings by which a node joins, with the engines' own addresses. */
  readonly env: Readonly<Record<string, string>>
}

interface ClusterOptions {
  readonly nodes?: number
  /** What a node reaches an engine by, instead of its own address. */
  readonly through?: (engine: 'log' | 'documents' | 'bus', address: string, node: number) => string
  /** What MongoDB has acknowledged is there after it was killed and started again. */
  readonly keepsDocuments?: boolean
  readonly env?: Readonly<Record<string, string>>
  readonly batchAppend?: boolean
}

/** @returns undefined where there is no MongoDB; the reason has then been printed */
export async function startCluster(options: ClusterOptions = {}): Promise<Cluster | undefined> {
  const { nodes: count = 2, through = (_, address) => address, keepsDocuments = false, batchAppend = true } = options
  const mongo = await startMongo({ keepsData: keepsDocuments })
  if (mongo === undefined) return undefined
  const closing = new AsyncDisposableStack()
  closing.defer(() => mongo.stop())
  try {
    const log = closing.use(await startEventStoreDbProcess({ batchAppend }))
    const absent = redisAbsent()
    if (absent !== undefined) process.stdout.write(`The nodes have no Redis: ${absent}.\n`)
    const redis = absent === undefined ? closing.use(await startRedis()) : undefined
    const run = randomBytes(4).toString('hex')
    const env = {
      PARLEY_EVENTSTORE: log.connectionString,
      PARLEY_DOCUMENTS: mongo.url(`cluster_${run}`),
      PARLEY_STREAM_PREFIX: `parley_${run}.`,
      PARLEY_LOG_LEVEL: 'warn',
      ...(redis && { PARLEY_BUS: redis.url }),
      ...options.env,
    }
    const nodes: ClusterNode[] = []
    for (let index = 0; index < count; index++) {
      const node = await startNode({
        ...env,
        PARLEY_EVENTSTORE: through('log', env.PARLEY_EVENTSTORE, index),
        PARLEY_DOCUMENTS: through('documents', env.PARLEY_DOCUMENTS, index),
        ...(redis && { PARLEY_BUS: through('bus', redis.url, index) }),
      })
      closing.defer(async () => {
        await node.kill()
        await rm(node.folder, { recursive: true, force: true })
      })
      nodes.push(node)
    }
    return { nodes, log, mongo, redis, env, [Symbol.asyncDispose]: () => closing.disposeAsync() }
  } catch (error) {
    await closing.disposeAsync()
    throw error
  }
}

async function startNode(env: Readonly<Record<string, string>>): Promise<ClusterNode> {
  const folder = await newFolder()
  let server = await startPatiently(env, folder)
  const port = new URL(server.url).port
  return {
    get server() {
      return server
    },
    folder,
    kill: async () => {
      if (server.child.exitCode === null && server.child.signalCode === null) await server.kill()
    },
    start: async () => {
      server = await startServerProcess({ env: { ...env, PARLEY_PORT: port }, folder })
    },
    pause: () => void server.child.kill('SIGSTOP'),
    resume: () => void server.child.kill('SIGCONT'),
  }
}

/** On a machine that stands still for some seconds an engine that has just started answers later than a node waits for it. */
async function startPatiently(env: Readonly<Record<string, string>>, folder: string): Promise<ServerProcess> {
  for (let tries = 1; ; tries++)
    try {
      return await startServerProcess({ env, folder })
    } catch (error) {
      if (tries === 3 || !String(error).includes('cannot be reached')) throw error
    }
}
