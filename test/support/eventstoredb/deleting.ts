// Delete hides a stream until it is written again; Tombstone ends it for ever.

import shared from '@eventstore/db-client/generated/shared_pb.js'
import type { DeleteReq, DeleteResp, TombstoneReq, TombstoneResp } from '@eventstore/db-client/generated/streams_pb.js'
import streamsMessages from '@eventstore/db-client/generated/streams_pb.js'
import type { handleUnaryCall } from '@grpc/grpc-js'
import type { Position } from '../../../src/eventstore/port.ts'
import type { Expected } from './deciding.ts'
import { placeOf } from './places.ts'
import { streamDeleted, unavailable, wrongExpectedVersion } from './refusals.ts'
import type { Streams } from './streams.ts'

const { DeleteResp: Deleted, TombstoneResp: Tombstoned } = streamsMessages

type Options = DeleteReq.Options | TombstoneReq.Options | undefined

export const deleting = (streams: Streams): handleUnaryCall<DeleteReq, DeleteResp> =>
  answering(streams, 'soft', (offset) => {
    const response = new Deleted()
    if (offset === undefined) return response.setNoPosition(new shared.Empty())
    return response.setPosition(new Deleted.Position().setCommitPosition(offset).setPreparePosition(offset))
  })

export const tombstoning = (streams: Streams): handleUnaryCall<TombstoneReq, TombstoneResp> =>
  answering(streams, 'hard', (offset) => {
    const response = new Tombstoned()
    if (offset === undefined) return response.setNoPosition(new shared.Empty())
    return response.setPosition(new Tombstoned.Position().setCommitPosition(offset).setPreparePosition(offset))
  })

function answering<Request extends { getOptions(): Options }, Response>(
  streams: Streams,
  how: 'soft' | 'hard',
  respond: (offset: string | undefined) => Response,
): handleUnaryCall<Request, Response> {
  return (call, callback) => {
    const options = call.request.getOptions()
    const stream = Buffer.from(options?.getStreamIdentifier()?.getStreamName_asU8() ?? []).toString('utf8')
    const expected = expectedOf(options)
    streams.delete(stream, expected, how).then(
      (outcome) => {
        if (outcome.kind === 'deleted') callback(streamDeleted(stream))
        else if (outcome.kind === 'wrong') callback(wrongExpectedVersion(stream, expected, outcome.last))
        else callback(null, respond(offset(outcome.position)))
      },
      (error: unknown) => callback(unavailable(error)),
    )
  }
}

const offset = (position: Position | undefined) =>
  position === undefined ? undefined : String(placeOf(position).commit)

function expectedOf(options: Options): Expected {
  if (options === undefined || options.hasAny()) return 'any'
  if (options.hasNoStream()) return 'no_stream'
  if (options.hasStreamExists()) return 'stream_exists'
  return Number(options.getRevision())
}
