// Random subscriptions of the feeds, made of whatever the schema offers.

import {
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isCompositeType,
  isObjectType,
  isRequiredArgument,
  parse,
  specifiedRules,
  validate,
} from 'graphql'
import type { Random } from './random.ts'

export interface FeedDocument {
  readonly query: string
  readonly feed: 'conversationFeed' | 'inboxFeed'
}

const heads = {
  conversationFeed:
    'subscription ($id: ID!, $yes: Boolean! = true, $no: Boolean! = false) { conversationFeed(conversationId: $id)',
  inboxFeed: 'subscription ($yes: Boolean! = true, $no: Boolean! = false) { inboxFeed(detail: EVERYTHING)',
}

const deepest = 5

class Writer {
  readonly #schema: GraphQLSchema
  readonly #random: Random
  readonly #perViewer: boolean
  readonly fragments: string[] = []

  constructor(schema: GraphQLSchema, random: Random, perViewer: boolean) {
    this.#schema = schema
    this.#random = random
    this.#perViewer = perViewer
  }

  selection(type: GraphQLNamedType, depth: number): string {
    const random = this.#random
    const parts: string[] = random.chance(0.3) ? ['__typename'] : []
    if ('getFields' in type)
      // Only objects and interfaces are selected from.
      for (const field of Object.values(type.getFields()) as GraphQLField<unknown, unknown>[])
        if (random.chance(depth < 2 ? 0.8 : 0.45)) parts.push(this.#field(field, depth))
    if (isAbstractType(type))
      for (const possible of this.#schema.getPossibleTypes(type))
        if (random.chance(0.4)) parts.push(this.#fragment(possible, depth))
    const kept = parts.filter((part) => part !== '')
    return `{ ${kept.length === 0 ? '__typename' : kept.join(' ')} }`
  }

  #field({ name, type, args, extensions }: GraphQLField<unknown, unknown>, depth: number): string {
    const random = this.#random
    const named = getNamedType(type)
    const isPage = named.name.endsWith('Connection') || named.name === 'ConversationFeedPayload'
    if (args.some(isRequiredArgument) || isPage || (extensions.shared !== true && !this.#perViewer)) return ''
    const alias = random.chance(0.1) ? `a${random.between(1, 1_000)}: ` : ''
    const directive = random.chance(0.1)
      ? random.pick([' @include(if: $yes)', ' @skip(if: $no)', ' @include(if: $no)'])
      : ''
    if (!isCompositeType(named)) return `${alias}${name}${directive}`
    return depth === deepest ? '' : `${alias}${name}${directive} ${this.selection(named, depth + 1)}`
  }

  #fragment(type: GraphQLNamedType, depth: number): string {
    // What only a viewer's own frames hold is asked for as it comes: nothing of it keeps others from being shared.
    const writer =
      isObjectType(type) && type.extensions.own === true ? new Writer(this.#schema, this.#random, true) : this
    const selection = writer.selection(type, depth)
    if (writer !== this || this.#random.chance(0.7)) return `... on ${type.name} ${selection}`
    const name = `Part${this.fragments.length}`
    this.fragments.push(`fragment ${name} on ${type.name} ${selection}`)
    return `...${name}`
  }
}

/** @param perViewer whether it may ask for what is not the same for everyone */
export function randomFeedDocument(
  schema: GraphQLSchema,
  random: Random,
  { perViewer }: { readonly perViewer: boolean },
): FeedDocument {
  const feed = random.pick(['conversationFeed', 'inboxFeed'] as const)
  const root = schema.getSubscriptionType()?.getFields()[feed]
  if (!root) throw new Error(`There is no ${feed}.`)
  for (;;) {
    const writer = new Writer(schema, random, perViewer)
    const selection = writer.selection(getNamedType(root.type), 0)
    const query = `${heads[feed]} ${selection} } ${writer.fragments.join(' ')}`
    const unused = specifiedRules.filter(({ name }) => name !== 'NoUnusedVariablesRule')
    const used = query.replace(/\$(yes|no): Boolean! = (true|false),? ?/g, (definition, name) =>
      query.includes(`if: $${name}`) ? definition : '',
    )
    const clean = used.replace(/, \)/, ')').replace('subscription () ', 'subscription ')
    // Two types may have fields of one name that do not fit together: then another one.
    if (clean.includes(':') && validate(schema, parse(clean), unused).length === 0) return { query: clean, feed }
  }
}
