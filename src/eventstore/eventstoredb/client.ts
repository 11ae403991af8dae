// The client, made safe against itself.
//
// Its batch appends are kept in one map for the whole process. When the stream of one connection breaks, all that are
// pending are rejected and taken out of the map, those of other connections too; a reply that comes late for one of
// them finds nothing there, and what the client then throws, inside a listener, ends the process. The same happens with
// an error that carries no details. So its listener is wrapped: what it cannot handle, it may drop. Whoever waits for
// that reply has a timer of his own, see connection.ts.

import { setTimeout as sleep } from 'node:timers/promises'
import { EventStoreDBClient } from '@eventstore/db-client'

interface Emitter {
  listeners(event: 'data'): readonly unknown[]
  removeAllListeners(event: 'data'): unknown
  on(event: 'data', listener: (message: unknown) => void): unknown
}

type Create = (service: unknown, call: string, create: (client: unknown) => Emitter, cache?: unknown) => unknown

/** What the client's class has and its types call protected. */
interface Inside {
  GRPCStreamCreator: Create
  getChannel(): Promise<{ close(): void }>
}

/**
 * @param keepAlive ms. Connections with different ones are not shared below, so that a new client connects at once
 * instead of waiting, for up to two minutes, as long as an old one's failures have taught gRPC to wait.
 */
export function makeClient(connectionString: string, keepAlive: number): EventStoreDBClient {
  const separator = connectionString.includes('?') ? '&' : '?'
  const client = EventStoreDBClient.connectionString(`${connectionString}${separator}keepAliveInterval=${keepAlive}`)
  // Protected in the types only; the property is looked up at each call, so that replacing it here takes effect.
  const inside = client as unknown as Inside
  const create = inside.GRPCStreamCreator
  inside.GRPCStreamCreator = (service, call, make, cache) =>
    create(service, call, call === 'appendToStream' ? (grpc) => guarded(make(grpc)) : make, cache)
  return client
}

/** How long the client's own end of its calls is waited for, in ms: one that nobody reads to its end never ends. */
const patienceMs = 1_000

/** Ends all its calls, then its connection: `dispose` alone leaves that open. */
export async function endClient(client: EventStoreDBClient): Promise<void> {
  const inside = client as unknown as Inside // as above
  await Promise.race([client.dispose(), sleep(patienceMs, undefined, { ref: false })])
  const channel = await inside.getChannel().catch(() => undefined)
  channel?.close()
}

function guarded<T extends Emitter>(stream: T): T {
  const listeners = stream.listeners('data') as ((message: unknown) => void)[] // an emitter's listeners are functions
  stream.removeAllListeners('data')
  stream.on('data', (message) => {
    for (const listener of listeners) {
      try {
        listener.call(stream, message)
      } catch {
        // A reply for which nobody waits any more. Whether it was written is found out by who appended it.
      }
    }
  })
  return stream
}
