// A server that speaks EventStoreDB's gRPC protocol over the embedded log, for tests of the engine that talks to
// EventStoreDB: no EventStoreDB can be installed where these tests run. It is our reading of the protocol, from the
// service definitions in @eventstore/db-client and from the server's published source, tests and documentation; the
// tests beside it name what each behaviour was taken from. PARLEY_TEST_EVENTSTOREDB runs the engine's suite against a
// real one.
//
// The events lie in the embedded log (log.ts says how); everything acknowledged is durable. What the real server has
// and this one has not: users and their rights, persistent subscriptions, projections, scavenging, a cluster.

import { randomUUID } from 'node:crypto'
import gossipServices from '@eventstore/db-client/generated/gossip_grpc_pb.js'
import featureServices from '@eventstore/db-client/generated/serverfeatures_grpc_pb.js'
import streamServices from '@eventstore/db-client/generated/streams_grpc_pb.js'
import { Server, ServerCredentials } from '@grpc/grpc-js'
import { appending } from './appending.ts'
import { batchAppending } from './batchAppending.ts'
import { deleting, tombstoning } from './deleting.ts'
import { clusterOfOne, supportedMethods } from './features.ts'
import { ServedLog } from './log.ts'
import { reading } from './reading.ts'
import { Streams } from './streams.ts'

export interface RunningEventStoreDb {
  /** `esdb://…`, without TLS and credentials. */
  readonly connectionString: string
  readonly port: number
  /** Cuts all connections, then closes the log. */
  stop(): Promise<void>
}

/** The real server's limit of a message, in bytes. */
const maxMessage = 17 * 1024 * 1024

/**
 * Serves the log in this folder, which is made where it is absent.
 *
 * `batchAppend`: whether the server says that it has BatchAppend, which decides how the client appends. `port`: a free
 * one where it is absent. `dropsSlowConsumers`: a client that cannot keep up with a subscription loses it, as it does
 * with versions of the server before 24, instead of being told that it fell behind.
 */
export async function startEventStoreDb(options: {
  folder: string
  batchAppend: boolean
  port?: number
  dropsSlowConsumers?: boolean
}): Promise<RunningEventStoreDb> {
  const log = await ServedLog.open(options.folder)
  const streams = new Streams(log)
  const server = new Server({ 'grpc.max_receive_message_length': maxMessage, 'grpc.max_send_message_length': -1 })
  server.addService(streamServices.StreamsService, {
    read: reading({ log, streams, dropsSlowConsumers: options.dropsSlowConsumers ?? false }),
    append: appending(streams),
    batchAppend: batchAppending(streams),
    delete: deleting(streams),
    tombstone: tombstoning(streams),
  })
  let port = 0
  server.addService(featureServices.ServerFeaturesService, { getSupportedMethods: supportedMethods(options) })
  server.addService(gossipServices.GossipService, { read: clusterOfOne(() => port) })
  try {
    port = await listen(server, options.port ?? 0)
    await writeStatistics(streams, port)
  } catch (error) {
    await log.close()
    throw error
  }
  return {
    connectionString: `esdb://127.0.0.1:${port}?tls=false`,
    port,
    async stop() {
      server.forceShutdown()
      await log.close()
    },
  }
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(`127.0.0.1:${port}`, ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(bound)
      else reject(error)
    })
  })
}

/** The log of a real server holds events of its own too (its docs/server/features/streams.md, "System Streams"). */
async function writeStatistics(streams: Streams, port: number): Promise<void> {
  const event = { id: randomUUID(), type: '$statsCollected', json: true, metadata: Buffer.alloc(0) }
  await streams.append(`$stats-127.0.0.1:${port}`, [{ ...event, data: Buffer.from('{"proc-id":1}') }], 'any')
}
