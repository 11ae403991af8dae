// BatchAppend: one call for all appends of a client, each named by a correlation id; replies come as they are ready.

import type { UUID } from '@eventstore/db-client/generated/shared_pb.js'
import shared from '@eventstore/db-client/generated/shared_pb.js'
import type { BatchAppendReq, BatchAppendResp } from '@eventstore/db-client/generated/streams_pb.js'
import streamsMessages from '@eventstore/db-client/generated/streams_pb.js'
import type { handleBidiStreamingCall } from '@grpc/grpc-js'
import empties from 'google-protobuf/google/protobuf/empty_pb.js'
import type { Expected } from './deciding.ts'
import type { Proposed } from './log.ts'
import { idOf, placeOf } from './places.ts'
import { maxAppendSize, proposed, sizeOf } from './proposing.ts'
import {
  appendTooLargeStatus,
  badRequestStatus,
  streamDeletedStatus,
  timeoutStatus,
  unknownStatus,
  wrongExpectedVersionStatus,
} from './refusals.ts'
import type { Streams } from './streams.ts'

const { BatchAppendResp: Response } = streamsMessages

interface Gathered {
  readonly correlation: UUID
  readonly stream: string
  readonly expected: Expected
  readonly events: Proposed[]
}

export function batchAppending(streams: Streams): handleBidiStreamingCall<BatchAppendReq, BatchAppendResp> {
  return (call) => {
    const gathering = new Map<string, Gathered>()
    const answering = new Set<Promise<void>>()
    const reply = (response: BatchAppendResp) => {
      if (!call.destroyed && !call.cancelled) call.write(response)
    }
    call.on('data', (request: BatchAppendReq) => {
      const gathered = gather(gathering, request)
      if (gathered instanceof Response) return reply(gathered)
      if (gathered === undefined) return
      const answered = append(streams, gathered).then(reply)
      answering.add(answered)
      void answered.finally(() => answering.delete(answered))
    })
    call.on('end', () => void Promise.all(answering).then(() => call.end()))
    call.on('error', () => call.destroy())
  }
}

/** The append that is complete with this message; or a refusal; or nothing yet. */
function gather(gathering: Map<string, Gathered>, request: BatchAppendReq): Gathered | BatchAppendResp | undefined {
  const correlation = request.getCorrelationId()
  const id = idOf(correlation)
  if (correlation === undefined || id === undefined) return undefined
  const options = request.getOptions()
  if (options !== undefined) {
    const name = options.getStreamIdentifier()?.getStreamName_asU8()
    const stream = Buffer.from(name ?? []).toString('utf8')
    if (name === undefined) return respond(correlation, stream).setError(badRequestStatus('Which stream?'))
    const deadline = options.getDeadline()?.toDate()
    if (deadline !== undefined && deadline.getTime() <= Date.now()) {
      return respond(correlation, stream).setError(timeoutStatus())
    }
    gathering.set(id, { correlation, stream, expected: expectedOf(options), events: [] })
  }
  const gathered = gathering.get(id)
  if (gathered === undefined) return undefined
  try {
    for (const message of request.getProposedMessagesList()) gathered.events.push(proposed(message))
  } catch (error) {
    gathering.delete(id)
    return respond(correlation, gathered.stream).setError(badRequestStatus(String(error)))
  }
  if (sizeOf(gathered.events) > maxAppendSize) {
    gathering.delete(id)
    return respond(correlation, gathered.stream).setError(appendTooLargeStatus(maxAppendSize))
  }
  if (!request.getIsFinal()) return undefined
  gathering.delete(id)
  return gathered
}

async function append(streams: Streams, { correlation, stream, expected, events }: Gathered): Promise<BatchAppendResp> {
  const response = respond(correlation, stream)
  try {
    const outcome = await streams.append(stream, events, expected)
    if (outcome.kind === 'deleted') return response.setError(streamDeletedStatus(stream))
    if (outcome.kind === 'wrong') return response.setError(wrongExpectedVersionStatus(expected, outcome.last))
    const success = new Response.Success()
    if (outcome.last < 0) success.setNoStream(new empties.Empty())
    else success.setCurrentRevision(String(outcome.last))
    if (outcome.position === undefined) {
      success.setNoPosition(new empties.Empty())
    } else {
      const offset = String(placeOf(outcome.position).commit)
      success.setPosition(new shared.AllStreamPosition().setCommitPosition(offset).setPreparePosition(offset))
    }
    return response.setSuccess(success)
  } catch (error) {
    return response.setError(unknownStatus(String(error)))
  }
}

function respond(correlation: UUID, stream: string): BatchAppendResp {
  const identifier = new shared.StreamIdentifier().setStreamName(Buffer.from(stream))
  return new Response().setCorrelationId(correlation).setStreamIdentifier(identifier)
}

function expectedOf(options: BatchAppendReq.Options): Expected {
  if (options.hasAny()) return 'any'
  if (options.hasNoStream()) return 'no_stream'
  if (options.hasStreamExists()) return 'stream_exists'
  return Number(options.getStreamPosition())
}
