// A message that waits to be sent, as it is stored.

import type { RefusalCode } from './errors.ts'

export interface Refusal {
  readonly code: RefusalCode
  /** A sentence for people. */
  readonly detail: string
}

export interface QueuedMessage {
  /** The same on each attempt: with it the server sends the message once. */
  readonly clientMessageId: string
  readonly conversationId: string
  readonly text: string
  /** Ms since 1970. */
  readonly queuedAt: number
  /** It will not be sent unless it is queued again. */
  readonly refusal?: Refusal
}

/** What was stored, if it is one. */
export function queuedIn(value: unknown): QueuedMessage | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { clientMessageId, conversationId, text, queuedAt, refusal } = value as Partial<Record<string, unknown>>
  if (typeof clientMessageId !== 'string' || typeof conversationId !== 'string') return undefined
  if (typeof text !== 'string' || typeof queuedAt !== 'number') return undefined
  const message = { clientMessageId, conversationId, text, queuedAt }
  return isRefusal(refusal) ? { ...message, refusal } : message
}

const isRefusal = (value: unknown): value is Refusal =>
  typeof value === 'object' && value !== null && 'code' in value && 'detail' in value

/** A key that nobody else has. It needs no secure context, as `randomUUID` would. */
export const newKey = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('')
