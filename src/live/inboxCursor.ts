// Where the feed of all conversations stands: a position of the log, and an anchor by which the log is known again; with a
// checksum. Nothing in it is of the viewer, so that frames can be shared.

import { crc32 } from 'node:zlib'
import type { Position } from '../eventstore/port.ts'
import { BadInput } from '../queries/page.ts'

/** An event that stays in the log for ever. */
export interface InboxAnchor {
  readonly position: Position
  /** The first eight bytes of its id, as 16 hexadecimal digits. */
  readonly id: string
}

export interface InboxPlace {
  /** Everything up to here has been received. */
  readonly position: Position
  /** The newest at or before it, of what the feed knew; undefined before the first event of the log. */
  readonly anchor: InboxAnchor | undefined
}

const kind = 5
const anchorBytes = 8
const checksumBytes = 4

/** 1 byte kind, 8 of the anchor, 1 with the length of the anchor's position, both positions, 4 of the checksum, as base64url. */
export function encodeInboxCursor({ position, anchor }: InboxPlace): string {
  const at = anchor?.position ?? ''
  const bytes = Buffer.alloc(2 + anchorBytes + at.length + position.length + checksumBytes)
  bytes[0] = kind
  bytes.write(anchor?.id ?? '', 1, 'hex')
  bytes[1 + anchorBytes] = at.length
  bytes.write(at + position, 2 + anchorBytes, 'latin1')
  bytes.writeUInt32BE(crc32(bytes.subarray(0, -checksumBytes)), bytes.length - checksumBytes)
  return bytes.toString('base64url')
}

/**
 * @param isPosition whether a text is written as the positions of this log are
 * @returns `of another log` where the feed gave it, but not on this engine: the log was moved to another one
 * @throws BadInput for a cursor that is damaged, or of another feed
 */
export function decodeInboxCursor(
  cursor: string,
  isPosition: (text: string) => text is Position,
): InboxPlace | 'of another log' {
  const bytes = Buffer.from(cursor, 'base64url')
  const end = bytes.length - checksumBytes
  if (
    end < 2 + anchorBytes ||
    bytes.toString('base64url') !== cursor ||
    bytes.readUInt32BE(end) !== crc32(bytes.subarray(0, end))
  )
    throw new BadInput('This feed cursor is damaged. Use one exactly as the feed gave it, or none to begin now.')
  const from = 2 + anchorBytes
  const middle = from + (bytes[1 + anchorBytes] ?? 0)
  const [at, position] = [bytes.toString('latin1', from, middle), bytes.toString('latin1', middle, end)]
  if (bytes[0] !== kind || middle > end)
    throw new BadInput('This feed cursor is of another feed. Use one that inboxFeed gave.')
  if ((position !== '' && !isPosition(position)) || (at !== '' && !isPosition(at))) return 'of another log'
  return {
    // Empty is the place before the first event.
    position: position as Position,
    anchor: at === '' ? undefined : { position: at as Position, id: bytes.toString('hex', 1, from - 1) },
  }
}
