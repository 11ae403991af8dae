// Whether the frames of a subscription are the same for every viewer, and who else gets the same ones.

import {
  type DocumentNode,
  type ExecutionArgs,
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isObjectType,
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
  /** Nothing in its frames changes but with the messages and people that they show. */
  readonly lasting: boolean
  /** The variables that its frames may depend on: those of the feed's own arguments have done their work when it begins. */
  readonly variables: readonly string[]
  /** Told apart from all others by this. */
  readonly number: number
}

export interface Group {
  readonly name: string
  /** Its frames may be kept until a message or a person that they show changes. */
  readonly lasting: boolean
}

/** Whether the frames of a subscription are made once for all who ask the same, and if not, what prevents it: "Type.field". */
export type SharingSaid = { readonly shared: true } | { readonly shared: false; readonly because: string }

type Asked = Pick<ExecutionArgs, 'document' | 'operationName' | 'variableValues'>

export class Sharing {
  readonly #schema: GraphQLSchema
  readonly #known = new WeakMap<DocumentNode, Map<string, Selection>>()
  #count = 0

  constructor(schema: GraphQLSchema) {
    this.#schema = schema
  }

  /** Subscriptions of the same group show the same frame in the same way; undefined where something in it is per viewer. */
  groupOf({ document, operationName, variableValues }: Asked): Group | undefined {
    const { because, lasting, variables, number } = this.#selectionOf(document, operationName ?? '')
    if (because !== undefined) return undefined
    // What was left out is not the same as null: there may be a default.
    const values = variables.map((name) => (variableValues?.[name] === undefined ? [] : [variableValues[name]]))
    return { name: JSON.stringify([number, ...values]), lasting }
  }

  /** What a subscription is told of itself. */
  saidOf({ document, operationName }: Asked): SharingSaid {
    const { because } = this.#selectionOf(document, operationName ?? '')
    return because === undefined ? { shared: true } : { shared: false, because }
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
  let lasting = true
  let ofTheFeed = false
  visit(
    document,
    visitWithTypeInfo(types, {
      Field: {
        enter: ({ name: { value } }) => {
          const parent = types.getParentType()
          // Frames that are shared hold nothing of such a type.
          if (parent?.extensions.own === true) return false
          if (value.startsWith('__')) return undefined
          if (!(parent && isMarked(schema, parent, value, 'shared'))) because ??= `${parent?.name}.${value}`
          else if (isMarked(schema, parent, value, 'passing')) lasting = false
          return undefined
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
  return { because, lasting, variables: [...variables].sort() }
}

type Mark = 'shared' | 'passing'

/** Of an interface: shared where the fields of all types that may stand there are, passing where any of them is. */
function isMarked(schema: GraphQLSchema, parent: GraphQLNamedType, field: string, mark: Mark): boolean {
  const named = getNamedType(parent)
  if (!isAbstractType(named)) return has(mark, named, field)
  // What only one viewer's own frames hold is in no frame that is shared.
  const types = schema.getPossibleTypes(named).filter(({ extensions }) => extensions.own !== true)
  return mark === 'shared'
    ? types.every((type) => has(mark, type, field))
    : types.some((type) => has(mark, type, field))
}

function has(mark: Mark, type: GraphQLNamedType, field: string): boolean {
  if (!isObjectType(type)) return false
  return type.getFields()[field]?.extensions[mark] === true
}
