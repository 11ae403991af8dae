// What reads and subscriptions share: what is served, and where links lead.

import type { ReadReq, ReadResp } from '@eventstore/db-client/generated/streams_pb.js'
import type { ServedLog, Stored } from './log.ts'
import { firstShown, isFresh } from './metadata.ts'
import { eventReply, type Form } from './replying.ts'
import type { Streams } from './streams.ts'

export interface Served {
  readonly log: ServedLog
  readonly streams: Streams
  /** Ends the subscription of a client that cannot keep up, as versions before 24 do, instead of telling it. */
  readonly dropsSlowConsumers: boolean
}

/** An event, or the one that a link leads to. */
export async function resolved(served: Served, event: Stored, options: ReadReq.Options, form: Form): Promise<ReadResp> {
  if (event.type !== '$>' || !options.getResolveLinks()) return eventReply(event, form)
  const [number, stream] = Buffer.from(event.data).toString('utf8').split(/@(.*)/s)
  const target = stream === undefined ? undefined : await at(served, stream, Number(number))
  return eventReply(target, form, event)
}

/** The event that stands there, if it may be seen. */
async function at({ log, streams }: Served, stream: string, revision: number): Promise<Stored | undefined> {
  const { last, tombstoned } = await streams.end(stream)
  const metadata = await streams.metadata(stream)
  if (tombstoned || revision < firstShown(metadata, last)) return undefined
  for await (const [event] of log.readStream(stream, { from: revision, limit: 1 })) {
    if (event?.revision === revision && isFresh(metadata, event)) return event
  }
  return undefined
}
