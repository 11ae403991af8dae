// Positions and ids, as the protocol writes them.
//
// The real server's positions are offsets of bytes in its log: they grow, with gaps. Ours are the embedded log's
// counts, spread so that nobody takes them for consecutive ones. An event stands at an offset that is its commit and
// its prepare position alike. A checkpoint may also stand before an event: then its prepare position is 0, and whoever
// takes the commit position for both loses that event (AllReader.cs: NextPos; Enumerator.AllSubscriptionFiltered.cs).

import type { UUID } from '@eventstore/db-client/generated/shared_pb.js'
import shared from '@eventstore/db-client/generated/shared_pb.js'
import type { Position } from '../../../src/eventstore/port.ts'
import { countOf, positionOf } from '../../../src/eventstore/sqlite/positions.ts'

const step = 100n
const largest = BigInt(Number.MAX_SAFE_INTEGER)

export interface Place {
  readonly commit: bigint
  readonly prepare: bigint
}

/** Decimal numbers, as both `Position` of the requests and the checkpoints have them. */
interface Offsets {
  getCommitPosition(): string
  getPreparePosition(): string
}

/** Where an event stands. */
export function placeOf(position: Position): Place {
  const offset = BigInt(countOf(position)) * step
  return { commit: offset, prepare: offset }
}

/** Before whatever follows the event at this place. */
export const following = ({ commit }: Place): Place => ({ commit: commit + step, prepare: 0n })

export const placeIn = (offsets: Offsets): Place => ({
  commit: BigInt(offsets.getCommitPosition()),
  prepare: BigInt(offsets.getPreparePosition()),
})

export const isBefore = (one: Place, other: Place): boolean =>
  one.commit < other.commit || (one.commit === other.commit && one.prepare < other.prepare)

/** Whether a record begins there; the end of the log and what lies beyond count as such. */
export const isBoundary = ({ commit }: Place, end: Position): boolean =>
  commit % step === 0n || commit > placeOf(end).commit

const counted = (count: bigint): Position => positionOf(Number(count > largest ? largest : count))

/** The position after which the events follow that stand above a place. */
export const above = ({ commit, prepare }: Place): Position =>
  counted(prepare < commit && commit > 0n ? (commit - 1n) / step : commit / step)

/** The position after which the events follow that stand at a place or above. */
export const atOrAbove = ({ commit }: Place): Position => counted(commit === 0n ? 0n : (commit - 1n) / step)

/** The position before which the events stand that are below a place. */
export const below = ({ commit }: Place): Position => counted((commit + step - 1n) / step)

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
