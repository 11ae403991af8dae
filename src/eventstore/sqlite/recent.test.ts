import { expect, test } from 'vitest'
import type { StoredEvent } from './protocol.ts'
import { Recent } from './recent.ts'

const stored = (position: number, text = 'x'): StoredEvent => ({
  stream: 'room-1',
  id: `0192f3c4-5f5f-7bbb-8ccc-${String(position).padStart(12, '0')}`,
  type: 'T',
  data: '{}',
  body: JSON.stringify({ text }),
  metadata: '{}',
  position,
  revision: position - 1,
})

const revisionsAfter = (recent: Recent, position: number, limit = 1_000) =>
  recent.after(position, limit)?.map(({ revision }) => revision)

test('BOUND: it keeps so many events and no more, and says when it no longer reaches back', () => {
  const recent = new Recent(0, { events: 3, length: 1_000_000 })
  for (let position = 1; position <= 5_000; position += 1) recent.add(stored(position))
  expect(revisionsAfter(recent, 4_996)).toBeUndefined()
  expect(revisionsAfter(recent, 4_997)).toEqual([4_997, 4_998, 4_999])
  expect(revisionsAfter(recent, 4_998, 1)).toEqual([4_998])
  expect(revisionsAfter(recent, 5_000)).toEqual([])
  expect(recent.end).toBe(5_000)
})

test('BOUND: it keeps texts up to a length and no more', () => {
  const recent = new Recent(0, { events: 1_000, length: 2_500 })
  for (let position = 1; position <= 10; position += 1) recent.add(stored(position, 'x'.repeat(1_000)))
  expect(revisionsAfter(recent, 7)).toBeUndefined()
  expect(revisionsAfter(recent, 8)).toEqual([8, 9])
})

test('all who follow get the same objects', () => {
  const recent = new Recent(0)
  recent.add(stored(1))
  expect(recent.after(0, 10)?.[0]).toBe(recent.after(0, 10)?.[0])
})

test('ERASE: a forgotten body is not in it any more', () => {
  const recent = new Recent(0)
  recent.add(stored(1))
  recent.add(stored(2))
  const before = recent.after(0, 10)
  recent.forget(new Set([stored(1).id]))
  expect(recent.after(0, 10)?.map(({ body }) => body)).toEqual([undefined, { text: 'x' }])
  expect(before?.[0]?.body).toEqual({ text: 'x' })
})
