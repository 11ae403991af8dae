// What a rule answers: events, or a refusal with a sentence that a person can act on.

import type { ParleyEvent } from './events.ts'

export type RefusalCode =
  | 'BAD_INPUT'
  | 'TOO_LARGE'
  | 'UNAUTHENTICATED'
  | 'FORBIDDEN'
  | 'NOT_FOUND'
  | 'CONFLICT'
  | 'ARCHIVED'
  | 'RATE_LIMITED'
  | 'UNAVAILABLE'

export interface Refusal {
  readonly kind: 'refused'
  readonly code: RefusalCode
  /** What is wrong, and what to do. */
  readonly detail: string
  /** Path within the input. */
  readonly field?: string | undefined
  readonly retryAfterSeconds?: number | undefined
}

export interface Happened<E extends ParleyEvent> {
  readonly kind: 'happened'
  readonly events: readonly E[]
}

export type Decision<E extends ParleyEvent> = Happened<E> | Refusal

/** It has happened before: there is nothing to add. */
export const nothing: Happened<never> = { kind: 'happened', events: [] }

export const happened = <E extends ParleyEvent>(...events: readonly E[]): Happened<E> => ({ kind: 'happened', events })

export const refuse = (code: RefusalCode, detail: string, field?: string): Refusal => ({
  kind: 'refused',
  code,
  detail,
  field,
})
