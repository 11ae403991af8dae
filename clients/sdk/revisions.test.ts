import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Revisions } from './revisions.ts'

test('the first event tells where the numbers stand, unless that is known', () => {
  expect(new Revisions().see({ revision: 7 })).toEqual({ kind: 'next' })
  expect(new Revisions(5).see({ revision: 7 })).toEqual({ kind: 'hole', from: 5, through: 6 })
})

test('an event that stands for several counts for all of them', () => {
  const revisions = new Revisions(3)
  expect(revisions.see({ revision: 3, throughRevision: 9 })).toEqual({ kind: 'next' })
  expect(revisions.next).toBe(10)
  expect(revisions.see({ revision: 5, throughRevision: 9 })).toEqual({ kind: 'repeat' })
  // The same events may be cut into other ranges another time.
  expect(revisions.see({ revision: 8, throughRevision: 12 })).toEqual({ kind: 'next' })
  expect(revisions.next).toBe(13)
})

test('whatever is left out or comes again, it is noticed, and what counts as next has no hole', () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 40 }), { maxLength: 60 }), (numbers) => {
      const revisions = new Revisions(0)
      const accepted: number[] = []
      for (const revision of numbers) {
        const seen = revisions.see({ revision })
        if (seen.kind === 'next') accepted.push(revision)
        else if (seen.kind === 'repeat') expect(accepted).toContain(revision)
        else expect(seen).toEqual({ kind: 'hole', from: accepted.length, through: revision - 1 })
      }
      expect(accepted).toEqual(accepted.map((_, index) => index))
    }),
  )
})
