// What ends sessions, and what changes the roles of those who have some, known as soon as the node hears of it from the log: before the read models hold it, and before any later
// event is delivered to anyone.

import type { ServerRole } from '../domain/events.ts'
import { type SessionId, sessionId, type UserId, userId } from '../domain/ids.ts'
import { everyone, evolveValidity, holds, type Validity } from '../domain/validity.ts'
import { decode, isDecoded } from '../eventstore/decode.ts'
import type { LogListener } from '../eventstore/follower.ts'
import type { Delivery, Position } from '../eventstore/port.ts'
import { recentlyUsed } from '../recentlyUsed.ts'

export interface WatchedSession {
  readonly id: SessionId
  readonly userId: UserId
  readonly userRevision: number
}

type OnEnd = (position: Position) => void

interface Watched {
  readonly session: WatchedSession
  /** Few: a set of each session's own would be most of what a connection costs here. */
  onEnd: readonly OnEnd[]
}

/** A class, and no closure: each connection has one. */
class Watching implements Disposable {
  readonly #watch: SessionWatch
  readonly #watched: Watched
  readonly #onEnd: OnEnd

  constructor(watch: SessionWatch, watched: Watched, onEnd: OnEnd) {
    this.#watch = watch
    this.#watched = watched
    this.#onEnd = onEnd
  }

  [Symbol.dispose](): void {
    const watched = this.#watched
    watched.onEnd = watched.onEnd.filter((onEnd) => onEnd !== this.#onEnd)
    if (watched.onEnd.length === 0) this.#watch.unwatched(watched)
  }
}

export class SessionWatch implements LogListener {
  /** Ended lately. Older ends are in the read models. */
  readonly #ended = recentlyUsed<SessionId, Position>(50_000)
  readonly #validity = recentlyUsed<UserId, Validity>(50_000)
  /** Of people whose role has changed lately. */
  readonly #roles = recentlyUsed<UserId, ServerRole>(50_000)
  readonly #watched = new Map<SessionId, Watched>()
  readonly #sessionsOf = new Map<UserId, readonly SessionId[]>()

  deliver({ events }: Delivery): void {
    for (const event of events) {
      if (event.stream.startsWith('session-')) {
        if (event.type !== 'SessionEnded') continue
        const id = sessionId(event.stream.slice('session-'.length))
        this.#ended.set(id, event.position)
        this.#end(id, event.position)
      } else if (event.stream.startsWith('user-')) {
        const decoded = decode(event)
        if (!isDecoded(decoded)) continue
        switch (decoded.type) {
          case 'PasswordChanged':
          case 'AllSessionsEnded':
          case 'UserDisabled': {
            const user = userId(event.stream.slice('user-'.length))
            const validity = evolveValidity(everyone, decoded)
            this.#validity.set(user, validity)
            for (const id of this.#sessionsOf.get(user) ?? []) {
              const watched = this.#watched.get(id)
              if (watched && !holds(validity, watched.session)) this.#end(id, event.position)
            }
            break
          }
          case 'ServerRoleChanged':
            this.#roles.set(userId(event.stream.slice('user-'.length)), decoded.data.role)
            break
          case 'GuestClaimed':
            this.#roles.set(userId(event.stream.slice('user-'.length)), decoded.data.serverRole)
            break
          default:
        }
      }
    }
  }

  /** What somebody has become lately; undefined says nothing. Newer than what was known when a connection was opened. */
  roleOf(user: UserId): ServerRole | undefined {
    return this.#roles.get(user)
  }

  /** Whether the session is known to have ended. False says nothing: ask the read models too. */
  hasEnded(session: WatchedSession): boolean {
    if (this.#ended.has(session.id)) return true
    const validity = this.#validity.get(session.userId)
    return validity !== undefined && !holds(validity, session)
  }

  /** Calls back once, synchronously, with the position of the event that ends the session. Dispose to stop watching. */
  watch(session: WatchedSession, onEnd: OnEnd): Disposable {
    const known = this.#watched.get(session.id)
    const watched: Watched = known ?? { session, onEnd: [] }
    // Exactly as long as it must be: one that is written with `...` has room for many more.
    watched.onEnd = watched.onEnd.concat(onEnd)
    if (!known) {
      this.#watched.set(session.id, watched)
      this.#sessionsOf.set(session.userId, (this.#sessionsOf.get(session.userId) ?? []).concat(session.id))
    }
    return new Watching(this, watched, onEnd)
  }

  /** Nobody watches it any more. */
  unwatched(watched: Watched): void {
    if (this.#watched.get(watched.session.id) === watched) this.#drop(watched.session)
  }

  #end(id: SessionId, position: Position): void {
    const watched = this.#watched.get(id)
    if (!watched) return
    this.#drop(watched.session)
    // One of them may have made another one stop watching.
    for (const onEnd of watched.onEnd) if (watched.onEnd.includes(onEnd)) onEnd(position)
  }

  #drop({ id, userId }: WatchedSession): void {
    this.#watched.delete(id)
    const others = (this.#sessionsOf.get(userId) ?? []).filter((other) => other !== id)
    if (others.length > 0) this.#sessionsOf.set(userId, others)
    else this.#sessionsOf.delete(userId)
  }
}
