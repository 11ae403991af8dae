import { expect, test } from 'vitest'
import { start } from '../eventstore/port.ts'
import { AbsentFilter } from './absentFilter.ts'
import { DocumentCache, entry } from './documentCache.ts'

const numbered = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => entry(`id-${from + index}`, 0, start, { index }))

function changed(cache: DocumentCache, id: string): void {
  const found = cache.use(id)
  if (found === undefined) throw new Error(`${id} is not in the cache.`)
  cache.change(found, { changed: true }, 1, start)
}

test('the cache keeps what was used last, and hands out what was changed when it lets go of it', () => {
  const cache = new DocumentCache({ documents: 10, bytes: 1_000_000 })
  for (const one of numbered(0, 6)) cache.put(one)
  changed(cache, 'id-0')
  changed(cache, 'id-1')
  expect(cache.evict()).toEqual([])
  changed(cache, 'id-0')
  for (const one of numbered(6, 12)) cache.put(one)
  expect(cache.evict().map((one) => one.id)).toEqual(['id-1'])
  expect(cache.use('id-1')).toBeUndefined()
  expect(cache.use('id-0')?.document).toEqual({ changed: true })
  expect(cache.takeChanged().map((one) => one.id)).toEqual(['id-0'])
  expect(cache.takeChanged()).toEqual([])
})

test('BOUND: large texts count by their size', () => {
  const cache = new DocumentCache({ documents: 1_000, bytes: 100_000 })
  for (let index = 0; index < 100; index++) {
    cache.put(entry(`id-${index}`, 0, start, { text: 'x'.repeat(5_000) }))
    cache.evict()
  }
  const kept = Array.from({ length: 100 }, (_, index) => cache.use(`id-${index}`)).filter((one) => one !== undefined)
  expect(kept.length).toBeLessThanOrEqual(12)
  expect(cache.use('id-99')).toBeDefined()
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
