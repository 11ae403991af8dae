// Positions and ids, as the protocol writes them.
//
// The real server's positions are offsets of bytes in its log: they grow, with gaps. Ours are the embedded log's
// counts, spread so that nobody takes them for consecutive ones.

import type { UUID } from '@eventstore/db-client/generated/shared_pb.js'
import shared from '@eventstore/db-client/generated/shared_pb.js'
import type { Position } from '../../../src/eventstore/port.ts'
import { countOf, positionOf } from '../../../src/eventstore/sqlite/positions.ts'

const step = 100n
const last = BigInt(Number.MAX_SAFE_INTEGER)

/** A decimal number: commit and prepare position alike. */
export const offsetOf = (position: Position): string => String(BigInt(countOf(position)) * step)

const counted = (count: bigint): Position => positionOf(Number(count > last ? last : count))

/** The place of the newest event that can stand at this offset or before it. */
export const upTo = (offset: string): Position => counted(BigInt(offset) / step)

/** The place after which the first event at this offset, or above, follows. */
export const below = (offset: string): Position => {
  const whole = (BigInt(offset) + step - 1n) / step
  return counted(whole === 0n ? 0n : whole - 1n)
}

/** The first place at this offset or above. */
export const from = (offset: string): Position => counted((BigInt(offset) + step - 1n) / step)

/** Lower case; undefined where there is none. */
export function idOf(uuid: UUID | undefined): string | undefined {
  if (uuid === undefined) return undefined
  const structured = uuid.getStructured()
  if (structured === undefined) return uuid.getString().toLowerCase()
  const half = (bits: string) => BigInt.asUintN(64, BigInt(bits)).toString(16).padStart(16, '0')
  const digits = half(structured.getMostSignificantBits()) + half(structured.getLeastSignificantBits())
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

export function uuidOf(id: string, form: 'string' | 'structured' = 'string'): UUID {
  const uuid = new shared.UUID()
  if (form === 'string') return uuid.setString(id)
  const digits = id.replaceAll('-', '')
  const half = (part: string) => BigInt.asIntN(64, BigInt(`0x${part}`)).toString()
  const structured = new shared.UUID.Structured()
  structured.setMostSignificantBits(half(digits.slice(0, 16)))
  structured.setLeastSignificantBits(half(digits.slice(16)))
  return uuid.setStructured(structured)
}
