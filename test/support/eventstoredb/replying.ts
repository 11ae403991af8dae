// Stored events as the replies of Read.

import shared from '@eventstore/db-client/generated/shared_pb.js'
import type { ReadResp } from '@eventstore/db-client/generated/streams_pb.js'
import streamsMessages from '@eventstore/db-client/generated/streams_pb.js'
import type { Stored } from './log.ts'
import { deletedRevision } from './metadata.ts'
import { type Place, placeOf, uuidOf } from './places.ts'

const { ReadResp: Response } = streamsMessages

export interface Form {
  readonly uuids: 'string' | 'structured'
}

/** A link comes with the event it leads to, if that is there. */
export function eventReply(event: Stored | undefined, form: Form, link?: Stored): ReadResp {
  const read = new Response.ReadEvent()
  if (event !== undefined) read.setEvent(recorded(event, form))
  if (link !== undefined) read.setLink(recorded(link, form))
  const original = link ?? event
  if (original !== undefined) read.setCommitPosition(String(placeOf(original.position).commit))
  return new Response().setEvent(read)
}

function recorded(event: Stored, { uuids }: Form): ReadResp.ReadEvent.RecordedEvent {
  const offset = String(placeOf(event.position).commit)
  const recorded = new Response.ReadEvent.RecordedEvent()
    .setId(uuidOf(event.id, uuids))
    .setStreamIdentifier(new shared.StreamIdentifier().setStreamName(Buffer.from(event.stream)))
    .setStreamRevision(event.tombstone ? String(deletedRevision) : String(event.revision))
    .setCommitPosition(offset)
    .setPreparePosition(offset)
    .setData(event.data)
    .setCustomMetadata(event.metadata)
  recorded
    .getMetadataMap()
    .set('type', event.type)
    .set('content-type', event.json ? 'application/json' : 'application/octet-stream')
    .set('created', String(BigInt(event.created) * 10_000n))
  return recorded
}

export function streamNotFoundReply(stream: string): ReadResp {
  const identifier = new shared.StreamIdentifier().setStreamName(Buffer.from(stream))
  return new Response().setStreamNotFound(new Response.StreamNotFound().setStreamIdentifier(identifier))
}

export const confirmationReply = (id: string): ReadResp =>
  new Response().setConfirmation(new Response.SubscriptionConfirmation().setSubscriptionId(id))

export function checkpointReply({ commit, prepare }: Place): ReadResp {
  const checkpoint = new Response.Checkpoint().setCommitPosition(String(commit)).setPreparePosition(String(prepare))
  return new Response().setCheckpoint(checkpoint)
}

export const caughtUpReply = (): ReadResp => new Response().setCaughtUp(new Response.CaughtUp())

export const fellBehindReply = (): ReadResp => new Response().setFellBehind(new Response.FellBehind())
