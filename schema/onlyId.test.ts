// Which selections can be answered from an id.

import { buildSchema, execute, parse } from 'graphql'
import { expect, test } from 'vitest'
import { asksOnlyForId } from './onlyId.ts'

const schema = buildSchema('type Query { thing: Thing } type Thing { id: ID! name: String thing: Thing }')

test.each([
  ['{ thing { id } }', true],
  ['{ thing { __typename key: id ... { id } ...Part } } fragment Part on Thing { id }', true],
  ['{ thing { id } thing { name } }', false],
  ['{ thing { ... on Thing { id name } } }', false],
  ['{ thing { ...Part } } fragment Part on Thing { ...Rest } fragment Rest on Thing { thing { id } }', false],
])('%s: %s', (document, expected) => {
  const answers: boolean[] = []
  const field = schema.getQueryType()?.getFields().thing
  if (field)
    field.resolve = (_source, _args, _context, info) => {
      answers.push(asksOnlyForId(info))
      return null
    }
  execute({ schema, document: parse(document) })
  expect(answers).toEqual([expected])
})
