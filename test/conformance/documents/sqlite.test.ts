import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { openSqliteDocuments } from '../../../src/documents/sqlite/open.ts'
import { findSql } from '../../../src/documents/sqlite/query.ts'
import { Statements } from '../../../src/documents/sqlite/statements.ts'
import { documentsSuite } from './suite.ts'

documentsSuite('sqlite', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'parley-documents-'))
  let documents = await openSqliteDocuments({ folder })
  return {
    documents,
    async reopen() {
      await documents.close()
      documents = await openSqliteDocuments({ folder })
      return documents
    },
    async remove() {
      await documents.close()
      await rm(folder, { recursive: true })
    },
  }
})

test('pages are found by an index alone, in its order', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'parley-documents-'))
  const documents = await openSqliteDocuments({ folder })
  await documents.createCollection('messages')
  await documents.createIndexes('messages', [{ conversationId: 1, revision: -1 }, { _position: 1 }, { 'author.id': 1 }])
  await documents.close()
  using database = new DatabaseSync(join(folder, 'documents.db'))
  database.function('alive', () => 1)
  const statements = new Statements(database)
  const plan = (query: Omit<Parameters<typeof findSql>[1], 'limit'>) =>
    statements.plan(findSql('messages', { ...query, limit: 50 }).sql).join('; ')
  const ofRoom = (terms: string) => `SEARCH c_messages USING INDEX i_messages+conversationId-revision (${terms})`

  expect(plan({ filter: { conversationId: 'x', revision: { $lt: 9 } }, sort: { revision: -1 } })).toBe(
    ofRoom('<expr>=? AND <expr><?'),
  )
  expect(plan({ filter: { conversationId: 'x' }, sort: { revision: -1 } })).toBe(ofRoom('<expr>=?'))
  expect(plan({ filter: { conversationId: 'x', revision: { $gt: 9 } }, sort: { revision: 1 } })).toBe(
    `${ofRoom('<expr>=? AND <expr>>? AND <expr><?')}; USE TEMP B-TREE FOR LAST TERM OF ORDER BY`,
  )
  expect(plan({ filter: { conversationId: 'x', revision: { $in: [1, 2] } } })).toContain(
    ofRoom('<expr>=? AND <expr>=?'),
  )
  expect(plan({ filter: { 'author.id': 'x' } })).toBe('SEARCH c_messages USING INDEX i_messages+author.id (<expr>=?)')
  expect(plan({ filter: { _position: { $gt: 'x' } }, sort: { _position: 1 } })).toBe(
    'SEARCH c_messages USING INDEX i_messages+_position (position>?)',
  )
  await rm(folder, { recursive: true })
})
