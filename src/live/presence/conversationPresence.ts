// Presence of one conversation, for all who follow it. Its members' changes are numbered, and a follower is one number: how far
// they have been told. Whoever reads slowly costs no more, and is told how things are when they read again.

import type { UserId } from '../../domain/ids.ts'
import type { ChangesFeed } from '../changesFeed.ts'
import type { Readers } from '../live.ts'
import { Pace } from '../pace.ts'
import type { OnlinePeople } from './online.ts'
import { framePeople, type PresenceFrame, presenceFrame } from './presenceFrame.ts'

/** A frame follows another after so many ms at the earliest. */
const frameMs = 1_000
/** Those who come within so many ms begin with the same frame. */
const beginMs = 100

interface Follower {
  readonly feed: ChangesFeed<PresenceFrame>
  /** It may have the first frame. */
  called: boolean
  /** Number of the newest change that it has been told of; undefined before the first frame. */
  told: number | undefined
  /** Its next frame is made then at the earliest; ms of `performance.now()`. */
  dueAt: number
}

interface Told {
  readonly frame: PresenceFrame
  /** Number of the newest change in it. */
  readonly through: number
}

export class ConversationPresence {
  readonly #online: OnlinePeople
  readonly #readers: Pick<Readers, 'isMember' | 'members' | 'memberCount'>
  readonly #followers = new Set<Follower>()
  readonly #arriving = new Set<Follower>()
  /** Who has changed, with the number of the newest change, in that order. */
  readonly #changed = new Map<UserId, number>()
  #newest = 0
  /** What was the newest at the last tick. Those who come later begin there, so that they get the same frames as the others. */
  #ticked = 0
  /** What was made since the last change, by how far those had been told for whom it was made. */
  readonly #made = new Map<number | 'first', Told>()
  readonly #pace = new Pace({ everyMs: frameMs, tick: () => this.#tick() })
  readonly #arrivals = new Pace({ everyMs: beginMs, tick: () => this.#begin() })

  /** @param readers of any who follow it: good for as long as somebody does */
  constructor(online: OnlinePeople, readers: Pick<Readers, 'isMember' | 'members' | 'memberCount'>) {
    this.#online = online
    this.#readers = readers
  }

  get followers(): number {
    return this.#followers.size
  }

  /** What is kept of changes. */
  get kept(): number {
    return this.#changed.size
  }

  members(): Iterable<UserId> {
    return this.#readers.members()
  }

  add(feed: ChangesFeed<PresenceFrame>): { take(): PresenceFrame | undefined; remove(): void } {
    const follower: Follower = { feed, called: false, told: undefined, dueAt: 0 }
    this.#followers.add(follower)
    return {
      take: () => this.#take(follower),
      remove: () => {
        this.#followers.delete(follower)
        this.#arriving.delete(follower)
        if (this.#followers.size > 0) return
        this.#pace.close()
        this.#arrivals.close()
      },
    }
  }

  changed(user: UserId): void {
    // Behind all others.
    this.#changed.delete(user)
    this.#changed.set(user, ++this.#newest)
    this.#made.clear()
    this.#pace.soon()
  }

  /** Somebody has come into the conversation or left it. */
  moved(): void {
    this.#made.clear()
  }

  #take(follower: Follower): PresenceFrame | undefined {
    if (follower.told === undefined) return this.#first(follower)
    if (follower.told === this.#newest) return undefined
    if (this.#pace.now < follower.dueAt) {
      this.#pace.soon()
      return undefined
    }
    const { frame, through } = this.#since(follower.told)
    follower.told = through
    if (through < this.#newest) this.#pace.soon()
    if (frame.users.length === 0) return undefined
    follower.dueAt = this.#pace.now + frameMs
    return frame
  }

  #first(follower: Follower): PresenceFrame | undefined {
    if (!follower.called) {
      this.#arriving.add(follower)
      this.#arrivals.soon()
      return undefined
    }
    follower.told = this.#ticked
    follower.dueAt = performance.now() + frameMs
    if (this.#ticked < this.#newest) this.#pace.soon()
    return this.#madeOnce('first', () => ({
      frame: presenceFrame(this.#there(), { initial: true, online: this.#online, shared: true }),
      through: this.#ticked,
    })).frame
  }

  /** Who has changed after this number and is still a member; not more than a frame takes, the earliest first. */
  #since(number: number): Told {
    return this.#madeOnce(number, () => {
      const users: UserId[] = []
      let through = number
      for (const [user, changed] of this.#changed) {
        if (changed <= number) continue
        if (users.length === framePeople) break
        through = changed
        if (this.#readers.isMember(user)) users.push(user)
      }
      return { frame: presenceFrame(users, { initial: false, online: this.#online, shared: true }), through }
    })
  }

  #madeOnce(key: number | 'first', make: () => Told): Told {
    const known = this.#made.get(key)
    if (known) return known
    const made = make()
    this.#made.set(key, made)
    return made
  }

  /** Members who are there, as many as a frame takes: looked for among the fewer of the two. */
  #there(): readonly UserId[] {
    const found: UserId[] = []
    const fewer = this.#online.size < this.#readers.memberCount ? this.#online.ids() : this.#readers.members()
    for (const user of fewer) {
      if (this.#online.has(user) && this.#readers.isMember(user)) found.push(user)
      if (found.length === framePeople) break
    }
    return found
  }

  #begin(): void {
    const arriving = [...this.#arriving]
    this.#arriving.clear()
    for (const follower of arriving) {
      follower.called = true
      follower.feed.wake()
    }
  }

  #tick(): void {
    this.#ticked = this.#newest
    let told = this.#newest
    for (const follower of this.#followers) {
      follower.feed.wake()
      told = Math.min(told, follower.told ?? this.#ticked)
    }
    // What everybody has been told of is kept no longer.
    for (const [user, number] of this.#changed) {
      if (number > told) break
      this.#changed.delete(user)
    }
  }
}
