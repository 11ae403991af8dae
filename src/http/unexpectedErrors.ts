// Errors that nobody meant to show: told to the log, hidden from the client.

import { GraphQLError } from 'graphql'
import { DocumentsUnavailable, QueryTooSlow } from '../documents/port.ts'
import { StoreUnavailable } from '../eventstore/port.ts'
import { NotYetBuilt } from '../projecting/readModels.ts'
import { withCode } from './refusal.ts'
import type { RequestLogger } from './requestLogger.ts'

/** The bug behind an error, unless someone meant to show it: whoever does so throws a GraphQLError. */
function bugBehind(error: GraphQLError): Error | undefined {
  let cause = error.originalError
  while (cause instanceof GraphQLError) cause = cause.originalError
  return cause
}

/** Name, code and place. Never the message: it may quote what people wrote. */
function describe(error: unknown): object {
  if (!(error instanceof Error)) return { name: typeof error }
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined
  const place = error.stack?.split('\n').filter((line) => line.startsWith('    at '))
  return { name: error.name, code, place }
}

/** What clients are told where a store cannot be reached; undefined for any other error. Names of files stay in the log. */
function sentenceFor(thrown: unknown): string | undefined {
  if (thrown instanceof NotYetBuilt || thrown instanceof QueryTooSlow) return thrown.message
  if (thrown instanceof DocumentsUnavailable || thrown instanceof StoreUnavailable)
    return 'The server cannot reach what it has stored at the moment. Try again later; whoever runs it finds the reason in its log.'
  return undefined
}

const hidden = 'Something went wrong on the server. Try again; if it stays, report the correlation id.'

interface Occasion {
  readonly logger: RequestLogger
  readonly correlationId: string
}

/** For what was thrown outside any resolver. GraphQLErrors are shown as they are. */
export function shownError(thrown: unknown, { logger, correlationId }: Occasion): GraphQLError {
  if (thrown instanceof GraphQLError) return shown([thrown], { logger, correlationId })[0] ?? thrown
  const sentence = sentenceFor(thrown)
  if (sentence !== undefined) return new GraphQLError(sentence, { extensions: { code: 'UNAVAILABLE' } })
  logger.error({ correlationId, error: describe(thrown) }, 'An operation failed unexpectedly.')
  return new GraphQLError(hidden, { extensions: { code: 'INTERNAL', correlationId } })
}

/** What the client sees of the errors of an execution. */
export function shown(errors: readonly GraphQLError[], { logger, correlationId }: Occasion): readonly GraphQLError[] {
  return errors.map((error) => {
    // Without a path it is about the request itself, a variable for instance, and tells the client what to mend.
    if (error.path === undefined) return withCode(error, 'BAD_INPUT')
    const bug = bugBehind(error)
    if (!bug) return error
    const { nodes = null } = error
    const sentence = sentenceFor(bug)
    if (sentence !== undefined) {
      return new GraphQLError(sentence, { nodes, path: error.path, extensions: { code: 'UNAVAILABLE' } })
    }
    const path = error.path.join('.')
    logger.error({ correlationId, path, error: describe(bug) }, 'A resolver failed unexpectedly.')
    return new GraphQLError(hidden, {
      nodes,
      path: error.path,
      extensions: { code: 'INTERNAL', correlationId },
    })
  })
}
