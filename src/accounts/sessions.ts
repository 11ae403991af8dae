// Who a token stands for, and whether it still does.

import { type SessionDocument, sessions as sessionDocuments } from '../../projections/sessions.ts'
import { users } from '../../projections/users.ts'
import { accounts, sessions } from '../commands/aggregate.ts'
import type { Commands } from '../commands/commands.ts'
import { dateTime, newUuid } from '../commands/occasion.ts'
import type { Filter } from '../documents/port.ts'
import type { Actor } from '../domain/access.ts'
import type { ServerRole } from '../domain/events.ts'
import type { DateTime, SessionId, UserId } from '../domain/ids.ts'
import { use } from '../domain/session.ts'
import { sessionStream, userStream } from '../domain/streams.ts'
import { holds, type Validity } from '../domain/validity.ts'
import type { Position } from '../eventstore/port.ts'
import type { ReadModels } from '../projecting/readModels.ts'
import type { SessionWatch, WatchedSession } from './sessionWatch.ts'
import { matches, parseToken } from './tokens.ts'

/** A signed-in person, through one session. */
export interface Identity extends WatchedSession {
  readonly id: SessionId
  readonly userId: UserId
  readonly userRevision: number
  readonly actor: Actor
  /** ms since 1970 from which on it no longer holds, unless it is used meanwhile. */
  readonly deadline: number
}

interface SessionsOptions {
  readonly commands: Commands
  readonly models: ReadModels
  readonly watch: SessionWatch
  /** Days after which an unused session ends. */
  readonly sessionDays: number
}

const dayMs = 86_400_000
/** Sessions read at once. */
const chunk = 200
/** How long a count waits for the read models, in ms. */
const patienceMs = 2_000

/** The end of all sessions of a person but one. */
export interface Ending {
  readonly user: UserId
  /** Which sessions held before. */
  readonly before: Validity
  /** Of the event that ended them: its revision in the account's stream, and its place in the log. */
  readonly revision: number
  readonly position: Position
  readonly kept?: SessionId | undefined
}

interface Facts {
  readonly userId: UserId
  readonly userRevision: number
  readonly tokenHash: string
  readonly lastUsedAt: DateTime
  readonly expiresAt: DateTime
  readonly ended: boolean
  readonly disabled: boolean
  readonly serverRole: ServerRole
  readonly holds: boolean
}

export class Sessions {
  readonly watch: SessionWatch
  readonly #commands: Commands
  readonly #models: ReadModels
  readonly #sessionDays: number

  constructor({ commands, models, watch, sessionDays }: SessionsOptions) {
    this.#commands = commands
    this.#models = models
    this.watch = watch
    this.#sessionDays = sessionDays
  }

  /** Until when a session that begins now can hold at most, in ms since 1970. */
  lastMoment(now: number): number {
    return now + 12 * this.#sessionDays * dayMs
  }

  /** The person behind a token; undefined for a token that is malformed, unknown, ended or expired. */
  async identify(token: string): Promise<Identity | undefined> {
    const parsed = parseToken(token)
    if (!parsed) return undefined
    const facts = (await this.#documents(parsed.sessionId)) ?? (await this.#streams(parsed.sessionId))
    if (!facts || !matches(parsed.secret, facts.tokenHash)) return undefined
    const now = this.#commands.clock.now()
    const deadline = this.#deadline(facts)
    const identity: Identity = {
      id: parsed.sessionId,
      userId: facts.userId,
      userRevision: facts.userRevision,
      actor: { user: facts.userId, serverRole: facts.serverRole },
      deadline,
    }
    if (facts.ended || facts.disabled || !facts.holds || now >= deadline || this.watch.hasEnded(identity))
      return undefined
    if (now - Date.parse(facts.lastUsedAt) >= dayMs) this.#use(identity)
    return identity
  }

  /** Who acts through a session, with the role of this moment: a socket may have been open for long. */
  actorOf({ actor }: Identity): Actor {
    const serverRole = this.watch.roleOf(actor.user)
    return serverRole === undefined ? actor : { ...actor, serverRole }
  }

  /** Whether it still holds: asked after the content was read, so that nothing is shown that came after its end. */
  async stillHolds(identity: Identity): Promise<boolean> {
    if (this.#commands.clock.now() >= identity.deadline || this.watch.hasEnded(identity)) return false
    const facts = await this.#documents(identity.id)
    return facts === undefined || (!facts.ended && !facts.disabled && facts.holds)
  }

  /** Whether a session holds now, by the log itself. */
  async holdsNow(id: SessionId): Promise<boolean> {
    const facts = await this.#streams(id)
    return (
      facts !== undefined &&
      !facts.ended &&
      !facts.disabled &&
      facts.holds &&
      this.#commands.clock.now() < this.#deadline(facts)
    )
  }

  /** The person's sessions that hold now, as far as the read models know, newest first. */
  async held(user: UserId): Promise<readonly (SessionDocument & { readonly id: SessionId })[]> {
    const [account] = await this.#models.get(users, [user])
    if (!account || account.document.disabled) return []
    const held: (SessionDocument & { readonly id: SessionId })[] = []
    for (let skip = 0, more = true; more; skip += chunk) {
      const found = await this.#models.find(sessionDocuments, {
        filter: { $and: [this.#alive(user), heldUnder(account.document.validity)] },
        sort: { startedAt: -1 },
        limit: chunk,
        skip,
      })
      // The ids of this collection are those of sessions.
      for (const { id, document } of found) held.push({ ...document, id: id as SessionId })
      more = found.length === chunk
    }
    return held.filter((session) => !this.watch.hasEnded(session))
  }

  /** How many sessions that held were ended by an event of the account. Waits for the read models to reach it. */
  async endedBy({ user, before, revision, position, kept }: Ending): Promise<number> {
    await this.#models.waitFor(position, { timeoutMs: patienceMs })
    const ended: Filter = {
      userRevision: { $lt: revision },
      ...(kept === undefined ? undefined : { _id: { $ne: kept } }),
    }
    return await this.#models.count(sessionDocuments, { $and: [this.#alive(user), heldUnder(before), ended] })
  }

  /** Sessions that have neither ended by themselves nor by their time. */
  #alive(user: UserId): Filter {
    const now = this.#commands.clock.now()
    return {
      userId: user,
      ended: false,
      expiresAt: { $gt: dateTime(now) },
      lastUsedAt: { $gt: dateTime(now - this.#sessionDays * dayMs) },
    }
  }

  async #documents(id: SessionId): Promise<Facts | undefined> {
    const [session] = await this.#models.get(sessionDocuments, [id])
    if (!session) return undefined
    const [user] = await this.#models.get(users, [session.document.userId])
    if (!user) return undefined
    const { disabled, serverRole, validity } = user.document
    return { ...session.document, disabled, serverRole, holds: holds(validity, { id, ...session.document }) }
  }

  /** A session that was begun just now may not be in the read models yet. */
  async #streams(id: SessionId): Promise<Facts | undefined> {
    const { state: session } = await this.#commands.load(sessions, sessionStream(id))
    if (session.status === 'none') return undefined
    const { state: account } = await this.#commands.load(accounts, userStream(session.userId))
    if (account.status === 'none') return undefined
    return {
      ...session,
      ended: session.status === 'ended',
      disabled: account.disabled,
      serverRole: account.serverRole,
      holds: holds(account.validity, { id, userRevision: session.userRevision }),
    }
  }

  #deadline({ lastUsedAt, expiresAt }: Facts): number {
    return Math.min(Date.parse(expiresAt), Date.parse(lastUsedAt) + this.#sessionDays * dayMs)
  }

  #use(identity: Identity): void {
    const requester = { user: identity.userId, correlationId: newUuid() }
    // That it was used is noted on the way; the request does not wait for it, and the next one notes it if this fails.
    this.#commands
      .run(sessions, sessionStream(identity.id), { requester, decide: (session, { now }) => use(session, { now }) })
      .catch(() => {})
  }
}

/** Sessions that an account lets live. */
const heldUnder = ({ after, kept }: Validity): Filter => {
  const since: Filter = { userRevision: { $gte: after } }
  return kept === undefined ? since : { $or: [since, { _id: kept }] }
}
