import { expect, test } from 'vitest'
import { start } from '../eventstore/port.ts'
import { AbsentFilter } from './absentFilter.ts'
import { DocumentCache, entry } from './documentCache.ts'

test('the cache keeps what was used last, and hands out what was changed when it lets go of it', () => {
  const cache = new DocumentCache({ documents: 10, bytes: 1_000_000 })
  for (let index = 0; index < 10; index++) cache.put(entry(`id-${index}`, 0, start, { index }), 0)
  const first = cache.use('id-0', 1)
  if (first === undefined) throw new Error('It is in the cache.')
  cache.change(first, { index: 100 }, 1, start)
  const second = cache.use('id-1', 0)
  if (second === undefined) throw new Error('It is in the cache.')
  cache.change(second, { index: 101 }, 1, start)
  cache.put(entry('id-10', 0, start, {}), 1)
  expect(cache.evict().map((one) => one.id)).toEqual(['id-1'])
  expect(cache.use('id-1', 2)).toBeUndefined()
  expect(cache.use('id-0', 2)?.document).toEqual({ index: 100 })
  expect(cache.takeChanged().map((one) => one.id)).toEqual(['id-0'])
  expect(cache.takeChanged()).toEqual([])
})

test('BOUND: large texts count by their size', () => {
  const cache = new DocumentCache({ documents: 1_000, bytes: 100_000 })
  for (let index = 0; index < 100; index++) cache.put(entry(`id-${index}`, 0, start, { text: 'x'.repeat(5_000) }), 0)
  cache.evict()
  const kept = Array.from({ length: 100 }, (_, index) => cache.use(`id-${index}`, 1)).filter((one) => one !== undefined)
  expect(kept.length).toBeLessThan(10)
  expect(cache.use('id-99', 2)).toBeDefined()
})

test('the filter never misses what was added, and seldom suspects what was not', () => {
  const filter = new AbsentFilter()
  for (let index = 0; index < 100_000; index++) filter.add(`message_${index}`)
  let wrong = 0
  for (let index = 0; index < 100_000; index++) {
    expect(filter.mayHold(`message_${index}`)).toBe(true)
    if (filter.mayHold(`other_${index}`)) wrong++
  }
  expect(wrong).toBeLessThan(200)
})
