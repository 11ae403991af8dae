// One append, what it expects, and the keys of its events.

import { randomBytes } from 'node:crypto'
import { type Keys, KeysUnavailable, type KnownKey, keyBytes } from '../../keys/port.ts'
import { type Expected, type Revision, StoreUnavailable } from '../port.ts'
import type { Connection } from './connection.ts'
import type { Encoded } from './encode.ts'
import type { Heads } from './heads.ts'
import type { Log } from './log.ts'
import type { Sender } from './sending.ts'

/** An append, with all that belongs to it, takes no longer than this once it has its turn, in ms. */
export const patienceMs = 4_000

/** What appending works with. */
export interface Parts {
  readonly connection: Connection
  readonly log: Log
  readonly keys: Keys
  readonly keepsOnlyNewest: (stream: string) => boolean
  readonly heads: Heads
  readonly sender: Sender
}

/** An append on its way. */
export interface Append {
  readonly stream: string
  readonly events: readonly Encoded[]
  readonly expected: Expected
  /** Of `performance.now()`. */
  readonly deadline: number
}

export const isMet = (expected: Expected, revision: Revision): boolean =>
  typeof expected === 'number'
    ? expected === revision
    : expected === 'any' || (expected === 'none' ? revision === -1 : revision !== -1)

/** Keys for these events, the first that anybody made for each; and those of them that had been seen before. */
export async function keysFor(
  keys: Keys,
  events: readonly Encoded[],
  deadline: number,
): Promise<{ readonly keys: ReadonlyMap<string, Uint8Array>; readonly known: ReadonlyMap<string, KnownKey> }> {
  const random = randomBytes(keyBytes * events.length)
  const made = events.map(({ event }, index) => ({
    id: event.id,
    // A copy, for a slice would keep all of them alive.
    key: Uint8Array.from(random.subarray(index * keyBytes, (index + 1) * keyBytes)),
  }))
  const known = await within(keys.add(made), deadline)
  const used = new Map<string, Uint8Array>()
  for (const { id, key } of made) {
    const before = known.get(id)
    if (before !== 'removed') used.set(id, before ?? key)
  }
  return { keys: used, known }
}

/** @throws {StoreUnavailable} the keys are away, or do not answer in time */
export async function within<T>(promise: Promise<T>, deadline: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    const ms = Math.max(1, deadline - performance.now())
    timer = setTimeout(() => reject(new StoreUnavailable('The database of the keys does not answer.')), ms)
  })
  try {
    return await Promise.race([promise, late])
  } catch (error) {
    throw error instanceof KeysUnavailable ? new StoreUnavailable(error.message, { cause: error }) : error
  } finally {
    clearTimeout(timer)
  }
}
