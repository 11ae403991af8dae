import { expect, test } from 'vitest'
import { indexKey, order, present } from './filter.ts'

test('fields are looked for where they are stored, and what is removed is left out', () => {
  expect(present({})).toEqual({ document: { $exists: true } })
  expect(present({ a: null, _revision: { $gt: 3 } })).toEqual({
    'document.a': null,
    revision: { $gt: 3 },
    document: { $exists: true },
  })
  expect(present({ $or: [{ 'a.b': 1 }, { _id: 'x' }] })).toEqual({
    $or: [{ 'document.a.b': 1 }, { _id: 'x' }],
    document: { $exists: true },
  })
})

test('where a field must have a value, an index alone can tell that a document is there', () => {
  for (const filter of [
    { a: 1 },
    { a: { $gte: 'x' } },
    { a: { $exists: true } },
    { a: { $in: ['x', 'y'] } },
    { a: false },
  ])
    expect(Object.keys(present(filter))).toEqual(['document.a'])
  for (const filter of [
    { a: null },
    { a: { $ne: 1 } },
    { a: { $in: [null] } },
    { a: { $exists: false } },
    { a: { $eq: null } },
  ])
    expect(Object.keys(present(filter))).toEqual(['document.a', 'document'])
})

test('orders and indexes end with the id', () => {
  expect(Object.entries(order({ b: -1, a: 1 }))).toEqual([
    ['document.b', -1],
    ['document.a', 1],
    ['_id', 1],
  ])
  expect(order({ _id: -1 })).toEqual({ _id: -1 })
  expect(indexKey({ _position: 1 })).toEqual({ position: 1, _id: 1 })
  expect(() => indexKey({})).toThrow(TypeError)
})
