// Positions are counted 1, 2, 3 … in the file and are strings outside of it, as wide as to compare in the same order.

import { type Position, start } from '../port.ts'

const width = 14 // 2^53 in hexadecimal digits

export function positionOf(count: number): Position {
  // The brand says that this is the one place where the engine makes them.
  return count === 0 ? start : (count.toString(16).padStart(width, '0') as Position)
}

/** @throws {RangeError} where the text is no position of this engine */
export function countOf(position: Position): number {
  if (position === start) return 0
  const count = position.length === width ? Number(`0x${position}`) : Number.NaN
  if (!Number.isSafeInteger(count)) throw new RangeError(`"${position}" is no position of this log.`)
  return count
}

export const isPosition = (text: string): text is Position => text.length === width && /^[0-9a-f]+$/.test(text)
