// How many sockets and event streams each account has open.

import type { Identity } from '../accounts/sessions.ts'
import type { UserId } from '../domain/ids.ts'
import type { Limits } from './limits.ts'
import { type Refused, refused } from './refusal.ts'

/** With what a socket is closed whose account has too many. */
export const tooManyOfAccount = 4291

export class AccountConnections {
  readonly #limits: Pick<Limits, 'connectionsPerAccount' | 'connectionsPerGuest'>
  readonly #open = new Map<UserId, number>()

  constructor(limits: Pick<Limits, 'connectionsPerAccount' | 'connectionsPerGuest'>) {
    this.#limits = limits
  }

  /** A place for one more, to be disposed of when it closes; or why there is none. */
  take({ userId, actor }: Pick<Identity, 'userId' | 'actor'>): Disposable | Refused {
    const limit = actor.serverRole === 'GUEST' ? this.#limits.connectionsPerGuest : this.#limits.connectionsPerAccount
    const open = this.#open.get(userId) ?? 0
    if (open >= limit)
      return {
        ...refused('RATE_LIMITED', `Your account has ${limit} connections open already: close some of them.`),
        closeCode: tooManyOfAccount,
      }
    this.#open.set(userId, open + 1)
    return new Place(this.#open, userId)
  }
}

/** A class, and no closure: each connection has one. */
class Place implements Disposable {
  readonly #open: Map<UserId, number>
  readonly #user: UserId
  #held = true

  constructor(open: Map<UserId, number>, user: UserId) {
    this.#open = open
    this.#user = user
  }

  [Symbol.dispose](): void {
    if (!this.#held) return
    this.#held = false
    const left = (this.#open.get(this.#user) ?? 0) - 1
    if (left > 0) this.#open.set(this.#user, left)
    else this.#open.delete(this.#user)
  }
}
