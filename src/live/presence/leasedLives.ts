// The lives of several nodes, as leases in the documents store: each node renews a record of its own, and a record that others
// see unchanged for too long is taken away by them. Nobody's clock is compared with another's.

import { setTimeout as sleep } from 'node:timers/promises'
import { newUuid } from '../../commands/occasion.ts'
import { type Documents, RecordConflict } from '../../documents/port.ts'
import { recentlyUsed } from '../../recentlyUsed.ts'
import type { NodeLives } from './nodeLives.ts'

export interface LifeTimes {
  /** How often a node renews its record and looks at those of the others, in ms. */
  readonly beatMs: number
  /** After how long without a renewal a node is held for dead, in ms. */
  readonly deadAfterMs: number
}

/** A node that stops for 10 s lives on; people on one that died are offline within 30 s. */
const lifeTimes: LifeTimes = { beatMs: 3_000, deadAfterMs: 15_000 }

interface LeasedLivesOptions {
  readonly documents: Pick<Documents, 'record' | 'records' | 'write'>
  /** Stays the same from one start of this node to the next. */
  readonly node: string
  readonly logger: { info(text: string): void; warn(text: string): void }
  readonly times?: LifeTimes | undefined
}

const prefix = 'node/'
const keyOf = (life: string): string => `${prefix}${life}`

/** Whether any node lives: within two beats it renews its record, or a new one begins. What dead ones left does not change. */
export async function someNodeLives(
  documents: Pick<Documents, 'records'>,
  { beatMs }: Pick<LifeTimes, 'beatMs'> = lifeTimes,
): Promise<boolean> {
  const before = await documents.records(prefix)
  if (before.size === 0) return false
  for (const until = performance.now() + 2 * beatMs; performance.now() < until; ) {
    await sleep(beatMs / 10)
    for (const [key, { version }] of await documents.records(prefix))
      if (before.get(key)?.version !== version) return true
  }
  return false
}

export class LeasedLives implements NodeLives {
  readonly #options: LeasedLivesOptions
  readonly #times: LifeTimes
  readonly #stop = new AbortController()
  #own = newUuid()
  /** Of the own record. */
  #version = 0
  /** Of the others that live, as far as is known: their version, and since when it is the same; ms of `performance.now()`. */
  #others = new Map<string, { readonly version: number; readonly since: number }>()
  readonly #ended = recentlyUsed<string, true>(10_000)
  #lookedAt = Number.NEGATIVE_INFINITY
  #trouble = false
  #onLook: () => Promise<void> = async () => {}
  #onNewLife: (life: string) => void = () => {}
  #running: Promise<void> | undefined

  private constructor(options: LeasedLivesOptions) {
    this.#options = options
    this.#times = options.times ?? lifeTimes
  }

  /** Begins a life, and ends those that an earlier run of this node has left. Others know of it before this returns. */
  static async begin(options: LeasedLivesOptions): Promise<LeasedLives> {
    const lives = new LeasedLives(options)
    await lives.#begin()
    await lives.#endOwnEarlier()
    await lives.#look()
    lives.#running = lives.#beat()
    return lives
  }

  get own(): string {
    return this.#own
  }

  async nodeIsAlive(life: string): Promise<boolean> {
    if (life === this.#own || this.#others.has(life)) return true
    if (this.#ended.has(life)) return false
    // Begun since this node last looked, or long gone.
    if ((await this.#options.documents.record(keyOf(life))) !== undefined) return true
    this.#ended.set(life, true)
    return false
  }

  onLook(listener: () => Promise<void>): void {
    this.#onLook = listener
  }

  onNewLife(listener: (life: string) => void): void {
    this.#onNewLife = listener
  }

  async close(): Promise<void> {
    this.#stop.abort()
    await this.#running
    const ended = this.#remove(this.#own, this.#version).catch(() => false)
    // Where the store is away, the others find out by themselves.
    await Promise.race([ended, sleep(1_000, undefined, { ref: false })])
  }

  async #beat(): Promise<void> {
    const { signal } = this.#stop
    const { logger } = this.#options
    while (!signal.aborted) {
      await sleep(this.#times.beatMs, undefined, { signal }).catch(() => {})
      if (signal.aborted) return
      try {
        await this.#renew()
        await this.#look()
        await this.#onLook()
        if (this.#trouble) logger.info('This node is known to the others again.')
        this.#trouble = false
      } catch (error) {
        if (!this.#trouble)
          logger.warn(
            `This node cannot tell the others that it lives: ${error instanceof Error ? error.message : error}`,
          )
        this.#trouble = true
      }
    }
  }

  async #begin(): Promise<void> {
    await this.#options.documents.write([], [{ key: keyOf(this.#own), expectedVersion: 0, value: this.#value }])
    this.#version = 1
  }

  async #renew(): Promise<void> {
    const { documents, logger } = this.#options
    const key = keyOf(this.#own)
    try {
      await documents.write([], [{ key, expectedVersion: this.#version, value: this.#value }])
      this.#version += 1
      return
    } catch (error) {
      if (!(error instanceof RecordConflict)) throw error
    }
    // Nobody else writes it: either an earlier renewal has happened though its answer was lost, or it was taken away.
    const record = await documents.record(key)
    if (record) {
      this.#version = record.version
      return
    }
    logger.warn('This node was silent for so long that the others held it for dead. It goes on as a new one.')
    this.#ended.set(this.#own, true)
    this.#own = newUuid()
    await this.#begin()
    this.#onNewLife(this.#own)
  }

  /** Takes away the records of those that have been silent for too long while this node was looking. */
  async #look(): Promise<void> {
    const records = await this.#options.documents.records(prefix)
    const now = performance.now()
    // Whoever did not look cannot say that nothing has changed: this node stood still, or the store was away.
    const watched = now - this.#lookedAt < 3 * this.#times.beatMs
    this.#lookedAt = now
    const others = new Map<string, { readonly version: number; readonly since: number }>()
    for (const [key, { version }] of records) {
      const life = key.slice(prefix.length)
      if (life === this.#own) continue
      const before = this.#others.get(life)
      const since = watched && before?.version === version ? before.since : now
      if (now - since < this.#times.deadAfterMs) others.set(life, { version, since })
      else if (await this.#remove(life, version)) this.#options.logger.warn(`A node has died: ${life}.`)
      else others.set(life, { version, since: now })
    }
    for (const life of this.#others.keys()) if (!records.has(keyOf(life))) this.#ended.set(life, true)
    this.#others = others
  }

  async #endOwnEarlier(): Promise<void> {
    const { documents, node } = this.#options
    for (const [key, { version, value }] of await documents.records(prefix)) {
      const life = key.slice(prefix.length)
      if (value.node === node && life !== this.#own) await this.#remove(life, version)
    }
  }

  /** @returns false where it has been renewed, or removed by someone else */
  async #remove(life: string, version: number): Promise<boolean> {
    try {
      await this.#options.documents.write([], [{ key: keyOf(life), expectedVersion: version, value: undefined }])
    } catch (error) {
      if (error instanceof RecordConflict) return false
      throw error
    }
    this.#ended.set(life, true)
    return true
  }

  get #value(): { readonly node: string } {
    return { node: this.#options.node }
  }
}
