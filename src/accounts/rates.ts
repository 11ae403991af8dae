// How often somebody may do something. Kept in memory, by each node for itself.

import type { LRUCache } from 'lru-cache'
import { recentlyUsed } from '../recentlyUsed.ts'
import { addressGroup } from './addressGroup.ts'

/** Whether something may be done now, or in how many seconds it may be tried again (1 or more). */
export type Allowance = { readonly allowed: true } | Refused
export type Refused = { readonly allowed: false; readonly retryAfterSeconds: number }

export interface Rate {
  /** Keeps the counts of different rates apart. */
  readonly name: string
  /** What is counted. IPv6 addresses count by their /64 network. */
  readonly by: 'address' | 'account'
  /** How many are given back in `perSeconds`. */
  readonly count: number
  readonly perSeconds: number
  /** How many can be done at once after a pause. */
  readonly burst: number
}

export const registerRate: Rate = { name: 'register', by: 'address', count: 10, perSeconds: 60, burst: 20 }
export const guestRate: Rate = { name: 'guest', by: 'address', count: 10, perSeconds: 60, burst: 20 }
export const claimOwnerRate: Rate = { name: 'claimOwner', by: 'address', count: 10, perSeconds: 60, burst: 10 }
export const commandRate: Rate = { name: 'command', by: 'account', count: 50, perSeconds: 1, burst: 200 }

export interface RateLimitsOptions {
  /** The time in ms. */
  readonly now: () => number
  /** False: everything is allowed. */
  readonly enabled: boolean
  /** How many counts are remembered; the one that was not used for longest is forgotten, in favour of its owner. */
  readonly remembered?: number
}

/**
 * A token bucket for each rate and each key, kept as one number: when the bucket will be full again, in ms
 * (the generic cell rate algorithm).
 */
export class RateLimits {
  readonly #now: () => number
  readonly #enabled: boolean
  readonly #fullAt: LRUCache<string, number>

  constructor({ now, enabled, remembered = 50_000 }: RateLimitsOptions) {
    this.#now = now
    this.#enabled = enabled
    this.#fullAt = recentlyUsed(remembered)
  }

  /**
   * Counts one, unless it is too many; what was refused is not counted.
   * @param key an address or an account's id, as the rate says
   */
  take(rate: Rate, key: string): Allowance {
    if (!this.#enabled) return { allowed: true }
    const id = `${rate.name}\n${rate.by === 'address' ? addressGroup(key) : key}`
    const now = this.#now()
    const cost = (rate.perSeconds * 1000) / rate.count
    const stored = this.#fullAt.get(id) ?? now
    // No bucket takes longer to fill than from empty: what says so was written before the clock was set back.
    const fullAt = stored - now > rate.burst * cost ? now : Math.max(stored, now)
    const wait = fullAt - now - (rate.burst - 1) * cost
    if (wait > 0) return { allowed: false, retryAfterSeconds: Math.ceil(wait / 1000) }
    this.#fullAt.set(id, fullAt + cost)
    return { allowed: true }
  }
}
