// Whether the frames of a subscription are the same for every viewer, and who else gets the same ones.

import {
  type DocumentNode,
  type ExecutionArgs,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  Kind,
  separateOperations,
  TypeInfo,
  visit,
  visitWithTypeInfo,
} from 'graphql'

/** What a document's subscription asks for. */
interface Selection {
  /** The first field found that is per viewer, as "Type.field". */
  readonly because: string | undefined
  /** The variables that its frames may depend on: those of the feed's own arguments have done their work when it begins. */
  readonly variables: readonly string[]
  /** Told apart from all others by this. */
  readonly number: number
}

type Asked = Pick<ExecutionArgs, 'document' | 'operationName' | 'variableValues'>

export class Sharing {
  readonly #schema: GraphQLSchema
  readonly #known = new WeakMap<DocumentNode, Map<string, Selection>>()
  #count = 0

  constructor(schema: GraphQLSchema) {
    this.#schema = schema
  }

  /** Subscriptions with the same answer show the same frame in the same way; undefined where something in it is per viewer. */
  groupOf({ document, operationName, variableValues }: Asked): string | undefined {
    const { because, variables, number } = this.#selectionOf(document, operationName ?? '')
    if (because !== undefined) return undefined
    // What was left out is not the same as null: there may be a default.
    const values = variables.map((name) => (variableValues?.[name] === undefined ? [] : [variableValues[name]]))
    return JSON.stringify([number, ...values])
  }

  #selectionOf(document: DocumentNode, operationName: string): Selection {
    const operations = this.#known.get(document) ?? new Map<string, Selection>()
    this.#known.set(document, operations)
    const known = operations.get(operationName)
    if (known) return known
    // The gate has found this operation: it is the one of that name, or the only one.
    const separate = separateOperations(document)
    const selection = { ...read(this.#schema, separate[operationName] ?? document), number: ++this.#count }
    operations.set(operationName, selection)
    return selection
  }
}

function read(schema: GraphQLSchema, document: DocumentNode): Omit<Selection, 'number'> {
  const types = new TypeInfo(schema)
  const root = schema.getSubscriptionType()
  const variables = new Set<string>()
  let because: string | undefined
  let ofTheFeed = false
  visit(
    document,
    visitWithTypeInfo(types, {
      Field: {
        enter: ({ name: { value } }) => {
          const parent = types.getParentType()
          if (!value.startsWith('__') && !(parent && isShared(schema, parent, value)))
            because ??= `${parent?.name}.${value}`
        },
      },
      Argument: {
        enter: (_node, _key, _parent, _path, ancestors) => {
          const owner = ancestors.at(-1)
          const onField = owner !== undefined && 'kind' in owner && owner.kind === Kind.FIELD
          ofTheFeed = onField && types.getParentType() === root
        },
        leave: () => {
          ofTheFeed = false
        },
      },
      VariableDefinition: () => false,
      Variable: ({ name }) => {
        if (!ofTheFeed) variables.add(name.value)
      },
    }),
  )
  return { because, variables: [...variables].sort() }
}

/** Of an interface, the fields of all types that may stand there. */
function isShared(schema: GraphQLSchema, parent: GraphQLNamedType, field: string): boolean {
  const named = getNamedType(parent)
  if (isAbstractType(named)) return schema.getPossibleTypes(named).every((type) => marked(type.getFields()[field]))
  return 'getFields' in named && marked((named.getFields() as Record<string, GraphQLField<unknown, unknown>>)[field])
}

const marked = (field: GraphQLField<unknown, unknown> | undefined): boolean => field?.extensions.shared === true
