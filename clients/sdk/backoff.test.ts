import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Backoff } from './backoff.ts'
import { QuickClock } from './clockForTests.ts'

const waits = (random: () => number, count: number, spreadMs = 0): readonly number[] => {
  const backoff = new Backoff({ clock: new QuickClock(random), baseMs: 500, capMs: 30_000 })
  return Array.from({ length: count }, () => backoff.next(spreadMs))
}

test('the ceiling doubles from the base to the cap', () => {
  // Of 1 itself, which no die shows, each wait would be its ceiling.
  expect(waits(() => 1, 9)).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000])
})

test('a wait is anywhere between nothing and its ceiling', () => {
  const ceilings = waits(() => 1, 12)
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (die) => {
      const drawn = waits(() => die, 12)
      drawn.forEach((wait, index) => {
        expect(wait).toBe(die * (ceilings[index] ?? Number.NaN))
      })
    }),
  )
})

test('whoever is to be spread is spread from the first time on', () => {
  expect(waits(() => 1, 5, 3_000)).toEqual([3_000, 3_000, 3_000, 4_000, 8_000])
})

test('after it went well the first failure is the first again', () => {
  const backoff = new Backoff({ clock: new QuickClock(() => 1) })
  expect([backoff.next(), backoff.next()]).toEqual([500, 1_000])
  backoff.reset()
  expect(backoff.next()).toBe(500)
})
