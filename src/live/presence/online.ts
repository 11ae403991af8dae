// Everybody who is there now, on whichever node: kept from the log, in memory. Ten thousand people are some megabytes.

import { ofPresence, presence } from '../../../projections/presence.ts'
import type { DateTime, UserId } from '../../domain/ids.ts'
import { userId } from '../../domain/ids.ts'
import { evolve, initial, type PresenceStatus, statusOf } from '../../domain/presence.ts'
import { decode, isDecoded } from '../../eventstore/decode.ts'
import type { LogListener } from '../../eventstore/follower.ts'
import { type Delivery, type Position, type RecordedEvent, start } from '../../eventstore/port.ts'
import type { ReadModels } from '../../projecting/readModels.ts'

/** What is said of somebody who is there. */
interface Shown {
  readonly status: PresenceStatus
  readonly statusText: string | undefined
  /** Of the nodes that their devices are on; undefined where that has not been looked up. */
  readonly lives: readonly string[] | undefined
}

export interface PresenceChange {
  readonly userId: UserId
  readonly before: PresenceStatus
  readonly after: PresenceStatus
  /** How many people are there after it. */
  readonly onlineCount: number
  readonly occurredAt: DateTime
  readonly position: Position
}

/** Read at once, at the start: as many as need no thread. */
const chunk = 200

export class OnlinePeople implements LogListener {
  readonly #people = new Map<UserId, Shown>()
  /** Heard of since this node has begun. Their devices go, but until then they count no more. */
  readonly #disabled = new Set<UserId>()
  readonly #listeners = new Set<(change: PresenceChange) => void>()
  /** Who was heard of while the read model is being read: what was heard is newer. */
  #heard: Set<UserId> | undefined = new Set()
  #position: Position = start

  get size(): number {
    return this.#people.size
  }

  /** Of the newest event that has changed somebody's presence, as far as this node has heard. */
  get position(): Position {
    return this.#position
  }

  has(user: UserId): boolean {
    return this.#people.has(user)
  }

  ids(): Iterable<UserId> {
    return this.#people.keys()
  }

  /** Everybody, each with the lives of the nodes that their devices are on; undefined where that is not known. */
  *lives(): Iterable<readonly [UserId, readonly string[] | undefined]> {
    for (const [user, { lives }] of this.#people) yield [user, lives]
  }

  /** What was looked up stands until something is heard. */
  lookedUp(user: UserId, lives: readonly string[]): void {
    const shown = this.#people.get(user)
    if (shown && shown.lives === undefined) this.#people.set(user, { ...shown, lives })
  }

  /** Called for every change, in the order of the log. Takes note and returns. Dispose of it to hear no more. */
  onChange(listener: (change: PresenceChange) => void): Disposable {
    this.#listeners.add(listener)
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) }
  }

  /** Reads who was there when this node began. What it has heard since stands. */
  async load(models: Pick<ReadModels, 'find'>): Promise<void> {
    for (const status of ['ONLINE', 'AWAY', 'BUSY'] as const) await this.#load(models, status)
    this.#heard = undefined
  }

  async #load(models: Pick<ReadModels, 'find'>, status: PresenceStatus): Promise<void> {
    for (let after = '', more = true; more; ) {
      const filter = { status, _id: { $gt: after } }
      const found = await models.find(presence, { filter, sort: { _id: 1 }, limit: chunk })
      for (const { id, document } of found) {
        // The ids of this collection are those of people.
        const user = id as UserId
        if (!this.#heard?.has(user))
          this.#people.set(user, { status, statusText: document.statusText, lives: undefined })
        after = id
      }
      more = found.length === chunk
    }
  }

  deliver({ events }: Delivery): void {
    for (const event of events) {
      if (event.stream.startsWith('presence-')) this.#presenceChanged(event)
      else if (event.type === 'UserDisabled' || event.type === 'UserEnabled') this.#accountChanged(event)
    }
  }

  #presenceChanged(stored: RecordedEvent): void {
    const event = decode(stored)
    if (!isDecoded(event) || event.type !== 'PresenceChanged') return
    const state = evolve(initial, event)
    const user = ofPresence(event)
    const status = this.#disabled.has(user) ? 'OFFLINE' : statusOf(state)
    this.#change(user, { status, statusText: state.statusText, lives: Object.keys(state.nodes) }, stored)
  }

  #accountChanged(stored: RecordedEvent): void {
    if (!stored.stream.startsWith('user-')) return
    const user = userId(stored.stream.slice('user-'.length))
    if (stored.type === 'UserEnabled') {
      this.#disabled.delete(user)
      return
    }
    this.#disabled.add(user)
    if (this.#people.has(user)) this.#change(user, { status: 'OFFLINE', statusText: undefined, lives: [] }, stored)
  }

  #change(user: UserId, shown: Shown, { position, metadata }: RecordedEvent): void {
    const before = this.#people.get(user)
    if (shown.status === 'OFFLINE') this.#people.delete(user)
    else this.#people.set(user, shown)
    this.#heard?.add(user)
    this.#position = position
    if (before?.status === shown.status && before.statusText === shown.statusText) return
    const change: PresenceChange = {
      userId: user,
      before: before?.status ?? 'OFFLINE',
      after: shown.status,
      onlineCount: this.#people.size,
      // Every event that Parley writes says when it occurred.
      occurredAt: metadata.occurredAt as DateTime,
      position,
    }
    for (const listener of this.#listeners) listener(change)
  }
}
