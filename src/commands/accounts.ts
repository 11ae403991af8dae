// Making accounts, signing in and out.

import { randomBytes } from 'node:crypto'
import type { LoginAttempts } from '../accounts/attempts.ts'
import { guestName, guestNameBytes } from '../accounts/guestNames.ts'
import { TooBusy } from '../accounts/hashQueue.ts'
import { checkPassword, type Passwords } from '../accounts/passwords.ts'
import { guestRate, type Rate, type RateLimits, registerRate } from '../accounts/rates.ts'
import { formatToken, hashToken, newSecret } from '../accounts/tokens.ts'
import { createGuest, register, updateProfile } from '../domain/account.ts'
import { type Refusal, refuse } from '../domain/decision.ts'
import type { AccountEvent, ReservationEvent } from '../domain/events.ts'
import { type DateTime, type SessionId, sessionId, type UserId, userId } from '../domain/ids.ts'
import { checkDisplayName, checkUsername, usernameKey } from '../domain/names.ts'
import { abandonedAfterMs, claimUsername, type Reservation, releaseUsername } from '../domain/reservation.ts'
import { begin, end } from '../domain/session.ts'
import { sessionStream, usernameStream, userStream } from '../domain/streams.ts'
import { checkMessageText } from '../domain/text.ts'
import { decode, isDecoded } from '../eventstore/decode.ts'
import type { Position } from '../eventstore/port.ts'
import { accounts, reservations, sessions } from './aggregate.ts'
import type { Commands } from './commands.ts'
import type { Outcome } from './deciding.ts'
import { accepted, isRefusal, storesAway } from './input.ts'
import { type By, dateTime, newUuid, type Requester } from './occasion.ts'

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

/** Where a request comes from. */
export interface Origin {
  readonly address: string
  readonly userAgent?: string | undefined
  readonly correlationId: string
}

interface AccountCommandsOptions {
  readonly commands: Commands
  readonly passwords: Passwords
  readonly attempts: LoginAttempts
  readonly rates: RateLimits
  readonly registration: 'open' | 'closed'
  readonly guests: boolean
  /** From now, in ms since 1970, to the last moment at which a session can hold. */
  readonly lastMoment: (now: number) => number
}

/** Code points of a user agent that are kept. */
const userAgentLength = 200
/** Code points of what people say of themselves, at most. */
const bioLength = 500
const wrongCredentials = refuse('UNAUTHENTICATED', 'The username or the password is wrong.')

export class AccountCommands {
  readonly #options: AccountCommandsOptions
  readonly #commands: Commands

  constructor(options: AccountCommandsOptions) {
    this.#options = options
    this.#commands = options.commands
  }

  /** Everything that can be refused without hashing is refused before it. */
  async register(
    origin: Origin,
    input: { readonly username: string; readonly password: string; readonly displayName?: string | null | undefined },
  ): Promise<Refusal | SignedIn> {
    if (this.#options.registration === 'closed')
      return refuse('FORBIDDEN', 'Accounts cannot be registered here by oneself. Ask an administrator for one.')
    const username = accepted(checkUsername(input.username), 'username')
    if (isRefusal(username)) return username
    const weakness = checkPassword(input.password, username)
    if (weakness !== undefined) return refuse('BAD_INPUT', weakness, 'password')
    const displayName = accepted(checkDisplayName(input.displayName ?? username), 'displayName')
    if (isRefusal(displayName)) return displayName
    const limited = this.#rate(registerRate, origin)
    if (limited) return limited
    const taken = await this.#claimable(username)
    if (isRefusal(taken)) return taken

    const passwordHash = await this.#hash(input.password, origin)
    if (typeof passwordHash !== 'string') return passwordHash
    return await this.#make(origin, username, (id, requester) =>
      this.#commands.run(accounts, userStream(id), {
        requester,
        decide: (account) => register(account, { username, displayName, passwordHash, serverRole: 'MEMBER' }),
      }),
    )
  }

  /** A name is made up; where it is taken, another one is. */
  async createGuest(
    origin: Origin,
    input: { readonly displayName?: string | null | undefined },
  ): Promise<Refusal | SignedIn> {
    if (!this.#options.guests) return refuse('FORBIDDEN', 'This server takes no guests. Register an account instead.')
    const wanted = input.displayName == null ? undefined : accepted(checkDisplayName(input.displayName), 'displayName')
    if (isRefusal(wanted)) return wanted
    const limited = this.#rate(guestRate, origin)
    if (limited) return limited
    for (let tries = 0; tries < 20; tries++) {
      const { username, displayName } = guestName(randomBytes(guestNameBytes))
      const made = await this.#make(origin, username, (id, requester) =>
        this.#commands.run(accounts, userStream(id), {
          requester,
          decide: (account) => createGuest(account, { username, displayName: wanted ?? displayName }),
        }),
      )
      if (made.kind === 'done' || made.code !== 'CONFLICT') return made
    }
    return refuse('UNAVAILABLE', 'No free name was found for a guest. Try again.')
  }

  /** An unknown name and a wrong password cost the same time and get the same answer. */
  async login(
    origin: Origin,
    input: { readonly username: string; readonly password: string },
  ): Promise<Refusal | SignedIn> {
    if (input.username === '')
      return refuse('BAD_INPUT', 'The username is empty. Give the name of the account.', 'username')
    if (input.password === '') return refuse('BAD_INPUT', 'The password is empty.', 'password')
    // No account can have such a name, but whether one does must not be told by the time.
    const name = input.username.slice(0, 64)
    const admission = this.#options.attempts.begin(name, origin.address)
    if (!admission.allowed) return tooFast('That is too fast.', admission.retryAfterSeconds)
    using attempt = admission.attempt
    const found = checkUsername(name).ok ? await this.#credentials(name) : undefined
    let matches: boolean
    try {
      matches = await this.#options.passwords.verify(input.password, found?.passwordHash, origin)
    } catch (error) {
      if (error instanceof TooBusy) return tooFast(error.message, error.retryAfterSeconds)
      throw error
    }
    if (!found || !matches) {
      attempt.failed()
      return wrongCredentials
    }
    attempt.succeeded()
    if (found.disabled) return refuse('UNAUTHENTICATED', 'This account is disabled. Ask an administrator.')
    return await this.#begin(origin, found.userId, found.revision)
  }

  /** Ends a session. Ending it twice ends it once. */
  async logout(
    session: SessionId,
    requester: Requester,
  ): Promise<Refusal | { readonly kind: 'done'; readonly position: Position; readonly ended: number }> {
    const outcome = await this.#commands.run(sessions, sessionStream(session), {
      requester,
      decide: (state) => end(state),
    })
    if (outcome.kind === 'refused') return outcome
    return { kind: 'done', position: outcome.position, ended: outcome.events.length }
  }

  /** Changing something to what it is already changes nothing. `null` clears. */
  async updateProfile(
    { actor, requester }: By,
    input: { readonly displayName?: string | null | undefined; readonly bio?: string | null | undefined },
  ): Promise<Refusal | { readonly kind: 'done'; readonly position: Position; readonly userId: UserId }> {
    const displayName =
      input.displayName == null ? input.displayName : accepted(checkDisplayName(input.displayName), 'displayName')
    if (isRefusal(displayName)) return displayName
    const bio = input.bio == null ? input.bio : accepted(checkMessageText(input.bio, bioLength), 'bio')
    if (isRefusal(bio)) return bio
    const outcome = await this.#commands.run(accounts, userStream(actor.user), {
      requester,
      decide: (account) => updateProfile(account, { displayName, bio }),
    })
    if (outcome.kind === 'refused') return outcome
    return { kind: 'done', position: outcome.position, userId: actor.user }
  }

  /** Claims the name, makes the account, and makes sure that the name still leads to it before it answers. */
  async #make(
    origin: Origin,
    username: string,
    make: (id: UserId, requester: Requester) => Promise<Outcome<unknown, AccountEvent>>,
  ): Promise<Refusal | SignedIn> {
    const id = userId(newUuid())
    const requester: Requester = { user: id, correlationId: origin.correlationId }
    const claim = await this.#claim(username, id, requester)
    if (claim.kind === 'refused') return claim
    const made = await make(id, requester)
    if (made.kind === 'refused') {
      // It may still be made: the name is then kept, and can be taken over if nobody comes.
      if (made.code !== 'UNAVAILABLE' || made === storesAway) await this.#release(username, id, requester)
      return made
    }
    const { state } = await this.#commands.load(reservations, usernameStream(usernameKey(username)))
    if (state.status !== 'claimed' || state.owner !== id)
      return refuse('CONFLICT', 'This username was taken by someone else meanwhile. Choose another one.', 'username')
    return await this.#begin(origin, id, made.revision)
  }

  async #begin({ userAgent, correlationId }: Origin, user: UserId, userRevision: number): Promise<Refusal | SignedIn> {
    const id = sessionId(newUuid())
    const secret = newSecret()
    const now = this.#commands.clock.now()
    const expiresAt = dateTime(this.#options.lastMoment(now))
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

  /** Refused where the name is somebody's; asked before the costly work. */
  async #claimable(
    username: string,
  ): Promise<Refusal | { readonly holderExists: boolean; readonly state: Reservation }> {
    const { state } = await this.#commands.load(reservations, usernameStream(usernameKey(username)))
    if (state.status === 'free') return { holderExists: false, state }
    const old = this.#commands.clock.now() - Date.parse(state.since) >= abandonedAfterMs
    // A young claim holds whether or not its account is there yet.
    const holder = old ? await this.#commands.load(accounts, userStream(state.owner as UserId)) : undefined
    if (!holder || holder.state.status === 'exists')
      return refuse('CONFLICT', 'This username is taken. Choose another one.', 'username')
    return { holderExists: false, state }
  }

  async #claim(username: string, owner: UserId, requester: Requester): Promise<Outcome<Reservation, ReservationEvent>> {
    const before = await this.#claimable(username)
    if (isRefusal(before)) return before
    return await this.#commands.run(reservations, usernameStream(usernameKey(username)), {
      requester,
      decide: (reservation, { now }) =>
        claimUsername(reservation, {
          owner,
          now,
          // What was found out about one holder says nothing about the next.
          holderExists:
            reservation.status === 'claimed' &&
            !(before.state.status === 'claimed' && before.state.owner === reservation.owner),
        }),
    })
  }

  /** The account was certainly not made: its name is free again. */
  async #release(username: string, owner: UserId, requester: Requester): Promise<void> {
    const account = await this.#commands.load(accounts, userStream(owner))
    if (account.state.status === 'exists') return
    await this.#commands.run(reservations, usernameStream(usernameKey(username)), {
      requester,
      decide: (reservation) => releaseUsername(reservation, { owner }),
    })
  }

  /** The account behind a name, with the hash of its present password, from the log itself. */
  async #credentials(username: string) {
    const { state } = await this.#commands.load(reservations, usernameStream(usernameKey(username)))
    if (state.status === 'free') return undefined
    const user = state.owner as UserId
    let passwordHash: string | undefined
    const { state: account, revision } = await this.#commands.snapshots.load(accounts, userStream(user), (event) => {
      const decoded = decode(event)
      if (isDecoded(decoded) && (decoded.type === 'UserRegistered' || decoded.type === 'PasswordChanged'))
        passwordHash = decoded.body?.passwordHash
    })
    if (account.status === 'none') return undefined
    return { userId: user, revision, passwordHash, disabled: account.disabled }
  }

  async #hash(password: string, { address }: Origin): Promise<string | Refusal> {
    try {
      return await this.#options.passwords.hash(password, { address })
    } catch (error) {
      if (error instanceof TooBusy) return tooFast(error.message, error.retryAfterSeconds)
      throw error
    }
  }

  #rate(rate: Rate, { address }: Origin): Refusal | undefined {
    const allowance = this.#options.rates.take(rate, address)
    return allowance.allowed
      ? undefined
      : tooFast('Too many accounts were made from your address.', allowance.retryAfterSeconds)
  }
}

/** A refusal that says when to come back. */
export const tooFast = (what: string, retryAfterSeconds: number): Refusal => ({
  ...refuse('RATE_LIMITED', `${what} Try again in ${retryAfterSeconds} s.`),
  retryAfterSeconds,
})
