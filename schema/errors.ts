// Refused commands: one type for each kind of refusal, and the unions of a command's payload with those that it can give.

import type { Refusal, RefusalCode } from '../src/domain/decision.ts'
import { builder, type ObjectOf } from './builder.ts'

const codes = [
  'BAD_INPUT',
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'NOT_FOUND',
  'CONFLICT',
  'RATE_LIMITED',
  'TOO_LARGE',
  'ARCHIVED',
  'UNAVAILABLE',
] as const satisfies readonly RefusalCode[]

const ErrorCode = builder.enumType('ErrorCode', {
  description: 'Why a command was refused, for programs.',
  values: {
    BAD_INPUT: { description: 'A value cannot be accepted.' },
    UNAUTHENTICATED: { description: 'Nobody is signed in, or the credentials are wrong.' },
    FORBIDDEN: { description: 'The viewer may not do this.' },
    NOT_FOUND: { description: 'It does not exist, or the viewer may not see it.' },
    CONFLICT: { description: 'The present state contradicts the command.' },
    RATE_LIMITED: { description: 'Too much, too fast.' },
    TOO_LARGE: { description: 'A value is longer than it may be.' },
    ARCHIVED: { description: 'The room is archived.' },
    UNAVAILABLE: { description: 'The log did not confirm in time.' },
  } satisfies Record<(typeof codes)[number], unknown>,
})

export type ErrorName =
  | 'ValidationError'
  | 'UnauthenticatedError'
  | 'ForbiddenError'
  | 'NotFoundError'
  | 'ConflictError'
  | 'RateLimitedError'
  | 'UnavailableError'

const ErrorInterface = builder.interfaceRef<Refusal>('Error').implement({
  description: 'Why a command was refused.',
  resolveType: (refusal) => nameOf(refusal.code),
  fields: (t) => ({
    code: t.expose('code', { type: ErrorCode, description: 'For programs.' }),
    detail: t.exposeString('detail', { description: 'A sentence for people: what is wrong, and what to do.' }),
    field: t.exposeString('field', { nullable: true, description: 'Path within the input.' }),
  }),
})

const refusalType = (name: string, description: string) =>
  builder.objectRef<Refusal>(name).implement({ description, interfaces: [ErrorInterface] })

const types: { readonly [N in ErrorName]: ObjectOf<Refusal> } = {
  ValidationError: refusalType('ValidationError', 'A value that cannot be accepted. Codes BAD_INPUT, TOO_LARGE.'),
  UnauthenticatedError: refusalType('UnauthenticatedError', 'Wrong credentials, or a session that has ended.'),
  ForbiddenError: refusalType('ForbiddenError', 'The viewer may not do this.'),
  NotFoundError: refusalType(
    'NotFoundError',
    'It does not exist, or the viewer may not see it: the two look the same.',
  ),
  ConflictError: refusalType(
    'ConflictError',
    'The state contradicts the command: a taken name, a key reused with other content, an archived room. Codes CONFLICT, ARCHIVED.',
  ),
  RateLimitedError: builder.objectRef<Refusal>('RateLimitedError').implement({
    description: 'Too much, too fast; slow mode too.',
    interfaces: [ErrorInterface],
    fields: (t) => ({
      retryAfterSeconds: t.int({
        description: 'Seconds after which it can be tried again.',
        resolve: ({ retryAfterSeconds }) => Math.ceil(retryAfterSeconds ?? 1),
      }),
    }),
  }),
  UnavailableError: refusalType(
    'UnavailableError',
    'The log did not confirm in time. The outcome is unknown; with an idempotency key the command can safely be repeated.',
  ),
}

function nameOf(code: RefusalCode): ErrorName {
  switch (code) {
    case 'BAD_INPUT':
    case 'TOO_LARGE':
      return 'ValidationError'
    case 'UNAUTHENTICATED':
      return 'UnauthenticatedError'
    case 'FORBIDDEN':
      return 'ForbiddenError'
    case 'NOT_FOUND':
      return 'NotFoundError'
    case 'CONFLICT':
    case 'ARCHIVED':
      return 'ConflictError'
    case 'RATE_LIMITED':
      return 'RateLimitedError'
    case 'UNAVAILABLE':
      return 'UnavailableError'
    default:
      return code satisfies never
  }
}

/** The union of a command's payload and the errors that it can give. Payloads say `kind: 'done'`, refusals `kind: 'refused'`. */
export function resultType<P extends { readonly kind: 'done' }>(
  name: string,
  payload: ObjectOf<P>,
  errors: readonly ErrorName[],
) {
  return builder.unionType(name, {
    description: `What ${name.slice(0, 1).toLowerCase()}${name.slice(1, -'Result'.length)} answers: its payload, or why it was refused.`,
    types: [payload, ...errors.map((error) => types[error])],
    resolveType: (value) => (value.kind === 'refused' ? nameOf(value.code) : name.replace(/Result$/, 'Payload')),
  })
}

/** What `resultType` makes for a payload. */
export type ResultOf<P extends { readonly kind: 'done' }> = ReturnType<typeof resultType<P>>
