// How large a document is once its fragments are expanded, found without expanding them.

import {
  type DocumentNode,
  type FragmentDefinitionNode,
  type GraphQLError,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql'
import type { Limits } from './limits.ts'
import { refusalError } from './refusal.ts'

interface Size {
  /** Fields below one another. */
  depth: number
  aliases: number
  fields: number
  /** Fields of the topmost level. */
  width: number
}

type Fragments = ReadonlyMap<string, FragmentDefinitionNode>

/** graphql bounds how far these may go round in circles; they are deeper than other documents by nature. */
const introspection = new Set(['__schema', '__type'])

function sizeOf(set: SelectionSetNode | undefined, fragments: Fragments, known: Map<string, Size>): Size {
  const size: Size = { depth: 0, aliases: 0, fields: 0, width: 0 }
  for (const selection of set?.selections ?? []) {
    if (selection.kind === Kind.FIELD) {
      const below = sizeOf(selection.selectionSet, fragments, known)
      const depth = introspection.has(selection.name.value) ? 1 : below.depth + 1
      size.depth = Math.max(size.depth, depth)
      size.aliases += below.aliases + (selection.alias ? 1 : 0)
      size.fields += below.fields + 1
      size.width += 1
      continue
    }
    const inner =
      selection.kind === Kind.INLINE_FRAGMENT
        ? sizeOf(selection.selectionSet, fragments, known)
        : sizeOfFragment(selection.name.value, fragments, known)
    size.depth = Math.max(size.depth, inner.depth)
    size.aliases += inner.aliases
    size.fields += inner.fields
    size.width += inner.width
  }
  return size
}

/** A fragment that contains itself counts once here; validation refuses it. */
function sizeOfFragment(name: string, fragments: Fragments, known: Map<string, Size>): Size {
  const before = known.get(name)
  if (before) return before
  known.set(name, { depth: 0, aliases: 0, fields: 0, width: 0 })
  const size = sizeOf(fragments.get(name)?.selectionSet, fragments, known)
  known.set(name, size)
  return size
}

function judge(size: Size, limits: Limits): string | undefined {
  if (size.depth > limits.documentDepth)
    return `The document is ${size.depth} levels deep; ${limits.documentDepth} are allowed. Ask for what lies deeper in a second operation.`
  if (size.aliases > limits.documentAliases)
    return `The document has ${size.aliases} aliases; ${limits.documentAliases} are allowed. Split it into several operations.`
  if (size.width > limits.rootFields)
    return `The operation has ${size.width} root fields; ${limits.rootFields} are allowed. Split it into several operations.`
  if (size.fields > limits.documentFields)
    return `The document has ${size.fields} fields once its fragments are expanded; ${limits.documentFields} are allowed. Split it into several operations.`
  return undefined
}

/** What makes the document too large, if anything does. */
export function tooLarge(document: DocumentNode, limits: Limits): GraphQLError | undefined {
  const fragments = new Map<string, FragmentDefinitionNode>()
  const operations: OperationDefinitionNode[] = []
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition)
    else if (definition.kind === Kind.OPERATION_DEFINITION) operations.push(definition)
  }
  const known = new Map<string, Size>()
  for (const operation of operations) {
    const message = judge(sizeOf(operation.selectionSet, fragments, known), limits)
    if (message) return refusalError('TOO_LARGE', message)
  }
  return undefined
}
