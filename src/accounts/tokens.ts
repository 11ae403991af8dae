// The tokens of sessions: `<session id>.<secret>`. Only the secret's hash is ever stored.

import { hash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { SessionId } from '../domain/ids.ts'

export interface SessionToken {
  readonly sessionId: SessionId
  readonly secret: string
}

/** 32 random bytes as base64url: 43 characters. */
export const newSecret = (): string => randomBytes(32).toString('base64url')

/**
 * The base64url SHA-256 under which a secret is stored. A slow hash would add nothing: a random secret of 256 bits
 * cannot be guessed.
 */
export const hashToken = (secret: string): string => hash('sha256', secret, 'base64url')

export const formatToken = (sessionId: SessionId, secret: string): string => `${sessionId}.${secret}`

const tokenPattern = /^(session_[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\.([A-Za-z0-9_-]{43})$/

/** Reads a token; undefined for anything that is none, white space around it included. */
export function parseToken(text: string): SessionToken | undefined {
  const [, sessionId, secret] = tokenPattern.exec(text) ?? []
  if (sessionId === undefined || secret === undefined) return undefined
  // The pattern has just proved that it is a session's id.
  return { sessionId: sessionId as SessionId, secret }
}

/** Whether the secret is the one whose hash was stored. The time it takes does not depend on where they differ. */
export function matches(secret: string, storedHash: string): boolean {
  const given = Buffer.from(hashToken(secret))
  const stored = Buffer.from(storedHash)
  return given.length === stored.length && timingSafeEqual(given, stored)
}
