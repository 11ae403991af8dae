// Append: one call an append. The first message says where to, each of the others is an event; the append is complete
// when the client ends its side of the call.
//
// A client that cancels, also because its deadline has passed, does not always let the server know: Node's HTTP/2 ends a
// stream before it resets it (seen in nine cancelled calls of ten that had sent something), and the end may well come
// by itself. Then the events that were sent until then are a whole append to any server. So whoever appends several
// events this way must neither cancel nor have a deadline that can pass while they are sent.

import shared from '@eventstore/db-client/generated/shared_pb.js'
import type { AppendReq, AppendResp } from '@eventstore/db-client/generated/streams_pb.js'
import streamsMessages from '@eventstore/db-client/generated/streams_pb.js'
import type { handleClientStreamingCall } from '@grpc/grpc-js'
import type { Expected } from './deciding.ts'
import { placeOf } from './places.ts'
import { maxAppendSize, proposed, sizeOf } from './proposing.ts'
import { appendTooLarge, invalid, streamDeleted, unavailable } from './refusals.ts'
import type { Outcome, Streams } from './streams.ts'

const { AppendResp: Response } = streamsMessages

export function appending(streams: Streams): handleClientStreamingCall<AppendReq, AppendResp> {
  return (call, callback) => {
    const messages: AppendReq[] = []
    call.on('data', (message: AppendReq) => messages.push(message))
    call.on('end', () => {
      if (wasCut(call)) return
      append(streams, messages).then(
        (response) => callback(null, response),
        (error: unknown) => callback(isRefusal(error) ? error : unavailable(error)),
      )
    })
  }
}

/**
 * Whether a call is known to have been cut when it ends, so that what came of it is no whole append. @grpc/grpc-js says
 * so in `cancelled`, but only some turns later; the HTTP/2 stream below knows at once, and can only be had past the types.
 */
function wasCut(call: object): boolean {
  for (let inner: unknown = call; typeof inner === 'object' && inner !== null; ) {
    if ('stream' in inner) {
      const { stream } = inner
      if (typeof stream !== 'object' || stream === null || !('closed' in stream)) break
      return stream.closed === true
    }
    inner = 'nextCall' in inner ? inner.nextCall : 'call' in inner ? inner.call : undefined
  }
  throw new Error('This version of @grpc/grpc-js keeps its HTTP/2 streams elsewhere.')
}

const isRefusal = (error: unknown): error is { code: number } =>
  typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'number'

async function append(streams: Streams, [first, ...rest]: readonly AppendReq[]): Promise<AppendResp> {
  const options = first?.getOptions()
  const name = options?.getStreamIdentifier()?.getStreamName_asU8()
  if (options === undefined || name === undefined) throw invalid('The first message has to say which stream.')
  const stream = Buffer.from(name).toString('utf8')
  const expected = expectedOf(options)
  const events = rest.map((message) => {
    const event = message.getProposedMessage()
    if (event === undefined) throw invalid('Each message after the first is an event.')
    return proposed(event)
  })
  if (sizeOf(events) > maxAppendSize) throw appendTooLarge(maxAppendSize)
  const outcome = await streams.append(stream, events, expected)
  if (outcome.kind === 'deleted') throw streamDeleted(stream)
  return outcome.kind === 'wrong' ? wrong(expected, outcome.last) : success(outcome)
}

function expectedOf(options: AppendReq.Options): Expected {
  if (options.hasAny()) return 'any'
  if (options.hasNoStream()) return 'no_stream'
  if (options.hasStreamExists()) return 'stream_exists'
  return Number(options.getRevision())
}

function success({ last, position }: Extract<Outcome, { kind: 'written' }>): AppendResp {
  const success = new Response.Success()
  if (last < 0) success.setNoStream(new shared.Empty())
  else success.setCurrentRevision(String(last))
  if (position === undefined) {
    success.setNoPosition(new shared.Empty())
  } else {
    const offset = String(placeOf(position).commit)
    success.setPosition(new Response.Position().setCommitPosition(offset).setPreparePosition(offset))
  }
  return new Response().setSuccess(success)
}

function wrong(expected: Expected, last: number): AppendResp {
  const wrong = new Response.WrongExpectedVersion()
  if (last < 0) wrong.setCurrentNoStream(new shared.Empty())
  else wrong.setCurrentRevision(String(last))
  if (expected === 'any') wrong.setExpectedAny(new shared.Empty())
  else if (expected === 'no_stream') wrong.setExpectedNoStream(new shared.Empty())
  else if (expected === 'stream_exists') wrong.setExpectedStreamExists(new shared.Empty())
  else wrong.setExpectedRevision(String(expected))
  return new Response().setWrongExpectedVersion(wrong)
}
