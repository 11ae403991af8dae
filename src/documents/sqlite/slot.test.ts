import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { createTable } from './file.ts'
import { idHash } from './idHash.ts'
import { docBytesFor, emptyRow, rowBytes } from './slot.ts'

test('the size of a row is what SQLite says that it is', () => {
  using database = new DatabaseSync(':memory:')
  database.exec(createTable('c'))
  const insert = database.prepare('INSERT OR REPLACE INTO c_c VALUES (1, ?, ?, ?, ?, 0, ?)')
  const size = database.prepare(`SELECT payload FROM dbstat WHERE name = 'c_c' AND pagetype = 'leaf'`)
  for (const revision of [
    0,
    1,
    2,
    127,
    128,
    32_767,
    32_768,
    2 ** 23 - 1,
    2 ** 23,
    2 ** 31 - 1,
    2 ** 31,
    2 ** 47 - 1,
    2 ** 47,
  ]) {
    for (const [idBytes, positionBytes, docBytes] of [
      [1, 0, 2],
      [57, 57, 57],
      [58, 58, 58],
      [44, 16, 1_500],
    ] as const) {
      // Small numbers take fewer bytes in the place of the hash too.
      for (const hash of [revision, idHash(`id ${revision}`)]) {
        insert.run(hash, 'i'.repeat(idBytes), revision, 'p'.repeat(positionBytes), 'd'.repeat(docBytes))
        expect(size.get()).toEqual({ payload: rowBytes({ hash, idBytes, revision, positionBytes, docBytes }) })
      }
    }
  }
})

test('every size has an empty row, and nearly every one a length of the JSON', () => {
  const beside = { hash: 2 ** 40, idBytes: 44, revision: 300, positionBytes: 16 }
  for (let docBytes = 2; docBytes < 9_000; docBytes++) {
    const size = rowBytes({ ...beside, docBytes })
    expect(docBytesFor(size, beside)).toBe(docBytes)
    const { position, doc } = emptyRow(size)
    expect(rowBytes({ hash: 0, idBytes: -1, revision: 0, positionBytes: position.length, docBytes: doc.length })).toBe(
      size,
    )
  }
})
