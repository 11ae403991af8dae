import { expect, test } from 'vitest'
import { table } from './table.ts'

test('columns are as wide as their longest cell, and numbers stand at the right', () => {
  const rows = [
    { name: 'rooms', documents: 7 },
    { name: 'memberships', documents: 12_345 },
  ]
  const columns = [
    { title: 'name', cell: (row: (typeof rows)[0]) => row.name },
    { title: 'docs', cell: (row: (typeof rows)[0]) => row.documents },
  ]
  expect(table(rows, columns)).toEqual(['name           docs', 'rooms             7', 'memberships  12,345'])
  expect(table([], columns)).toEqual(['name  docs'])
})
