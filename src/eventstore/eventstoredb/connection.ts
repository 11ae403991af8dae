// The connection to the server: one client at a time, watched, and replaced when it does not answer.
//
// The client by itself notices a connection that is half open only after 20 s, and never ends calls that it has sent
// into one; so each call has a timer here, and a call that is late, or a question every second that is, has the
// connection made anew.

import { setTimeout as sleep } from 'node:timers/promises'
import type { EventStoreDBClient } from '@eventstore/db-client'
import type { Address } from './address.ts'
import { endClient, makeClient } from './client.ts'
import { collect } from './collecting.ts'
import { ConnectionLost, type Failure, failureOf, Late, sentenceFor } from './failure.ts'

export interface ConnectionOptions {
  readonly address: Address
  /** Told with a sentence each time the server can no longer be reached. */
  readonly onLost?: ((message: string) => void) | undefined
  /** How often it is asked for a sign of life while there is none, in ms. */
  readonly watchEveryMs?: number
}

/** What the client waits before it asks a quiet connection for a sign of life, in ms: less draws a warning. */
const keepAliveMs = 10_000
/** A question that takes longer is a failure, in ms. */
const watchPatienceMs = 2_000

/** Failures that only a server which is there can answer with. */
const answers: ReadonlySet<Failure> = new Set(['wrong-revision', 'too-large', 'stream-absent', 'stream-deleted'])

interface Session {
  readonly client: EventStoreDBClient
  readonly ended: AbortController
}

export class Connection {
  readonly #options: ConnectionOptions
  readonly #stop = new AbortController()
  readonly #waiters = new Set<() => void>()
  #session: Session
  #count = 0
  #heardAt = 0
  #renewedAt = 0
  #fault: string | undefined
  /** Calls of ended clients that are still being ended. */
  readonly #ending = new Set<Promise<void>>()
  #watching: Promise<void> | undefined

  constructor(options: ConnectionOptions) {
    this.#options = options
    this.#session = this.#connect()
  }

  /** Why the server cannot be reached; undefined while it can. */
  get fault(): string | undefined {
    return this.#fault
  }

  get closed(): boolean {
    return this.#stop.signal.aborted
  }

  get server(): string {
    return this.#options.address.shown
  }

  /** Begins to watch. */
  start(): void {
    this.#watching ??= this.#watch()
  }

  /**
   * Makes a call. `signal` of the call says when to give it up.
   *
   * @throws {Late} after `ms`; @throws {ConnectionLost} where the connection is given up meanwhile; @throws the
   * caller's reason, and whatever the call throws
   */
  async call<T>(
    make: (client: EventStoreDBClient, signal: AbortSignal) => Promise<T>,
    { ms, signal }: { readonly ms: number; readonly signal?: AbortSignal | undefined },
  ): Promise<T> {
    const session = this.#session
    signal?.throwIfAborted()
    const ended = new AbortController()
    const end = (reason: unknown) => ended.abort(reason)
    const onSession = () => end(new ConnectionLost('The connection to EventStoreDB was lost.'))
    const onCaller = () => end(signal?.reason)
    session.ended.signal.addEventListener('abort', onSession)
    signal?.addEventListener('abort', onCaller)
    const timer = setTimeout(() => end(late(ms)), ms)
    try {
      if (session.ended.signal.aborted) onSession()
      const given = new Promise<never>((_, reject) => {
        ended.signal.addEventListener('abort', () => reject(ended.signal.reason))
        if (ended.signal.aborted) reject(ended.signal.reason)
      })
      const result = await Promise.race([make(session.client, ended.signal), given])
      this.#heard(session)
      return result
    } catch (error) {
      if (error instanceof Late) this.renew(session)
      else if (failureOf(error) === 'unreachable') this.#heardAt = 0
      else if (answers.has(failureOf(error))) this.#heard(session)
      throw error
    } finally {
      clearTimeout(timer)
      session.ended.signal.removeEventListener('abort', onSession)
      signal?.removeEventListener('abort', onCaller)
      // Whatever of the call is still under way hears that nobody waits for it.
      if (!ended.signal.aborted) end(undefined)
    }
  }

  /** The client as it is now, for a subscription, and when it is given up. */
  get session(): { readonly client: EventStoreDBClient; readonly ended: AbortSignal } {
    return { client: this.#session.client, ended: this.#session.ended.signal }
  }

  /** Gives the present client up, with all its calls, and makes a new one; not oftener than once a second. */
  renew(of: { readonly client: EventStoreDBClient } = this.#session): void {
    const now = performance.now()
    if (this.closed || of.client !== this.#session.client || now - this.#renewedAt < 1_000) return
    this.#renewedAt = now
    const old = this.#session
    this.#session = this.#connect()
    this.#end(old)
  }

  /** Resolves once the server can be reached, or when the connection closes or the signal is aborted. */
  async reachable(signal?: AbortSignal): Promise<void> {
    while (this.#fault !== undefined && !this.closed && !signal?.aborted) {
      await new Promise<void>((resolve) => {
        const done = () => {
          this.#waiters.delete(done)
          signal?.removeEventListener('abort', done)
          resolve()
        }
        this.#waiters.add(done)
        signal?.addEventListener('abort', done)
      })
    }
  }

  async close(): Promise<void> {
    if (this.closed) return
    this.#stop.abort()
    this.#wake()
    this.#end(this.#session)
    await this.#watching
    await Promise.race([Promise.all(this.#ending), sleep(2_000, undefined, { ref: false })])
  }

  #connect(): Session {
    this.#count += 1
    const keepAlive = keepAliveMs + (this.#count % 1_000)
    return { client: makeClient(this.#options.address.connectionString, keepAlive), ended: new AbortController() }
  }

  #end(session: Session): void {
    session.ended.abort()
    const ending = endClient(session.client)
      .catch(() => {})
      .then(() => {
        this.#ending.delete(ending)
      })
    this.#ending.add(ending)
  }

  #heard(session: Session): void {
    if (session !== this.#session) return
    this.#heardAt = performance.now()
    if (this.#fault === undefined) return
    this.#fault = undefined
    this.#wake()
  }

  #wake(): void {
    for (const waiter of this.#waiters) waiter()
  }

  async #watch(): Promise<void> {
    const { watchEveryMs = 1_000 } = this.#options
    const signal = this.#stop.signal
    while (!signal.aborted) {
      // With jitter, so that many nodes do not ask in step.
      await sleep(watchEveryMs * (0.75 + Math.random() / 2), undefined, { signal, ref: false }).catch(() => {})
      if (signal.aborted || performance.now() - this.#heardAt < watchEveryMs) continue
      await this.#ask()
    }
  }

  /**
   * Asks, until something is heard or the patience is over. Other calls that are late have the connection made anew
   * meanwhile, again and again under load, and end the question with it: it is then asked over the new one.
   */
  async #ask(): Promise<void> {
    const asked = performance.now()
    for (;;) {
      const session = this.#session
      const ms = Math.max(1, asked + watchPatienceMs - performance.now())
      try {
        await this.call(newest, { ms, signal: this.#stop.signal })
        this.#heard(session)
        return
      } catch (error) {
        if (this.closed || this.#heardAt > asked) return
        const isLate = error instanceof Late || performance.now() - asked >= watchPatienceMs
        if (!isLate && session !== this.#session) continue
        this.#lost(isLate ? late(watchPatienceMs) : error)
        this.renew(session)
        return
      }
    }
  }

  #lost(error: unknown): void {
    const known = this.#fault !== undefined
    this.#fault = sentenceFor(error, this.server)
    if (!known) this.#options.onLost?.(this.#fault)
  }
}

const late = (ms: number): Late => new Late(`There was no answer within ${Math.round(ms)} ms.`)

/** The cheapest question that only a leader answers. */
async function newest(client: EventStoreDBClient, signal: AbortSignal): Promise<void> {
  const reading = client.readAll({ direction: 'backwards', fromPosition: 'end', maxCount: 1, requiresLeader: true })
  await collect(reading, signal)
}
