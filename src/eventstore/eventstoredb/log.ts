// Reads of the server's log, a page at a time, each tried again while the server may come back.

import { setTimeout as sleep } from 'node:timers/promises'
import type { AllStreamResolvedEvent, EventStoreDBClient } from '@eventstore/db-client'
import { type Keys, KeysUnavailable } from '../../keys/port.ts'
import { type RecordedEvent, StoreUnavailable } from '../port.ts'
import { collect } from './collecting.ts'
import type { Connection } from './connection.ts'
import { failureOf, passes, sentenceFor } from './failure.ts'
import type { Head } from './heads.ts'
import type { Place } from './positions.ts'
import { opened, type Stored, storedIn } from './recorded.ts'

/** A read, with all its tries, takes no longer than this, in ms. */
const patienceMs = 4_000

export interface StreamPage {
  /** The first revision, inclusive; `end` begins at the newest, for reading backwards. */
  readonly from: number | 'end'
  readonly backwards?: boolean
  readonly limit: number
  readonly signal?: AbortSignal | undefined
  /** In ms; otherwise some seconds. */
  readonly ms?: number
}

export interface AllPage {
  /** Inclusive forwards, exclusive backwards. */
  readonly from: Place | 'start' | 'end'
  readonly backwards?: boolean
  readonly limit: number
  readonly signal?: AbortSignal | undefined
  /** Whether a failure that the server does not explain is the answer, instead of a reason to ask again. */
  readonly once?: boolean
}

interface ReadOptions<T> extends Pick<AllPage, 'signal' | 'once'> {
  readonly ms?: number | undefined
  /** What is read where there is no such stream. */
  readonly absent?: T
}

export class Log {
  readonly #connection: Connection
  readonly #keys: Keys
  readonly prefix: string

  constructor(connection: Connection, keys: Keys, prefix: string) {
    this.#connection = connection
    this.#keys = keys
    this.prefix = prefix
  }

  /** Bodies still sealed. Empty where the stream is absent. @throws {StoreUnavailable} */
  async stream(stream: string, { from, backwards = false, limit, signal, ms }: StreamPage): Promise<Stored[]> {
    const resolved = await this.#read(
      (client, ended) =>
        collect(
          client.readStream(this.prefix + stream, {
            fromRevision: from === 'end' ? 'end' : BigInt(from),
            direction: backwards ? 'backwards' : 'forwards',
            maxCount: limit,
          }),
          ended,
        ),
      { signal, ms, absent: [] },
    )
    return resolved.map((one) => storedIn(one, this.prefix)).filter((one) => one !== undefined)
  }

  /** Whatever is in the log, whoever wrote it. @throws {StoreUnavailable} */
  all({ from, backwards = false, limit, signal, once = false }: AllPage): Promise<AllStreamResolvedEvent[]> {
    return this.#read(
      (client, ended) =>
        collect(
          client.readAll({
            fromPosition: from,
            direction: backwards ? 'backwards' : 'forwards',
            maxCount: limit,
          }),
          ended,
        ),
      { signal, once },
    )
  }

  /** The newest event of a stream. @throws {StoreUnavailable} */
  async head(stream: string, ms?: number): Promise<Head | undefined> {
    const [newest] = await this.stream(stream, {
      ...{ from: 'end', backwards: true, limit: 1 },
      ...(ms === undefined ? undefined : { ms }),
    })
    return newest && headOf(newest)
  }

  /** With their bodies, by one look-up of keys. @throws {StoreUnavailable} */
  async open(events: readonly Stored[]): Promise<RecordedEvent[]> {
    const sealed = events.filter((event) => event.sealed !== undefined).map(({ id }) => id)
    return opened(events, await this.#keysOf(sealed))
  }

  /**
   * The same, for whoever follows the whole log: what was superseded loses the key that is left to it where the node that was to
   * remove it has died. When the events are handed on, it is done.
   *
   * @throws {StoreUnavailable}
   */
  async openFollowed(events: readonly Stored[]): Promise<RecordedEvent[]> {
    const sealed = events.filter((event) => event.sealed !== undefined).map(({ id }) => id)
    const superseded = events.flatMap(({ superseded = [] }) => superseded)
    const keys = await this.#keysOf([...sealed, ...superseded])
    await this.removeKeys(superseded.filter((id) => keys.has(id)))
    return opened(events, keys)
  }

  /** @throws {StoreUnavailable} some, all or none may have been removed: remove them again */
  async removeKeys(ids: readonly string[]): Promise<void> {
    if (ids.length > 0) await asLog(() => this.#keys.remove(ids))
  }

  async #keysOf(ids: readonly string[]): Promise<ReadonlyMap<string, Uint8Array>> {
    return ids.length === 0 ? new Map() : await asLog(() => this.#keys.get(ids))
  }

  async #read<T>(
    make: (client: EventStoreDBClient, signal: AbortSignal) => Promise<T>,
    { signal, ms = patienceMs, absent, once = false }: ReadOptions<T>,
  ): Promise<T> {
    const deadline = performance.now() + ms
    /** What an earlier try failed with: it tells more than that the last one had no time left. */
    let told: unknown
    for (let failures = 0; ; failures += 1) {
      if (this.#connection.closed) throw new StoreUnavailable('The log is closed: the server is stopping.')
      if (this.#connection.fault !== undefined) throw new StoreUnavailable(this.#connection.fault)
      try {
        return await this.#connection.call(make, { ms: Math.max(1, deadline - performance.now()), signal })
      } catch (error) {
        signal?.throwIfAborted()
        const failure = failureOf(error)
        if (failure === 'stream-absent' && absent !== undefined) return absent
        const pause = Math.min(250, 20 * 2 ** failures) * (0.5 + Math.random() / 2)
        const isAnswer = !passes(failure) || (once && failure === 'other')
        if (isAnswer || performance.now() + pause > deadline) {
          const cause = failure === 'late' ? (told ?? error) : error
          throw new StoreUnavailable(sentenceFor(cause, this.#connection.server), { cause })
        }
        if (failure !== 'late') told = error
        await sleep(pause)
      }
    }
  }
}

export const headOf = ({ revision, position, id, sealed, superseded }: Stored): Head => ({
  revision,
  position,
  id,
  sealed: sealed !== undefined,
  superseded,
})

async function asLog<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw error instanceof KeysUnavailable ? new StoreUnavailable(error.message, { cause: error }) : error
  }
}
