// A position in EventStoreDB is two numbers, commit and prepare, of 63 bits each. Outside of the engine it is one
// string, both in hexadecimal digits as wide as to compare in the same order.

import { type Position, start } from '../port.ts'

/** Where a record stands in the server's transaction log, in bytes. */
export interface Place {
  readonly commit: bigint
  readonly prepare: bigint
}

const width = 16
const form = /^[0-7][0-9a-f]{15}[0-7][0-9a-f]{15}$/

const digits = (offset: bigint): string => offset.toString(16).padStart(width, '0')

// The brand says that this is the one place where the engine makes them.
export const positionOf = ({ commit, prepare }: Place): Position => `${digits(commit)}${digits(prepare)}` as Position

/** Undefined for the start of the log. @throws {RangeError} where the text is no position of this engine */
export function placeOf(position: Position): Place | undefined {
  if (position === start) return undefined
  if (!isPosition(position)) throw new RangeError(`"${position}" is no position of this log.`)
  return { commit: BigInt(`0x${position.slice(0, width)}`), prepare: BigInt(`0x${position.slice(width)}`) }
}

export const isPosition = (text: string): text is Position => form.test(text)
