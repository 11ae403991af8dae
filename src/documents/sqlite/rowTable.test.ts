import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { idHash } from './idHash.ts'
import { RowTable } from './rowTable.ts'

test('every row that was added is found, and hardly any other', () => {
  const table = new RowTable()
  const hashes = Array.from({ length: 100_000 }, () => idHash(randomUUID()))
  for (const [at, hash] of hashes.entries()) table.add(hash, at + 1)
  const missing = hashes.filter((hash, at) => !table.rows(hash).includes(at + 1))
  expect(missing).toEqual([])
  const others = Array.from({ length: 100_000 }, () => idHash(randomUUID()))
  expect(others.filter((hash) => table.rows(hash).length > 0).length).toBeLessThan(20)
})

test('a hash may have several rows', () => {
  const table = new RowTable()
  for (const row of [1, 2, 3]) table.add(7, row)
  table.add(8, 4)
  expect([...table.rows(7)].sort()).toEqual([1, 2, 3])
  expect(table.rows(8)).toEqual([4])
})

test('another thread sees what is added, until the table grows into other memory', () => {
  const table = new RowTable()
  const elsewhere = new RowTable(table.memory)
  table.add(1, 1)
  expect(elsewhere.rows(1)).toEqual([1])
  for (let row = 2; table.memory.byteLength < 100_000; row++) table.add(idHash(`${row}`), row)
  expect(elsewhere.rows(1)).toEqual([1])
  expect(new RowTable(table.memory).rows(1)).toEqual([1])
})

test('BOUND it says when it holds as much as it may', () => {
  const table = new RowTable(undefined, 4_096)
  for (let row = 1; row <= 3_071; row++) table.add(idHash(`${row}`), row)
  expect(table.full).toBe(false)
  table.add(idHash('last'), 3_072)
  expect(table.full).toBe(true)
})
