// Sessions that were started: whose they are, and until when they hold.

import { type DateTime, sessionId, type UserId } from '../src/domain/ids.ts'
import { projection } from './projection.ts'

export interface SessionDocument {
  readonly userId: UserId
  /** The revision of the account against which the person was verified. */
  readonly userRevision: number
  readonly tokenHash: string
  readonly startedAt: DateTime
  readonly lastUsedAt: DateTime
  /** The last moment at which it holds, however much it is used. */
  readonly expiresAt: DateTime
  readonly ended: boolean
  readonly userAgent?: string
}

const ofSession = (event: { readonly stream: string }) => sessionId(event.stream.slice('session-'.length))

export const sessions = projection<SessionDocument>({
  name: 'sessions',
  version: 1,
  access: true,
  indexes: [{ userId: 1, startedAt: -1 }],
  documentOf: { SessionStarted: ofSession, SessionUsed: ofSession, SessionEnded: ofSession },
  evolve: {
    SessionStarted: (_, event) => ({
      userId: event.data.userId,
      userRevision: event.data.userRevision,
      tokenHash: event.data.tokenHash,
      startedAt: event.occurredAt,
      lastUsedAt: event.occurredAt,
      expiresAt: event.data.expiresAt,
      ended: false,
      ...(event.body === undefined ? undefined : { userAgent: event.body.userAgent }),
    }),
    SessionUsed: (session, event) => session && { ...session, lastUsedAt: event.occurredAt },
    SessionEnded: (session) => session && { ...session, ended: true },
  },
})
