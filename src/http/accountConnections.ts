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
    let held = true
    return {
      [Symbol.dispose]: () => {
        if (!held) return
        held = false
        const left = (this.#open.get(userId) ?? 0) - 1
        if (left > 0) this.#open.set(userId, left)
        else this.#open.delete(userId)
      },
    }
  }
}
