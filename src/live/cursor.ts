// Where a feed of a conversation stands: the revision of the last event received and the first half of its id, so that a log
// that was replaced is noticed; with a checksum, so that damage is.

import { crc32 } from 'node:zlib'
import { type ConversationId, rawId } from '../domain/ids.ts'
import { BadInput } from '../queries/page.ts'

export interface FeedPlace {
  /** −1 before the first event. */
  readonly revision: number
  /** The first eight bytes of the event's id, as 16 hexadecimal digits; zeros before the first event. */
  readonly anchor: string
}

export const beforeFirst: FeedPlace = { revision: -1, anchor: '0'.repeat(16) }

/** The first eight bytes of an event's id. */
export const anchorOf = (eventId: string): string => eventId.replaceAll('-', '').slice(0, 16)

/** 1 byte kind, 16 bytes of the conversation's id, 6 of the revision plus one, 8 of the anchor, 4 of the checksum. */
const length = 35
const kinds = { room: 1, dm: 2, server: 4 }
/** Stands where a cursor of a conversation has its id. */
const noId = '0'.repeat(32)

/** The cursor as clients keep it: 47 characters of base64url. */
export const encodeCursor = (conversation: ConversationId, place: FeedPlace): string =>
  encode(kindOf(conversation), idOf(conversation), place)

/** @throws BadInput for a cursor that is damaged, or of another feed */
export const decodeCursor = (conversation: ConversationId, cursor: string): FeedPlace =>
  decode(kindOf(conversation), idOf(conversation), cursor)

/** A place in the stream of the server. */
export const encodeServerCursor = (place: FeedPlace): string => encode(kinds.server, noId, place)

/** @throws BadInput for a cursor that is damaged, or of another feed */
export const decodeServerCursor = (cursor: string): FeedPlace => decode(kinds.server, noId, cursor)

const kindOf = (conversation: ConversationId): number => (conversation.startsWith('room_') ? kinds.room : kinds.dm)
const idOf = (conversation: ConversationId): string => rawId(conversation).replaceAll('-', '')

function encode(kind: number, id: string, { revision, anchor }: FeedPlace): string {
  const bytes = Buffer.allocUnsafe(length)
  bytes[0] = kind
  bytes.write(id, 1, 'hex')
  bytes.writeUIntBE(revision + 1, 17, 6)
  bytes.write(anchor, 23, 'hex')
  bytes.writeUInt32BE(crc32(bytes.subarray(0, 31)), 31)
  return bytes.toString('base64url')
}

function decode(kind: number, id: string, cursor: string): FeedPlace {
  const bytes = Buffer.from(cursor, 'base64url')
  if (
    bytes.length !== length ||
    bytes.toString('base64url') !== cursor ||
    bytes.readUInt32BE(31) !== crc32(bytes.subarray(0, 31))
  )
    throw new BadInput('This feed cursor is damaged. Use one exactly as the feed gave it, or none to begin now.')
  if (bytes[0] !== kind || bytes.toString('hex', 1, 17) !== id)
    throw new BadInput('This feed cursor is of another feed. Use one that this feed gave.')
  return { revision: bytes.readUIntBE(17, 6) - 1, anchor: bytes.toString('hex', 23, 31) }
}
