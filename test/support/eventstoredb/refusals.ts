// Refusals: as trailers for a call of its own, as a status in the replies of BatchAppend. The keys and words are those
// that the client looks for (dist/utils/CommandError.js, dist/streams/appendToStream/unpackError.js), the codes those
// of the server (EventStore/EventStore, src/EventStore.Core/Services/Transport/Grpc/RpcExceptions.cs).

import codes from '@eventstore/db-client/generated/code_pb.js'
import shared from '@eventstore/db-client/generated/shared_pb.js'
import type { Status } from '@eventstore/db-client/generated/status_pb.js'
import statuses from '@eventstore/db-client/generated/status_pb.js'
import { Metadata, status } from '@grpc/grpc-js'
import anys from 'google-protobuf/google/protobuf/any_pb.js'
import empties from 'google-protobuf/google/protobuf/empty_pb.js'
import type { Expected } from './deciding.ts'

export interface Refusal {
  readonly code: status
  readonly details: string
  readonly metadata: Metadata
}

function refusal(code: status, details: string, trailers: { readonly [key: string]: string } = {}): Refusal {
  const metadata = new Metadata()
  for (const [key, value] of Object.entries(trailers)) metadata.set(key, value)
  return { code, details, metadata }
}

export const streamDeleted = (stream: string): Refusal =>
  refusal(status.FAILED_PRECONDITION, `Event stream '${stream}' is deleted.`, {
    exception: 'stream-deleted',
    'stream-name': stream,
  })

export const appendTooLarge = (limit: number): Refusal =>
  refusal(status.INVALID_ARGUMENT, `Maximum Append Size of ${limit} Exceeded.`, {
    exception: 'maximum-append-size-exceeded',
    'maximum-append-size': String(limit),
  })

export const metadataMissing = (name: string): Refusal =>
  refusal(status.INVALID_ARGUMENT, `Required Metadata Property '${name}' is missing`, {
    exception: 'missing-required-metadata-property',
    'required-metadata-properties': 'type,content-type',
  })

const numberOf = (expected: Expected): string =>
  String({ any: -2, no_stream: -1, stream_exists: -4 }[expected as string] ?? expected)

/** For deletions; an append says it in its reply. */
export const wrongExpectedVersion = (stream: string, expected: Expected, last: number): Refusal =>
  refusal(status.FAILED_PRECONDITION, `Delete failed due to WrongExpectedVersion. Stream: ${stream}.`, {
    exception: 'wrong-expected-version',
    'stream-name': stream,
    'expected-version': numberOf(expected),
    'actual-version': String(last),
  })

/** Where no record begins (RpcExceptions.cs, InvalidPositionException). */
export const invalidPosition = (): Refusal =>
  refusal(status.INVALID_ARGUMENT, 'Trying to read from an invalid position.')

/** Versions before 24 end the subscription of a client that is too slow (Enumerator.StreamSubscription.cs of 23.10). */
export const consumerTooSlow = (): Refusal =>
  refusal(
    status.ABORTED,
    'Operation timed out: Consumer too slow to handle event while live. Client resubscription required.',
  )

export const accessDenied = (): Refusal =>
  refusal(status.PERMISSION_DENIED, 'Access Denied', { exception: 'access-denied' })

export const invalid = (details: string): Refusal => refusal(status.INVALID_ARGUMENT, details)

export const unavailable = (error: unknown): Refusal =>
  refusal(status.UNAVAILABLE, `Server Is Not Ready: ${error instanceof Error ? error.message : String(error)}`)

function statusOf(code: codes.Code, message: string, name: string, details: { serializeBinary(): Uint8Array }): Status {
  const any = new anys.Any()
  any.pack(details.serializeBinary(), name)
  return new statuses.Status().setCode(code).setMessage(message).setDetails(any)
}

export function wrongExpectedVersionStatus(expected: Expected, last: number): Status {
  const details = new shared.WrongExpectedVersion()
  if (last < 0) details.setCurrentNoStream(new empties.Empty())
  else details.setCurrentStreamRevision(String(last))
  if (expected === 'any') details.setExpectedAny(new empties.Empty())
  else if (expected === 'no_stream') details.setExpectedNoStream(new empties.Empty())
  else if (expected === 'stream_exists') details.setExpectedStreamExists(new empties.Empty())
  else details.setExpectedStreamPosition(String(expected))
  const name = 'event_store.client.WrongExpectedVersion'
  return statusOf(codes.Code.ALREADY_EXISTS, 'WrongExpectedVersion', name, details)
}

export function streamDeletedStatus(stream: string): Status {
  const details = new shared.StreamDeleted().setStreamIdentifier(
    new shared.StreamIdentifier().setStreamName(Buffer.from(stream)),
  )
  return statusOf(codes.Code.NOT_FOUND, 'StreamDeleted', 'event_store.client.StreamDeleted', details)
}

export function appendTooLargeStatus(limit: number): Status {
  const details = new shared.MaximumAppendSizeExceeded().setMaxappendsize(limit)
  const name = 'event_store.client.MaximumAppendSizeExceeded'
  return statusOf(codes.Code.INVALID_ARGUMENT, 'MaximumAppendSizeExceeded', name, details)
}

export const timeoutStatus = (): Status =>
  statusOf(codes.Code.DEADLINE_EXCEEDED, 'Timeout', 'event_store.client.Timeout', new shared.Timeout())

export const unknownStatus = (message: string): Status =>
  statusOf(codes.Code.UNKNOWN, message, 'event_store.client.Unknown', new shared.Unknown())

export const badRequestStatus = (message: string): Status =>
  statusOf(
    codes.Code.INVALID_ARGUMENT,
    message,
    'event_store.client.BadRequest',
    new shared.BadRequest().setMessage(message),
  )
