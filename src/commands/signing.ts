// Signing in and out, and the password that it takes.

import { checkPassword, samePassword } from '../accounts/passwords.ts'
import type { Identity, Sessions } from '../accounts/sessions.ts'
import { formatToken, hashToken, newSecret } from '../accounts/tokens.ts'
import { type Account, changePassword, endAllSessions, wrongPassword } from '../domain/account.ts'
import { type Decision, type Refusal, refuse } from '../domain/decision.ts'
import type { AccountEvent } from '../domain/events.ts'
import { type DateTime, parseId, type SessionId, sessionId, type UserId } from '../domain/ids.ts'
import { begin, end } from '../domain/session.ts'
import { sessionStream, userStream } from '../domain/streams.ts'
import { everyone, holds, type Validity } from '../domain/validity.ts'
import type { Position } from '../eventstore/port.ts'
import { accounts, sessions } from './aggregate.ts'
import type { Commands } from './commands.ts'
import type { Credentials } from './credentials.ts'
import { isRefusal } from './input.ts'
import { dateTime, newUuid, type Requester } from './occasion.ts'

/** A session that has just begun. The token is told this once. */
export interface SignedIn {
  readonly kind: 'done'
  readonly token: string
  readonly userId: UserId
  readonly sessionId: SessionId
  readonly startedAt: DateTime
  readonly expiresAt: DateTime
  readonly userAgent?: string | undefined
  readonly position: Position
}

/** Sessions that held were ended. */
export interface SignedOut {
  readonly kind: 'done'
  readonly position: Position
  readonly ended: number
}

/** Where a request comes from. */
export interface Origin {
  readonly address: string
  readonly userAgent?: string | undefined
  readonly correlationId: string
}

interface SigningOptions {
  readonly commands: Commands
  readonly credentials: Credentials
  readonly sessions: Sessions
}

/** Code points of a user agent that are kept. */
const userAgentLength = 200
const wrongCredentials = refuse('UNAUTHENTICATED', 'The username or the password is wrong.')
const disabled = refuse('UNAUTHENTICATED', 'This account is disabled. Ask an administrator.')
const noSuchSession = refuse('NOT_FOUND', 'There is no such session of yours.', 'sessionId')
const emptyPassword = 'The password is empty.'

export class SigningCommands {
  readonly #commands: Commands
  readonly #credentials: Credentials
  readonly #sessions: Sessions

  constructor({ commands, credentials, sessions }: SigningOptions) {
    this.#commands = commands
    this.#credentials = credentials
    this.#sessions = sessions
  }

  /** An unknown name and a wrong password cost the same time and get the same answer. */
  async login(
    origin: Origin,
    { username, password }: { readonly username: string; readonly password: string },
  ): Promise<Refusal | SignedIn> {
    if (username === '') return refuse('BAD_INPUT', 'The username is empty. Give the name of the account.', 'username')
    if (password === '') return refuse('BAD_INPUT', emptyPassword, 'password')
    const found = await this.#credentials.check({
      username,
      password,
      address: origin.address,
      find: () => this.#credentials.byName(username),
      wrong: wrongCredentials,
    })
    if (isRefusal(found)) return found
    if (found.account.disabled) return disabled
    const begun = await this.begin(origin, found.userId, found.revision)
    if (begun.kind === 'refused') return begun
    // The password may have been changed, or the account disabled, since it was checked: then the session does not hold.
    const { state } = await this.#commands.load(accounts, userStream(found.userId))
    if (state.status === 'none') return wrongCredentials
    if (state.disabled) return disabled
    return holds(state.validity, { id: begun.sessionId, userRevision: found.revision }) ? begun : wrongCredentials
  }

  /** Begins a session of somebody who was verified against this revision of their account. */
  async begin({ userAgent, correlationId }: Origin, user: UserId, userRevision: number): Promise<Refusal | SignedIn> {
    const id = sessionId(newUuid())
    const secret = newSecret()
    const now = this.#commands.clock.now()
    const expiresAt = dateTime(this.#sessions.lastMoment(now))
    const agent = userAgent === undefined ? undefined : [...userAgent.toWellFormed()].slice(0, userAgentLength).join('')
    const outcome = await this.#commands.run(sessions, sessionStream(id), {
      requester: { user, correlationId },
      decide: (session) =>
        begin(session, { userId: user, userRevision, tokenHash: hashToken(secret), expiresAt, userAgent: agent }),
    })
    if (outcome.kind === 'refused') return outcome
    return {
      kind: 'done',
      token: formatToken(id, secret),
      userId: user,
      sessionId: id,
      startedAt: outcome.events[0]?.occurredAt ?? dateTime(now),
      expiresAt,
      userAgent: agent,
      position: outcome.position,
    }
  }

  /** Ends a session. Ending it twice ends it once. */
  async logout(session: SessionId, requester: Requester): Promise<Refusal | SignedOut> {
    const held = await this.#sessions.holdsNow(session)
    const outcome = await this.#commands.run(sessions, sessionStream(session), {
      requester,
      decide: (state) => end(state),
    })
    if (outcome.kind === 'refused') return outcome
    return { kind: 'done', position: outcome.position, ended: held ? outcome.events.length : 0 }
  }

  /** Ends one of a person's own sessions. Those of others are not there. */
  async endSession(user: UserId, id: string, requester: Requester): Promise<Refusal | SignedOut> {
    const parsed = parseId(id)
    if (parsed?.type !== 'session') return noSuchSession
    const { state } = await this.#commands.load(sessions, sessionStream(parsed.id))
    if (state.status === 'none' || state.userId !== user) return noSuchSession
    return await this.logout(parsed.id, requester)
  }

  /** Ends every session of a person, also the one that asks for it. */
  async logoutEverywhere(user: UserId, requester: Requester): Promise<Refusal | SignedOut> {
    return await this.#ending({ user, requester }, endAllSessions)
  }

  /** Ends every other session. The current password is checked as at login, and no faster. */
  async changePassword(
    { address, correlationId }: Origin,
    { id, userId, userRevision }: Identity,
    { currentPassword, newPassword }: { readonly currentPassword: string; readonly newPassword: string },
  ): Promise<Refusal | SignedOut> {
    if (currentPassword === '') return refuse('BAD_INPUT', emptyPassword, 'currentPassword')
    const person = await this.#credentials.byId(userId)
    if (!person) return wrongPassword
    const { username, kind } = person.account
    if (kind === 'GUEST')
      return refuse('BAD_INPUT', 'A guest has no password. Give the account one with claimGuest.', 'currentPassword')
    const weakness = checkPassword(newPassword, username)
    if (weakness !== undefined) return refuse('BAD_INPUT', weakness, 'newPassword')
    const verified = await this.#credentials.check({
      username,
      password: currentPassword,
      address,
      find: () => this.#credentials.byId(userId),
      wrong: wrongPassword,
    })
    if (isRefusal(verified)) return verified
    if (samePassword(currentPassword, newPassword))
      return refuse('BAD_INPUT', 'The new password is the same as the current one. Choose another one.', 'newPassword')
    const passwordHash = await this.#credentials.hash(newPassword, address)
    if (isRefusal(passwordHash)) return passwordHash
    const { passwordEventId = '' } = verified.account
    return await this.#ending({ user: userId, requester: { user: userId, correlationId }, kept: id }, (account) =>
      changePassword(account, { passwordHash, verified: passwordEventId, session: { id, userRevision } }),
    )
  }

  /** Carries out what ends sessions, and counts those that it ended. */
  async #ending(
    { user, requester, kept }: { readonly user: UserId; readonly requester: Requester; readonly kept?: SessionId },
    decide: (account: Account) => Decision<AccountEvent>,
  ): Promise<Refusal | SignedOut> {
    let before: Validity = everyone
    const outcome = await this.#commands.run(accounts, userStream(user), {
      requester,
      decide: (account) => {
        before = account.status === 'none' ? everyone : account.validity
        return decide(account)
      },
    })
    if (outcome.kind === 'refused') return outcome
    const { position, revision } = outcome
    const ended = await this.#sessions.endedBy({ user, before, revision, position, kept })
    return { kind: 'done', position, ended }
  }
}
