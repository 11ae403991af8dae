import { expect, test } from 'vitest'
import { quantile, summary } from '../../bench/samples.ts'

const hundred = Array.from({ length: 100 }, (_, index) => 100 - index)

test('a percentile is a sample that so many are not above', () => {
  expect([0, 0.5, 0.95, 0.99, 1].map((q) => quantile(hundred, q))).toEqual([1, 50, 95, 99, 100])
  expect(quantile([], 0.5)).toBeNaN()
})

test('a histogram holds every sample once', () => {
  const { count, histogram } = summary([0, 0.0005, ...hundred])
  expect(count).toBe(102)
  expect(histogram.reduce((sum, [, samples]) => sum + samples, 0)).toBe(102)
  const edges = histogram.map(([edge]) => edge)
  expect(edges).toEqual([...new Set(edges)].toSorted((a, b) => a - b))
  expect(histogram[0]).toEqual([0.001, 2])
})
