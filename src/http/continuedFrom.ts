// A subscription that goes on from another place than its document says: where a stream of events has broken off.

import {
  type ArgumentNode,
  type DocumentNode,
  type GraphQLSchema,
  Kind,
  TypeInfo,
  visit,
  visitWithTypeInfo,
} from 'graphql'

const argument = 'after'

/**
 * The document, with `after` of its feed set to a cursor, whatever stood there: a variable, a text, or nothing. Fields without such
 * an argument, those of live state, stay as they are. Only to begin the feed with: it is another document than the client's.
 * @param cursor as the client sent it; the feed judges it
 */
export function continuedFrom(schema: GraphQLSchema, document: DocumentNode, cursor: string): DocumentNode {
  const types = new TypeInfo(schema)
  const root = schema.getSubscriptionType()
  const given: ArgumentNode = {
    kind: Kind.ARGUMENT,
    name: { kind: Kind.NAME, value: argument },
    value: { kind: Kind.STRING, value: cursor },
  }
  return visit(
    document,
    visitWithTypeInfo(types, {
      Field: (field) => {
        if (types.getParentType() !== root) return false
        if (!types.getFieldDef()?.args.some(({ name }) => name === argument)) return false
        const others = field.arguments?.filter(({ name }) => name.value !== argument) ?? []
        return { ...field, arguments: [...others, given] }
      },
    }),
  )
}
