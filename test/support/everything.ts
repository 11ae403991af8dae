// Documents made from a schema: for a type, everything in it; for an argument, some value that fits.

import {
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputField,
  type GraphQLInputType,
  type GraphQLOutputType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isObjectType,
  isRequiredArgument,
  isRequiredInputField,
} from 'graphql'

/**
 * A selection of everything in a type: all members of a union or an interface, all fields with their required arguments.
 * @param depth levels of objects below the type's own fields
 * @returns the selection in braces; nothing for scalars and enums
 */
export function selectionOf(schema: GraphQLSchema, type: GraphQLOutputType, depth: number): string {
  const named = getNamedType(type)
  if (isAbstractType(named)) {
    const members = schema
      .getPossibleTypes(named)
      .map((member) => `... on ${member.name} ${fieldsOf(schema, member, depth)}`)
    return `{ __typename ${members.join(' ')} }`
  }
  return isObjectType(named) ? fieldsOf(schema, named, depth) : ''
}

function fieldsOf(
  schema: GraphQLSchema,
  type: { getFields(): Readonly<Record<string, GraphQLField<unknown, unknown>>> },
  depth: number,
): string {
  const fields = Object.values(type.getFields()).flatMap((field) => {
    const named = getNamedType(field.type)
    const below = isAbstractType(named) || isObjectType(named)
    return below && depth === 0 ? [] : [`${callOf(field)} ${below ? selectionOf(schema, named, depth - 1) : ''}`]
  })
  return `{ __typename ${fields.join(' ')} }`
}

/** A field with a value for each argument that it requires: `room(id: "room_x")`. */
export function callOf(field: GraphQLField<unknown, unknown>): string {
  const args = field.args.filter(isRequiredArgument).map(valued)
  return args.length === 0 ? field.name : `${field.name}(${args.join(', ')})`
}

const valued = (field: GraphQLArgument | GraphQLInputField): string => `${field.name}: ${literalOf(field.type)}`

function literalOf(type: GraphQLInputType): string {
  if (isNonNullType(type)) return literalOf(type.ofType)
  if (isListType(type)) return `[${literalOf(type.ofType)}]`
  if (isInputObjectType(type))
    return `{ ${Object.values(type.getFields()).filter(isRequiredInputField).map(valued).join(', ')} }`
  if (isEnumType(type)) return type.getValues()[0]?.name ?? 'null'
  switch (type.name) {
    case 'Int':
    case 'Float':
      return '1'
    case 'Boolean':
      return 'true'
    case 'DateTime':
      return '"2026-01-31T12:00:00.000Z"'
    default:
      return '"x"'
  }
}
