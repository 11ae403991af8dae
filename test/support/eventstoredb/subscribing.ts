// Subscriptions: to `$all`, with or without a filter, and to a stream. They begin after the position they are given.

import { randomUUID } from 'node:crypto'
import type { ReadReq } from '@eventstore/db-client/generated/streams_pb.js'
import { type Position, start } from '../../../src/eventstore/port.ts'
import { Checkpoints } from './checkpoints.ts'
import { filterOf } from './filter.ts'
import type { Stored } from './log.ts'
import { firstShown, isFresh } from './metadata.ts'
import { above, isBoundary, type Place, placeIn, placeOf } from './places.ts'
import { consumerTooSlow, invalidPosition, streamDeleted } from './refusals.ts'
import { caughtUpReply, checkpointReply, confirmationReply, type Form, fellBehindReply } from './replying.ts'
import { resolved, type Served } from './resolving.ts'
import type { Sending } from './sending.ts'

interface Subscriber {
  readonly form: Form
  readonly sending: Sending
}

export async function subscribe(served: Served, options: ReadReq.Options, subscriber: Subscriber): Promise<void> {
  const { sending, form } = subscriber
  const { after, begin, wanted, ends } = await beginning(served, options)
  const filter = options.getFilter()
  const checkpoints =
    filter === undefined
      ? undefined
      : new Checkpoints({ window: filter.getMax(), multiplier: filter.getCheckpointintervalmultiplier(), begin })
  const tell = async (place: Place | undefined) => {
    if (place !== undefined) await sending.send(checkpointReply(place))
  }
  let live = false
  await sending.send(confirmationReply(randomUUID()))
  for await (const delivery of served.log.subscribe({ after, signal: sending.signal })) {
    if (live && !delivery.caughtUp) {
      if (served.dropsSlowConsumers) throw consumerTooSlow()
      live = false
      await sending.send(fellBehindReply())
      await tell(checkpoints?.fallBehind())
    }
    for (const event of delivery.events) {
      if (sending.signal.aborted) return
      if (ends(event)) throw streamDeleted(event.stream)
      const sent = wanted(event)
      if (sent) await sending.send(await resolved(served, event, options, form))
      const place = placeOf(event.position)
      await tell(live ? checkpoints?.live(place, sent) : checkpoints?.caughtUpWith(place, sent))
    }
    if (live || !delivery.caughtUp) continue
    live = true
    await tell(checkpoints?.goLive())
    await sending.send(caughtUpReply())
  }
}

interface Beginning {
  readonly after: Position
  /** The same, as the client gave it. */
  readonly begin: Place
  readonly wanted: (event: Stored) => boolean
  /** Whether the subscription ends with this event. */
  readonly ends: (event: Stored) => boolean
}

async function beginning(served: Served, options: ReadReq.Options): Promise<Beginning> {
  const all = options.getAll()
  if (all !== undefined) return beginningOfAll(served, all, filterOf(options))
  const { log, streams } = served
  const where = options.getStream()
  const stream = Buffer.from(where?.getStreamIdentifier()?.getStreamName_asU8() ?? []).toString('utf8')
  const { last, tombstoned } = await streams.end(stream)
  if (tombstoned) throw streamDeleted(stream)
  const begin: Place = { commit: 0n, prepare: 0n }
  const ends = (event: Stored) => event.stream === stream && event.tombstone
  if (where?.hasEnd()) return { after: await log.end(), begin, wanted: (event) => event.stream === stream, ends }
  const metadata = await streams.metadata(stream)
  const first = Math.max(where?.hasRevision() ? Number(where.getRevision()) + 1 : 0, firstShown(metadata, last))
  const wanted = (event: Stored) => event.stream === stream && event.revision >= first && isFresh(metadata, event)
  for await (const [event] of log.readStream(stream, { from: Math.max(0, first - 1), limit: 1 })) {
    if (event !== undefined && event.revision < first) return { after: event.position, begin, wanted, ends }
  }
  return { after: start, begin, wanted, ends }
}

async function beginningOfAll(
  { log }: Served,
  all: ReadReq.Options.AllOptions,
  wanted: (event: Stored) => boolean,
): Promise<Beginning> {
  const end = await log.end()
  const given = all.getPosition()
  const ends = () => false
  if (all.hasEnd()) return { after: end, begin: placeOf(end), wanted, ends }
  if (given === undefined) return { after: start, begin: { commit: 0n, prepare: 0n }, wanted, ends }
  const begin = placeIn(given)
  if (!isBoundary(begin, end)) throw invalidPosition()
  return { after: above(begin), begin, wanted, ends }
}
