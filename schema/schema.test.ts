import { readFileSync } from 'node:fs'
import {
  type GraphQLNamedType,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isIntrospectionType,
  isObjectType,
  isSpecifiedScalarType,
  isUnionType,
  lexicographicSortSchema,
  parse,
  printSchema,
  validate,
} from 'graphql'
import { describe, expect, test } from 'vitest'
import { shownTypes } from '../src/live/event.ts'
import { selectionOf } from '../test/support/everything.ts'
import { schema } from './schema.ts'

const types = Object.values(schema.getTypeMap()).filter(
  (type) => !isIntrospectionType(type) && !isSpecifiedScalarType(type),
)

/** A type, and everything in it, that nobody has described. */
function undescribed(type: GraphQLNamedType): readonly string[] {
  const own = type.description ? [] : [type.name]
  if (isEnumType(type)) {
    const values = type.getValues().filter(({ description }) => !description)
    return [...own, ...values.map(({ name }) => `${type.name}.${name}`)]
  }
  if (isInputObjectType(type)) {
    const fields = Object.values(type.getFields()).filter(({ description }) => !description)
    return [...own, ...fields.map(({ name }) => `${type.name}.${name}`)]
  }
  if (!isObjectType(type) && !isInterfaceType(type)) return own
  const below = Object.values(type.getFields()).flatMap((field) => [
    ...(field.description ? [] : [`${type.name}.${field.name}`]),
    ...field.args.filter(({ description }) => !description).map((arg) => `${type.name}.${field.name}(${arg.name})`),
  ])
  return [...own, ...below]
}

test('everything in the schema is described', () => {
  expect(types.length).toBeGreaterThan(50)
  expect(types.flatMap(undescribed)).toEqual([])
})

test('every mutation takes one input at most, and answers with its payload or one of its errors', () => {
  const error = schema.getType('Error')
  if (!isInterfaceType(error)) throw new Error('Error is no interface.')
  const mutations = Object.values(schema.getMutationType()?.getFields() ?? {})
  expect(mutations.length).toBeGreaterThan(15)
  for (const { name, args, type } of mutations) {
    expect(
      args.map((arg) => arg.name),
      name,
    ).toEqual(args.length === 0 ? [] : ['input'])
    const result = getNamedType(type)
    if (!isUnionType(result)) throw new Error(`${name} answers with no union.`)
    const members = result.getTypes()
    const payloads = members.filter((member) => !schema.isSubType(error, member))
    expect(
      payloads.map((member) => member.name),
      name,
    ).toEqual([result.name.replace(/Result$/, 'Payload')])
    expect(
      members.map((member) => member.name),
      name,
    ).toContain('UnavailableError')
    expect(
      members.map((member) => member.name),
      name,
    ).toContain('RateLimitedError')
    // Typing is stored nowhere.
    const position = name === 'setTyping' ? [] : ['position']
    expect(Object.keys(payloads[0]?.getFields() ?? {}), name).toEqual(expect.arrayContaining(position))
  }
})

describe('one document can select everything', () => {
  const abstract = types.filter((type) => isUnionType(type) || isInterfaceType(type))
  test('there are unions and interfaces', () => expect(abstract.length).toBeGreaterThan(20))
  test.each(abstract.map((type) => [type.name, type] as const))('of %s', (name, type) => {
    // The types alone, as fragments: what matters is whether their fields can stand beside each other.
    const fragment = `fragment All on ${name} ${selectionOf(schema, type, 2)}`
    const errors = validate(schema, parse(`query { __typename } ${fragment}`))
    expect(errors.map(({ message }) => message)).toEqual(['Fragment "All" is never used.'])
  })
})

test('an event has a type in the schema when feeds show it, and the other way around', () => {
  const event = schema.getType('ConversationEvent')
  if (!isInterfaceType(event)) throw new Error('ConversationEvent is no interface.')
  const implementing = schema.getPossibleTypes(event).map(({ name }) => name)
  expect(implementing.sort()).toEqual([...shownTypes, 'EventsSkipped'].sort())
})

test('the snapshot of the schema is up to date', () => {
  const snapshot = readFileSync(new URL('./schema.graphql', import.meta.url), 'utf8')
  expect(snapshot).toBe(`${printSchema(lexicographicSortSchema(schema))}\n`)
})
