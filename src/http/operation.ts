// The shape of an operation as a client sends it.

import { type GateRequest, isObject } from './gateRequest.ts'

export interface Operation {
  /** Absent where only the id of a listed document was sent. */
  readonly query?: string | undefined
  /** Of a listed document. */
  readonly documentId?: string | undefined
  readonly operationName?: string | undefined
  readonly variables?: Readonly<Record<string, unknown>> | undefined
  /** Headers that came inside of the operation, as GraphiQL sends them over a socket. */
  readonly authorization?: string | undefined
  readonly atLeast?: string | undefined
}

/** The operation, or a sentence that says what is wrong with it. */
export function readOperation(sent: GateRequest['operation']): Operation | string {
  const { query, operationName, variables, extensions } = sent
  const documentId = documentIdIn(sent)
  if (documentId !== undefined && typeof documentId !== 'string') return 'The id of a document must be a string.'
  const onlyId = documentId !== undefined && (query == null || query === '')
  if (!onlyId && (typeof query !== 'string' || query === ''))
    return '"query" must be a string that holds a GraphQL document.'
  if (operationName != null && typeof operationName !== 'string') return '"operationName" must be a string.'
  if (variables != null && !isObject(variables)) return '"variables" must be an object.'
  if (extensions != null && !isObject(extensions)) return '"extensions" must be an object.'
  const atLeast = extensions?.atLeast ?? undefined
  if (atLeast !== undefined && typeof atLeast !== 'string')
    return '"extensions.atLeast" must be the position that a mutation answered with.'
  const authorization = authorizationIn(extensions?.headers)
  return {
    query: typeof query === 'string' && query !== '' ? query : undefined,
    documentId,
    operationName: operationName ?? undefined,
    variables: variables ?? undefined,
    authorization,
    atLeast,
  }
}

function documentIdIn({ documentId, extensions }: GateRequest['operation']): unknown {
  const persisted = isObject(extensions) ? extensions.persistedQuery : undefined
  return documentId ?? (isObject(persisted) ? (persisted.sha256Hash ?? undefined) : undefined)
}

/** The value of `authorization` among headers that came in JSON. */
export function authorizationIn(headers: unknown): string | undefined {
  if (!isObject(headers)) return undefined
  for (const [name, value] of Object.entries(headers)) {
    if (name.toLowerCase() === 'authorization' && typeof value === 'string') return value
  }
  return undefined
}
