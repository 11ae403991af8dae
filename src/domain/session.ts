// src/domain/session.ts: one session, from sign-in to its end.

import { type Decision, happened, nothing, refuse } from './decision.ts'
import type { SessionEnded, SessionEvent, SessionStarted, SessionUsed } from './events.ts'
import type { DateTime, UserId } from './ids.ts'

export interface StartedSession {
  readonly status: 'started' | 'ended'
  readonly userId: UserId
  readonly userRevision: number
  readonly tokenHash: string
  readonly startedAt: DateTime
  readonly lastUsedAt: DateTime
  /** The last moment at which it holds, however much it is used. */
  readonly expiresAt: DateTime
}
export type Session = { readonly status: 'none' } | StartedSession

export const initial: Session = { status: 'none' }

export function evolve(session: Session, event: SessionEvent & { readonly occurredAt: DateTime }): Session {
  switch (event.type) {
    case 'SessionStarted': {
      const { userId, userRevision, tokenHash, expiresAt } = event.data
      const at = event.occurredAt
      return { status: 'started', userId, userRevision, tokenHash, startedAt: at, lastUsedAt: at, expiresAt }
    }
    case 'SessionUsed':
      return session.status === 'none' ? session : { ...session, lastUsedAt: event.occurredAt }
    case 'SessionEnded':
      return session.status === 'none' ? session : { ...session, status: 'ended' }
    default:
      return event satisfies never
  }
}

export interface StartSession {
  readonly userId: UserId
  readonly userRevision: number
  readonly tokenHash: string
  readonly expiresAt: DateTime
  readonly userAgent?: string | undefined
}

export function begin(session: Session, command: StartSession): Decision<SessionStarted> {
  const { userAgent, ...data } = command
  if (session.status !== 'none')
    return session.tokenHash === data.tokenHash ? nothing : refuse('CONFLICT', 'This session exists already.')
  return happened({ type: 'SessionStarted', data, ...(userAgent === undefined ? undefined : { body: { userAgent } }) })
}

const dayMs = 86_400_000

/** Noted at most once a day. */
export function use(session: Session, { now }: { readonly now: DateTime }): Decision<SessionUsed> {
  if (session.status !== 'started' || Date.parse(now) - Date.parse(session.lastUsedAt) < dayMs) return nothing
  return happened({ type: 'SessionUsed', data: {} })
}

/** Ending it twice changes nothing. */
export function end(session: Session): Decision<SessionEnded> {
  if (session.status === 'none') return refuse('NOT_FOUND', 'There is no such session.')
  return session.status === 'ended' ? nothing : happened({ type: 'SessionEnded', data: {} })
}
