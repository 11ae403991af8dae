// Why something did not happen.

import type { ErrorCode } from './generated/documents.ts'

/** A code of the API, or one of the transport that is not in its schema. */
export type RefusalCode = ErrorCode | 'INTERNAL' | 'GRAPHQL_VALIDATION_FAILED' | 'GRAPHQL_PARSE_FAILED' | (string & {})

/** The server has answered, and the answer is no. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError'
  readonly code: RefusalCode
  /** Ms after which it can be tried again, where the server says so. */
  readonly retryAfterMs: number | undefined

  constructor(code: RefusalCode, message: string, retryAfterMs?: number) {
    super(message)
    this.code = code
    this.retryAfterMs = retryAfterMs
  }

  /** Whether the same may be granted later: the server was busy, not of another opinion. */
  get passing(): boolean {
    return this.code === 'UNAVAILABLE' || this.code === 'RATE_LIMITED' || this.code === 'INTERNAL'
  }
}

/** No answer came. Whether it happened is not known. */
export class UnreachableError extends Error {
  override readonly name = 'UnreachableError'
}

/** The session has ended, or its token was never good. Sign in again; cursors and queued messages stay good. */
export class SessionEndedError extends Error {
  override readonly name = 'SessionEndedError'

  constructor() {
    super('The session has ended. Sign in again; what was queued is sent then.')
  }
}

interface GraphQLProblem {
  readonly message: string
  readonly extensions?: { readonly code?: unknown; readonly retryAfterSeconds?: unknown }
}

/** What a list of GraphQL errors says. */
export function refusalOf(errors: readonly GraphQLProblem[]): RefusedError {
  const [first] = errors
  const { code, retryAfterSeconds } = first?.extensions ?? {}
  return new RefusedError(
    typeof code === 'string' ? code : 'INTERNAL',
    first?.message ?? 'The server gave no reason.',
    typeof retryAfterSeconds === 'number' ? retryAfterSeconds * 1000 : undefined,
  )
}
