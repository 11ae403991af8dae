// The arguments of a schema that are ids, those inside of inputs too, and where an operation gives them.

import {
  type GraphQLInputType,
  type GraphQLSchema,
  getNamedType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isObjectType,
  parse,
  TypeInfo,
  visit,
  visitWithTypeInfo,
} from 'graphql'
import type { Asking } from './authorisationRows.ts'

/** What a client makes up itself: they lead to nothing. */
const keys: ReadonlySet<string> = new Set(['clientMessageId', 'idempotencyKey'])

/** All of them, as "Type.field(argument)" or "Type.field(argument.field)". */
export function idArguments(schema: GraphQLSchema): readonly string[] {
  return Object.values(schema.getTypeMap())
    .filter((type) => isObjectType(type))
    .filter(({ name }) => !name.startsWith('__'))
    .flatMap((type) =>
      Object.values(type.getFields()).flatMap((field) =>
        field.args.flatMap((argument) =>
          pathsIn(argument.type, argument.name).map((path) => `${type.name}.${field.name}(${path})`),
        ),
      ),
    )
}

function pathsIn(type: GraphQLInputType, name: string): readonly string[] {
  const named = getNamedType(type)
  if (named.name === 'ID') return keys.has(name.split('.').at(-1) ?? '') ? [] : [name]
  if (!isInputObjectType(named)) return []
  return Object.values(named.getFields()).flatMap((field) => pathsIn(field.type, `${name}.${field.name}`))
}

export interface GivenId {
  readonly argument: string
  readonly value: string
  /** The same variables with another id in its place. */
  replaced(id: string): Asking['variables']
}

/** The ids that an operation gives by its variables. */
export function givenIds(schema: GraphQLSchema, { document, variables }: Asking): readonly GivenId[] {
  const types = new TypeInfo(schema)
  const given: GivenId[] = []
  visit(
    parse(document),
    visitWithTypeInfo(types, {
      Argument: ({ name, value }) => {
        const type = types.getInputType()
        if (value.kind !== 'Variable' || !type) return
        const variable = value.name.value
        const field = `${types.getParentType()?.name}.${types.getFieldDef()?.name}`
        for (const { path, text, replaced } of idsIn(type, name.value, variables[variable]))
          given.push({
            argument: `${field}(${path})`,
            value: text,
            replaced: (id) => ({ ...variables, [variable]: replaced(id) }),
          })
      },
    }),
  )
  return given
}

interface Found {
  readonly path: string
  readonly text: string
  replaced(id: string): unknown
}

function idsIn(type: GraphQLInputType, path: string, value: unknown): readonly Found[] {
  if (isNonNullType(type)) return idsIn(type.ofType, path, value)
  if (value == null) return []
  if (isListType(type)) {
    const list: readonly unknown[] = Array.isArray(value) ? value : [value]
    return idsIn(type.ofType, path, list[0]).map((found) => ({
      ...found,
      replaced: (id) => [found.replaced(id), ...list.slice(1)],
    }))
  }
  if (isInputObjectType(type)) {
    const fields = value as Readonly<Record<string, unknown>>
    return Object.values(type.getFields()).flatMap((field) =>
      idsIn(field.type, `${path}.${field.name}`, fields[field.name]).map((found) => ({
        ...found,
        replaced: (id) => ({ ...fields, [field.name]: found.replaced(id) }),
      })),
    )
  }
  return getNamedType(type).name === 'ID' && typeof value === 'string'
    ? [{ path, text: value, replaced: (id) => id }]
    : []
}
