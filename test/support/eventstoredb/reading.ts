// Read: pages of a stream or of `$all`, in both directions, and subscriptions.

import type { ReadReq, ReadResp } from '@eventstore/db-client/generated/streams_pb.js'
import type { ServerWritableStream } from '@grpc/grpc-js'
import { filterOf } from './filter.ts'
import type { Stored } from './log.ts'
import { firstShown, isFresh, isSoftDeleted } from './metadata.ts'
import { atOrAbove, below, isBoundary, placeIn } from './places.ts'
import { invalidPosition, streamDeleted, unavailable } from './refusals.ts'
import { type Form, streamNotFoundReply } from './replying.ts'
import { resolved, type Served } from './resolving.ts'
import { Sending } from './sending.ts'
import { subscribe } from './subscribing.ts'

export function reading(served: Served): (call: ServerWritableStream<ReadReq, ReadResp>) => void {
  return (call) => {
    const sending = new Sending(call)
    read(served, call.request, sending).then(
      () => call.end(),
      (error: unknown) => {
        if (!sending.signal.aborted) call.emit('error', isRefusal(error) ? error : unavailable(error))
      },
    )
  }
}

const isRefusal = (error: unknown): boolean => typeof error === 'object' && error !== null && 'metadata' in error

async function read(served: Served, request: ReadReq, sending: Sending): Promise<void> {
  const options = request.getOptions()
  if (options === undefined) return
  const form: Form = { uuids: options.getUuidOption()?.hasString() ? 'string' : 'structured' }
  if (options.hasSubscription()) return subscribe(served, options, { form, sending })
  const count = Number(options.getCount())
  const all = options.getAll()
  if (all !== undefined) return readAll(served, options, all, { form, sending, count })
  const stream = Buffer.from(options.getStream()?.getStreamIdentifier()?.getStreamName_asU8() ?? []).toString('utf8')
  const events = await shown(served, stream, options)
  if (events === undefined) return sending.send(streamNotFoundReply(stream))
  let left = count
  for await (const event of events) {
    if (left === 0 || sending.signal.aborted) return
    left -= 1
    await sending.send(await resolved(served, event, options, form))
  }
}

async function readAll(
  { log, ...rest }: Served,
  options: ReadReq.Options,
  all: ReadReq.Options.AllOptions,
  { form, sending, count }: { form: Form; sending: Sending; count: number },
): Promise<void> {
  const backwards = options.getReadDirection() === 1
  // Nothing stands before the start, or after the end.
  if (backwards ? all.hasStart() : all.hasEnd()) return
  const given = all.getPosition()
  const place = given === undefined ? undefined : placeIn(given)
  if (place !== undefined && !isBoundary(place, await log.end())) throw invalidPosition()
  // Forwards the position is inclusive. Backwards it is where an event ends, so that the one which begins there is not
  // among them (AllReader.cs: "Positions is specified as post-positions").
  const after = place === undefined ? undefined : backwards ? below(place) : atOrAbove(place)
  const filter = filterOf(options)
  const direction = backwards ? 'backwards' : 'forwards'
  let left = count
  if (left === 0) return
  const pageSize = pageFor(count)
  for await (const page of log.readAll({ direction, pageSize, ...(after === undefined ? undefined : { after }) })) {
    for (const event of page) {
      if (sending.signal.aborted) return
      if (!filter(event)) continue
      await sending.send(await resolved({ log, ...rest }, event, options, form))
      left -= 1
      if (left === 0) return
    }
  }
}

/** Few events are read at once where few are wanted. */
const pageFor = (count: number): number => Math.max(1, Math.min(count, 500))

/** The events of a stream that may be seen; undefined where there is no stream. */
async function shown(
  { log, streams }: Served,
  stream: string,
  options: ReadReq.Options,
): Promise<AsyncIterable<Stored> | undefined> {
  const { last, tombstoned } = await streams.end(stream)
  if (tombstoned) throw streamDeleted(stream)
  const metadata = await streams.metadata(stream)
  if (last < 0 || isSoftDeleted(metadata)) return undefined
  const where = options.getStream()
  const backwards = options.getReadDirection() === 1
  const first = firstShown(metadata, last)
  const given = where?.hasRevision() ? Number(where.getRevision()) : undefined
  const start = given ?? (where?.hasEnd() ? Number.MAX_SAFE_INTEGER : 0)
  const begin = backwards ? Math.min(start, Number.MAX_SAFE_INTEGER) : Math.max(start, first)
  return (async function* () {
    for await (const page of log.readStream(stream, {
      from: begin,
      backwards,
      pageSize: pageFor(Number(options.getCount())),
    })) {
      for (const event of page) {
        if (event.revision < first) return
        if (isFresh(metadata, event)) yield event
      }
    }
  })()
}
