// Subscriptions: to `$all`, with or without a filter, and to a stream. They begin after the position they are given.

import { randomUUID } from 'node:crypto'
import type { ReadReq } from '@eventstore/db-client/generated/streams_pb.js'
import { type Position, start } from '../../../src/eventstore/port.ts'
import { filterOf } from './filter.ts'
import type { Stored } from './log.ts'
import { firstShown, isFresh } from './metadata.ts'
import { offsetOf, upTo } from './places.ts'
import { resolved, type Served } from './reading.ts'
import { streamDeleted } from './refusals.ts'
import { caughtUpReply, checkpointReply, confirmationReply, type Form, fellBehindReply } from './replying.ts'
import type { Sending } from './sending.ts'

/** Events between two checkpoints, times the multiplier, where the client gives no window. */
const defaultWindow = 32

interface Subscriber {
  readonly form: Form
  readonly sending: Sending
}

export async function subscribe(served: Served, options: ReadReq.Options, subscriber: Subscriber): Promise<void> {
  const { sending, form } = subscriber
  const { after, wanted } = await beginning(served, options)
  const filter = options.getFilter()
  const interval = (filter?.getMax() || defaultWindow) * Math.max(1, filter?.getCheckpointintervalmultiplier() ?? 1)
  let considered = 0
  let live = false
  await sending.send(confirmationReply(randomUUID()))
  for await (const delivery of served.log.subscribe({ after, signal: sending.signal })) {
    if (live && !delivery.caughtUp) {
      live = false
      await sending.send(fellBehindReply())
    }
    for (const event of delivery.events) {
      if (sending.signal.aborted) return
      if (wanted(event)) await sending.send(await resolved(served, event, options, form))
      considered += 1
      if (filter === undefined || considered < interval) continue
      considered = 0
      const offset = offsetOf(event.position)
      await sending.send(checkpointReply(offset, offset))
    }
    if (live || !delivery.caughtUp) continue
    live = true
    await sending.send(caughtUpReply())
  }
}

/** After which place it begins, and which events it wants. */
async function beginning(
  served: Served,
  options: ReadReq.Options,
): Promise<{ after: Position; wanted: (event: Stored) => boolean }> {
  const { log, streams } = served
  const all = options.getAll()
  if (all !== undefined) {
    const offset = all.getPosition()?.getCommitPosition()
    const after = offset === undefined ? (all.hasEnd() ? await log.end() : start) : upTo(offset)
    return { after, wanted: filterOf(options) }
  }
  const where = options.getStream()
  const stream = Buffer.from(where?.getStreamIdentifier()?.getStreamName_asU8() ?? []).toString('utf8')
  const { last, tombstoned } = await streams.end(stream)
  if (tombstoned) throw streamDeleted(stream)
  if (where?.hasEnd()) return { after: await log.end(), wanted: (event) => event.stream === stream }
  const metadata = await streams.metadata(stream)
  const first = Math.max(where?.hasRevision() ? Number(where.getRevision()) + 1 : 0, firstShown(metadata, last))
  const wanted = (event: Stored) => event.stream === stream && event.revision >= first && isFresh(metadata, event)
  for await (const [event] of log.readStream(stream, { from: Math.max(0, first - 1), limit: 1 })) {
    if (event !== undefined && event.revision < first) return { after: event.position, wanted }
  }
  return { after: start, wanted }
}
