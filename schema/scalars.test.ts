import { GraphQLScalarType, parseValue } from 'graphql'
import { expect, test } from 'vitest'
import { schema } from './schema.ts'

const json = schema.getType('JSON')
if (!(json instanceof GraphQLScalarType)) throw new Error('JSON is no scalar.')

test('JSON takes any value, as a variable and in the document', () => {
  const value = { a: [1, 'two', null, { b: false }] }
  expect(json.parseValue(value)).toEqual(value)
  expect(json.parseLiteral(parseValue('{ a: [1, "two", null, { b: false }] }'))).toEqual(value)
})

test('JSON of more than 64 KiB is refused', () => {
  expect(json.parseValue('é'.repeat(32_767))).toHaveLength(32_767)
  expect(() => json.parseValue('é'.repeat(32_768))).toThrow('64 KiB')
})
