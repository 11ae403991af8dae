// Why a request is not carried out: a code for programs, a sentence for people.

import { GraphQLError } from 'graphql'

export type RefusalCode =
  | 'BAD_INPUT'
  | 'UNAUTHENTICATED'
  | 'FORBIDDEN'
  | 'TOO_LARGE'
  | 'RATE_LIMITED'
  | 'UNAVAILABLE'
  | 'INTERNAL'
  // As clients of persisted documents know them.
  | 'PERSISTED_QUERY_NOT_FOUND'
  | 'PERSISTED_QUERY_NOT_SUPPORTED'

/** The HTTP status of each code. A document that is too large is 400, a body 413: the status is given with the latter. */
const statuses: Readonly<Record<RefusalCode, number>> = {
  BAD_INPUT: 400,
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  TOO_LARGE: 400,
  RATE_LIMITED: 429,
  UNAVAILABLE: 503,
  INTERNAL: 500,
  PERSISTED_QUERY_NOT_FOUND: 400,
  PERSISTED_QUERY_NOT_SUPPORTED: 400,
}

export interface Refused {
  readonly kind: 'refused'
  /** The HTTP status. Sockets and streams that are already open show only the errors. */
  readonly status: number
  readonly errors: readonly GraphQLError[]
  /** With what a socket is closed, where the refusal concerns all of it. */
  readonly closeCode?: number
}

export const refusalError = (code: RefusalCode, message: string): GraphQLError =>
  new GraphQLError(message, { extensions: { code } })

export function refused(code: RefusalCode, message: string): Refused {
  const refusal: Refused = { kind: 'refused', status: statuses[code], errors: [refusalError(code, message)] }
  if (code === 'UNAUTHENTICATED') return { ...refusal, closeCode: 4403 }
  if (code === 'UNAVAILABLE') return { ...refusal, closeCode: 1013 }
  return refusal
}

/** The same error with a code, where it has none yet. */
export function withCode(error: GraphQLError, code: RefusalCode): GraphQLError {
  if (error.extensions.code !== undefined) return error
  return new GraphQLError(error.message, {
    nodes: error.nodes ?? null,
    source: error.source ?? null,
    positions: error.positions ?? null,
    path: error.path ?? null,
    originalError: error.originalError ?? null,
    extensions: { ...error.extensions, code },
  })
}

export const sessionEnded = (): Refused =>
  refused('UNAUTHENTICATED', 'The session has ended. Sign in again with login or createGuest.')
