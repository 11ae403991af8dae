import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Position, start } from '../port.ts'
import { isPosition, placeOf, positionOf } from './positions.ts'

const offset = fc.bigInt({ min: 0n, max: 2n ** 63n - 1n })
const place = fc.record({ commit: offset, prepare: offset })

test('a position is commit and prepare, and comes back as both', () => {
  fc.assert(
    fc.property(place, (one) => {
      expect(isPosition(positionOf(one))).toBe(true)
      expect(placeOf(positionOf(one))).toEqual(one)
    }),
  )
})

test('positions compare as strings as their places do, and the start comes before all', () => {
  fc.assert(
    fc.property(place, place, (a, b) => {
      const before = a.commit < b.commit || (a.commit === b.commit && a.prepare < b.prepare)
      expect(positionOf(a) < positionOf(b)).toBe(before)
      expect(start < positionOf(a)).toBe(true)
    }),
  )
})

test.each(['0', 'f'.repeat(32), '0'.repeat(31), 'g'.repeat(32), '00000000000001', ` ${'0'.repeat(31)}`])(
  '"%s" is no position',
  (text) => {
    expect(isPosition(text)).toBe(false)
    expect(() => placeOf(text as Position)).toThrow(RangeError)
  },
)

test('the start stands for no place', () => {
  expect(placeOf(start)).toBeUndefined()
  expect(isPosition(start)).toBe(false)
})
