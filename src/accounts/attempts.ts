// Failed logins make the next ones wait, and nothing is ever locked. Kept in memory, by each node for itself.

import type { LRUCache } from 'lru-cache'
import { usernameKey } from '../domain/names.ts'
import { recentlyUsed } from '../recentlyUsed.ts'
import { addressGroup } from './addressGroup.ts'
import type { Refused } from './rates.ts'

/** The delay after the first failure that has one; it doubles with each further one. In ms. */
const firstDelayMs = 1_000
const longestDelayMs = 60_000
/** After so long without a failure, in ms, one failure is forgotten, and another one after each further such time. */
const forgetAfterMs = 120_000
/** Failures from one address that have no delay yet: several people can share an address and mistype. */
const freeFailuresOfAddress = 4
/** How many logins may be under way at once. After a failure it is one for the account: nobody guesses in parallel. */
const underWayOfAccount = 5
const underWayOfAddress = 50

export interface LoginAttemptsOptions {
  /** The time in ms. */
  readonly now: () => number
  /** False: nothing waits. */
  readonly enabled: boolean
  /** How many accounts, and how many addresses, are remembered; the ones that were not seen for longest are forgotten. */
  readonly remembered?: number
}

/** A login under way. Disposing of it without an outcome (the password was never checked) counts for nothing. */
export interface LoginAttempt extends Disposable {
  /** The name or the password was wrong. */
  failed(): void
  /** They were right: the account's failures are forgotten, the address's are not. */
  succeeded(): void
}

export type LoginAdmission = { readonly allowed: true; readonly attempt: LoginAttempt } | Refused

interface Tally {
  failures: number
  /** When the newest failure was, in ms. */
  failedAt: number
  /** Until when the next attempt waits, in ms. */
  waitsUntil: number
  underWay: number
}

/**
 * The delays of accounts and of addresses. An account is counted by the name that was given, whether there is one or
 * not, so that a delay tells nothing.
 *
 * Somebody else's failures cannot keep a person out: who was told to wait because of the account, and comes back from
 * the same address after that time, gets their turn, whatever others have tried meanwhile. The delay of an address has
 * no such turns, since one client could collect them under many names.
 */
export class LoginAttempts {
  readonly #now: () => number
  readonly #enabled: boolean
  readonly #accounts: LRUCache<string, Tally>
  readonly #addresses: LRUCache<string, Tally>
  /** By account and address: from when on, in ms, this address has a turn at this account. */
  readonly #turns: LRUCache<string, number>

  constructor({ now, enabled, remembered = 50_000 }: LoginAttemptsOptions) {
    this.#now = now
    this.#enabled = enabled
    this.#accounts = recentlyUsed(remembered)
    this.#addresses = recentlyUsed(remembered)
    this.#turns = recentlyUsed(remembered)
  }

  /**
   * Asks to check a password. Where it is allowed, say how it ended, or dispose of the attempt.
   * @param username as it was given
   * @param address the client's; IPv6 counts by its /64 network
   */
  begin(username: string, address: string): LoginAdmission {
    if (!this.#enabled) return { allowed: true, attempt: uncounted }
    const now = this.#now()
    const group = addressGroup(address)
    // No username is longer than 32: what is cut off could only take memory.
    const name = usernameKey(username.slice(0, 33))
    const byAddress = tallyOf(this.#addresses, group, now)
    const byAccount = tallyOf(this.#accounts, name, now)
    const turn = `${name}\n${group}`

    if (byAddress.waitsUntil > now) return refused(byAddress.waitsUntil - now)
    if (byAddress.underWay >= underWayOfAddress) return refused(firstDelayMs)
    if (!this.#mayTry(byAccount, turn, now)) {
      const wait = this.#turns.get(turn) ?? Math.max(byAccount.waitsUntil, now + firstDelayMs)
      // A clock that was set back.
      const at = Math.min(wait, now + longestDelayMs)
      this.#turns.set(turn, at)
      return refused(at - now)
    }
    this.#turns.delete(turn)
    return { allowed: true, attempt: this.#attempt(byAccount, byAddress) }
  }

  #mayTry(account: Tally, turn: string, now: number): boolean {
    const promised = this.#turns.get(turn)
    if (promised !== undefined && promised <= now) return true
    return account.waitsUntil <= now && account.underWay < (account.failures > 0 ? 1 : underWayOfAccount)
  }

  #attempt(account: Tally, address: Tally): LoginAttempt {
    account.underWay++
    address.underWay++
    let open = true
    const end = (outcome: () => void) => {
      if (!open) return
      open = false
      account.underWay--
      address.underWay--
      outcome()
    }
    return {
      failed: () =>
        end(() => {
          const now = this.#now()
          fail(account, now, 0)
          fail(address, now, freeFailuresOfAddress)
        }),
      succeeded: () =>
        end(() => {
          account.failures = 0
          account.waitsUntil = 0
        }),
      [Symbol.dispose]: () => end(() => {}),
    }
  }
}

const uncounted: LoginAttempt = { failed: () => {}, succeeded: () => {}, [Symbol.dispose]: () => {} }

const refused = (ms: number): Refused => ({ allowed: false, retryAfterSeconds: Math.max(1, Math.ceil(ms / 1000)) })

/** What is remembered of a key, less what is forgotten by now. */
function tallyOf(tallies: LRUCache<string, Tally>, key: string, now: number): Tally {
  const tally = tallies.get(key) ?? { failures: 0, failedAt: now, waitsUntil: 0, underWay: 0 }
  tallies.set(key, tally)
  // A clock that was set back must make nobody wait longer than the longest delay.
  tally.waitsUntil = Math.min(tally.waitsUntil, now + longestDelayMs)
  const forgotten = Math.min(tally.failures, Math.max(0, Math.floor((now - tally.failedAt) / forgetAfterMs)))
  tally.failures -= forgotten
  tally.failedAt += forgotten * forgetAfterMs
  return tally
}

function fail(tally: Tally, now: number, free: number): void {
  // Beyond the longest delay there is nothing to count, and less to forget.
  tally.failures = Math.min(tally.failures + 1, free + 7)
  tally.failedAt = now
  if (tally.failures > free)
    tally.waitsUntil = now + Math.min(longestDelayMs, firstDelayMs * 2 ** (tally.failures - free - 1))
}
