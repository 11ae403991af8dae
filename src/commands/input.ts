// Checking what came in with a command: the first value that cannot be accepted refuses it.

import { type Refusal, refuse } from '../domain/decision.ts'
import type { Checked } from '../domain/text.ts'

/** A value that was accepted, or the refusal that names its field. */
export const accepted = (checked: Checked, field: string): string | Refusal =>
  checked.ok ? checked.value : refuse(checked.code, checked.detail, field)

export const isRefusal = (value: unknown): value is Refusal =>
  typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'refused'

/** Code points of the reason for a removal or deletion, at most. */
export const reasonLength = 500
