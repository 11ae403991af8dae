import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Canonical } from './canonical.ts'

test('every text is given as it is, however many share a place', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary' })), (texts) => {
      const canonical = new Canonical(4)
      for (const text of texts) expect(canonical.of(text)).toBe(text)
    }),
  )
})
