// Where time and new ids come from. Nothing else in Parley reads the clock or makes an id for the log.

import { randomUUIDv7 } from 'node:crypto'
import type { Actor } from '../domain/access.ts'
import type { DateTime, UserId } from '../domain/ids.ts'

export interface Clock {
  /** ms since 1970. */
  now(): number
}

export const systemClock: Clock = { now: () => Date.now() }

/** The text of a moment costs a microsecond, and what happens together asks for the same one. */
let latest = { ms: 0, text: new Date(0).toISOString() as DateTime }

/** @param ms since 1970 @throws RangeError for what is no moment */
export function dateTime(ms: number): DateTime {
  if (ms !== latest.ms) latest = { ms, text: new Date(ms).toISOString() as DateTime }
  return latest.text
}

/** A new UUIDv7: those made later sort later, so that indexes grow at their end. */
export function newUuid(): string {
  const uuid = randomUUIDv7()
  // It is joined from a dozen parts, which V8 keeps apart until a character is looked at: 400 bytes instead of 50.
  uuid.charCodeAt(0)
  return uuid
}

/** Who asks, and under which request. */
export interface Requester {
  readonly user?: UserId | undefined
  /** Of the request: kept with every event that it causes. */
  readonly correlationId: string
  /** Id of the event that caused it, where it was not the request itself. */
  readonly causationId?: string
}

/** Who does it, and under which request. */
export interface By {
  readonly actor: Actor
  readonly requester: Requester
}
