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
import { onlyFor, type User } from './authenticating.ts'
import { batchAppending } from './batchAppending.ts'
import { deleting, tombstoning } from './deleting.ts'
import { clusterOfOne, supportedMethods } from './features.ts'
import { ServedLog } from './log.ts'
import { reading } from './reading.ts'
import { Streams } from './streams.ts'

export interface RunningEventStoreDb {
  /** `esdb://…`, without the user. */
  readonly connectionString: string
  readonly port: number
  /** Cuts all connections, then closes the log. */
  stop(): Promise<void>
}

/** The real server's limit of a message, in bytes. */
const maxMessage = 17 * 1024 * 1024

export interface EventStoreDbOptions {
  /** Holds the log; made where it is absent. */
  readonly folder: string
  /** Whether the server says that it has BatchAppend, which decides how the client appends. */
  readonly batchAppend: boolean
  /** A free one where it is absent. */
  readonly port?: number
  /** A client that cannot keep up loses its subscription, as with versions before 24, instead of being told so. */
  readonly dropsSlowConsumers?: boolean
  /** In PEM, for `localhost`. Without it connections are not encrypted. */
  readonly tls?: { readonly key: string; readonly certificate: string }
  /** Who may read and write; everybody where it is absent. The client names a user only where there is TLS. */
  readonly user?: User
}

export async function startEventStoreDb(options: EventStoreDbOptions): Promise<RunningEventStoreDb> {
  const log = await ServedLog.open(options.folder)
  const streams = new Streams(log)
  const { user, tls } = options
  const server = new Server({
    'grpc.max_receive_message_length': maxMessage,
    'grpc.max_send_message_length': -1,
    interceptors: user === undefined ? [] : [onlyFor(user)],
  })
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
    port = await listen(server, { port: options.port ?? 0, tls })
    await writeStatistics(streams, port)
  } catch (error) {
    await log.close()
    throw error
  }
  return {
    // With TLS the client takes names only: Node refuses an address as the name of a server.
    connectionString: tls === undefined ? `esdb://127.0.0.1:${port}?tls=false` : `esdb://localhost:${port}?tls=true`,
    port,
    async stop() {
      server.forceShutdown()
      await log.close()
    },
  }
}

function listen(server: Server, { port, tls }: { port: number; tls: EventStoreDbOptions['tls'] }): Promise<number> {
  const secured = () =>
    ServerCredentials.createSsl(null, [
      { private_key: Buffer.from(tls?.key ?? ''), cert_chain: Buffer.from(tls?.certificate ?? '') },
    ])
  const credentials = tls === undefined ? ServerCredentials.createInsecure() : secured()
  return new Promise((resolve, reject) => {
    server.bindAsync(`127.0.0.1:${port}`, credentials, (error, bound) => {
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
