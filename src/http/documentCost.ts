// How many objects an operation can ask for: lists within lists multiply, so that a few lines can ask for millions.

import {
  type ArgumentNode,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLError,
  type GraphQLSchema,
  isInterfaceType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
  type ValueNode,
} from 'graphql'
import { pageSizeLimit } from '../queries/page.ts'
import { refusalError } from './refusal.ts'

/** What a schema says of its lists. */
export interface PagedFields {
  /** By the names of the fields that give pages: how many entries they give where nothing is said. */
  readonly usual: ReadonlyMap<string, number>
  readonly objectTypes: ReadonlySet<string>
}

const usualPage = 50

/** The fields of a schema with an argument `first`, or `ids`. */
export function pagedFields(schema: GraphQLSchema): PagedFields {
  const usual = new Map<string, number>()
  const objectTypes = new Set<string>()
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) && !isInterfaceType(type)) continue
    if (isObjectType(type)) objectTypes.add(type.name)
    for (const { name, args } of Object.values(type.getFields())) {
      const first = args.find((arg) => arg.name === 'first')
      if (first) usual.set(name, typeof first.defaultValue === 'number' ? first.defaultValue : usualPage)
      // As many as are named; `nodes` of a connection goes by the same name and takes no argument.
      else if (args.some((arg) => arg.name === 'ids')) usual.set(name, 1)
    }
  }
  return { usual, objectTypes }
}

type Variables = Readonly<Record<string, unknown>>

interface Asked {
  readonly paged: PagedFields
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>
  readonly defaults: ReadonlyMap<string, ValueNode>
  readonly variables: Variables
  /** Of fragments that were counted before. */
  readonly known: Map<string, number>
  /** Set once a variable has had its say. */
  varies: boolean
}

/** What an argument says, through a variable or not; undefined where it says nothing. */
function saidBy(argument: ArgumentNode, asked: Asked): unknown {
  let node: ValueNode | undefined = argument.value
  if (node.kind === Kind.VARIABLE) {
    asked.varies = true
    const given = asked.variables[node.name.value]
    if (given !== undefined) return given
    node = asked.defaults.get(node.name.value)
  }
  if (node?.kind === Kind.INT) return Number(node.value)
  if (node?.kind === Kind.LIST) return node.values
  return undefined
}

/** How many entries a field gives at most. What is beyond the limit of a page is refused when it is carried out. */
function entriesOf(field: FieldNode, asked: Asked): number {
  const usual = asked.paged.usual.get(field.name.value)
  if (usual === undefined) return 1
  for (const argument of field.arguments ?? []) {
    const name = argument.name.value
    if (name !== 'first' && name !== 'last' && name !== 'ids') continue
    const value = saidBy(argument, asked)
    if (typeof value === 'number') return Math.min(Math.max(1, value), pageSizeLimit)
    if (Array.isArray(value)) return Math.max(1, value.length)
    if (name === 'ids') return 1
  }
  return usual
}

function objectsIn(set: SelectionSetNode, asked: Asked): number {
  let objects = 0
  /** What is asked of one object type or the other: an object is of one of them only. */
  const either = new Map<string, number>()
  for (const selection of set.selections) {
    if (selection.kind === Kind.FIELD) {
      // Introspection has bounds of its own.
      if (!selection.selectionSet || selection.name.value.startsWith('__')) continue
      objects += entriesOf(selection, asked) * (1 + objectsIn(selection.selectionSet, asked))
      continue
    }
    const fragment = selection.kind === Kind.INLINE_FRAGMENT ? selection : asked.fragments.get(selection.name.value)
    const type = fragment?.typeCondition?.name.value
    const inside =
      selection.kind === Kind.INLINE_FRAGMENT
        ? objectsIn(selection.selectionSet, asked)
        : objectsOfFragment(selection.name.value, asked)
    if (type !== undefined && asked.paged.objectTypes.has(type)) either.set(type, (either.get(type) ?? 0) + inside)
    else objects += inside
  }
  return objects + Math.max(0, ...either.values())
}

function objectsOfFragment(name: string, asked: Asked): number {
  const before = asked.known.get(name)
  if (before !== undefined) return before
  const fragment = asked.fragments.get(name)
  const objects = fragment ? objectsIn(fragment.selectionSet, asked) : 0
  asked.known.set(name, objects)
  return objects
}

export interface Costing {
  readonly paged: PagedFields
  readonly document: DocumentNode
  readonly operation: OperationDefinitionNode
  readonly variables: Variables | undefined
  /** Objects that one operation may ask for. */
  readonly limit: number
}

/** Of operations that ask for as many objects whatever their variables say. */
const fixed = new WeakMap<OperationDefinitionNode, number>()

/** Why the operation asks for too much, if it does. The document has been validated: no fragment contains itself. */
export function tooCostly(costing: Costing): GraphQLError | undefined {
  const { operation, limit } = costing
  const objects = fixed.get(operation) ?? objectsOf(costing)
  if (objects <= limit) return undefined
  return refusalError(
    'TOO_LARGE',
    `The operation can ask for ${objects} objects; ${limit} are allowed. Ask for smaller pages, or for lists within lists one after the other.`,
  )
}

function objectsOf({ paged, document, operation, variables = {} }: Costing): number {
  const fragments = new Map<string, FragmentDefinitionNode>()
  for (const definition of document.definitions)
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition)
  const defaults = new Map<string, ValueNode>()
  for (const { variable, defaultValue } of operation.variableDefinitions ?? [])
    if (defaultValue) defaults.set(variable.name.value, defaultValue)
  const asked: Asked = { paged, fragments, defaults, variables, known: new Map(), varies: false }
  const objects = objectsIn(operation.selectionSet, asked)
  if (!asked.varies) fixed.set(operation, objects)
  return objects
}
