// What a node keeps of a conversation that somebody follows: who may read it, and its newest events.

import { conversations } from '../commands/aggregate.ts'
import { fold, type StreamState } from '../commands/streamState.ts'
import { mayRead, visibleFrom } from '../domain/access.ts'
import type { Conversation } from '../domain/conversation.ts'
import type { MessageEvent } from '../domain/events.ts'
import type { ConversationId, UserId } from '../domain/ids.ts'
import { conversationOf } from '../domain/streams.ts'
import type { RecordedEvent } from '../eventstore/port.ts'
import { Audience, type Listener, type Outlet } from './audience.ts'
import { type FeedEvent, feedEvent, weightOf } from './event.ts'
import { Ring } from './ring.ts'
import type { Rings } from './rings.ts'

/** Events kept for those who are nearly there, at most. Older ones are read from the log. */
const keptEvents = 512
const keptBytes = 1_048_576
/** Groups of which is kept what they were shown, at most. */
const keptRings = 512

export interface Follower {
  readonly user: UserId
  /** Called when there is something to pull. */
  wake(): void
  /**
   * The follower may read up to this revision, and nothing after it.
   * @param seenFrom the first revision that they saw when it ended
   */
  endAt(revision: number, seenFrom: number): void
}

/** What somebody may see of a conversation, until anything about its members or settings changes. */
export interface Sight {
  readonly readers: number
  /** The first revision that they see; undefined where they may not read. */
  readonly from: number | undefined
}

export const shows = ({ from }: Sight, earliest: number): boolean => from !== undefined && from <= earliest

export class Channel {
  readonly stream: string
  readonly #followers = new Set<Follower>()
  readonly #audiences = new Map<string, Audience>()
  /** By group. */
  readonly #kept = new Map<string, Ring>()
  readonly #rings: Rings
  /** Undefined until the state has been read; what comes meanwhile waits in `#early`. */
  #state: StreamState<Conversation> | undefined
  #early: RecordedEvent[] = []
  /** The newest events, with consecutive revisions. */
  #recent: FeedEvent[] = []
  #bytes = 0
  readonly #conversationId: ConversationId
  #head = -1
  /** Another one whenever somebody may read otherwise. */
  #readers = 0
  /** What was last asked for. */
  #slice: { readonly from: number; readonly events: readonly FeedEvent[] } | undefined

  constructor(stream: string, rings: Rings) {
    const conversationId = conversationOf(stream)
    if (conversationId === undefined) throw new Error(`${stream} is no conversation's stream.`)
    this.#conversationId = conversationId
    this.stream = stream
    this.#rings = rings
  }

  /** Takes the stream's state, read after this channel began to hear of the stream: nothing lies between the two. */
  open(state: StreamState<Conversation>): void {
    this.#state = state
    this.#readers++
    this.#head = Math.max(this.#head, state.revision)
    for (const stored of this.#early) this.#fold(stored)
    this.#early = []
  }

  get conversationId(): ConversationId {
    return this.#conversationId
  }

  /** Revision of the newest event known of; −1 before the first. */
  get head(): number {
    return this.#head
  }

  mayRead(user: UserId): boolean {
    return this.#state !== undefined && mayRead(this.#state.state, user)
  }

  /** The first revision that somebody who may read sees. */
  visibleFrom(user: UserId): number {
    return this.#state?.state.status === 'exists' ? visibleFrom(this.#state.state, user) : Number.POSITIVE_INFINITY
  }

  /** Whether somebody who saw it from a revision on sees as much of it now: whoever came back may see less. */
  stillShows(user: UserId, from: number): boolean {
    return this.mayRead(user) && this.visibleFrom(user) <= from
  }

  /** The same as `stillShows`, for those who ask often. @param known what was answered before */
  sightOf(user: UserId, known: Sight | undefined): Sight {
    if (known?.readers === this.#readers) return known
    return { readers: this.#readers, from: this.mayRead(user) ? this.visibleFrom(user) : undefined }
  }

  /** Who is in it now, and as what; nobody until the state has been read. */
  get members(): { readonly size: number; has(user: UserId): boolean; keys(): Iterable<UserId> } {
    return this.#state?.state.status === 'exists' ? this.#state.state.members : nobody
  }

  add(follower: Follower): void {
    this.#followers.add(follower)
  }

  remove(follower: Follower): void {
    this.#followers.delete(follower)
  }

  /** The stream's next event, as the node's subscription brings it. */
  push(stored: RecordedEvent): void {
    const event = feedEvent(stored, true)
    this.#head = Math.max(this.#head, stored.revision)
    this.#keep(event)
    for (const ring of this.#kept.values()) ring.told(event)
    this.#fold(stored)
  }

  /** Tells all followers that there is something new. */
  wake(): void {
    for (const audience of this.#audiences.values()) void audience.ring()
    for (const follower of this.#followers) follower.wake()
  }

  /** Those of its followers who get the same frames; made for the first of them, and gone with the last. */
  audience(outlet: Outlet): Audience {
    const { group, make } = outlet
    const known = this.#audiences.get(group)
    if (known) return known
    const audience = new Audience(this, make, this.ring(outlet))
    this.#audiences.set(group, audience)
    return audience
  }

  leave(listener: Listener, group: string): void {
    const audience = this.#audiences.get(group)
    audience?.remove(listener)
    if (audience?.size === 0) this.#audiences.delete(group)
  }

  /** What a group was shown. */
  ring({ group, lasting }: Pick<Outlet, 'group' | 'lasting'>): Ring {
    const known = this.#kept.get(group)
    if (known) return known
    const ring = new Ring(this.#rings, { lasting })
    this.#kept.set(group, ring)
    const [oldest] = this.#kept
    if (this.#kept.size > keptRings && oldest) {
      oldest[1].close()
      this.#kept.delete(oldest[0])
    }
    return ring
  }

  /** Nobody follows it any more, and none of what it keeps is kept up to date from now on. */
  close(): void {
    for (const ring of this.#kept.values()) ring.close()
    this.#kept.clear()
  }

  /** By what a kept event is known again. */
  anchorAt(revision: number): string | undefined {
    return this.#recent[revision - (this.#recent[0]?.revision ?? 0)]?.anchor
  }

  /**
   * The kept events from a revision on; undefined where they begin later, so that the log must be read. The very same array for
   * all who ask until one of them changes or another one comes.
   */
  from(revision: number): readonly FeedEvent[] | undefined {
    if (this.#slice?.from === revision) return this.#slice.events
    const first = this.#recent[0]
    if (!first || first.revision > revision) return undefined
    const events = this.#recent.slice(revision - first.revision)
    this.#slice = { from: revision, events }
    return events
  }

  #fold(stored: RecordedEvent): void {
    if (!this.#state) {
      this.#early.push(stored)
      return
    }
    if (stored.revision <= this.#state.revision || isAboutMessage(stored.type)) return
    const { state: before } = this.#state
    this.#state = fold(conversations, this.#state, stored)
    this.#readers++
    if (!endsAccess(stored.type) || before.status !== 'exists') return
    for (const follower of this.#followers)
      if (mayRead(before, follower.user) && !this.mayRead(follower.user))
        follower.endAt(stored.revision, visibleFrom(before, follower.user))
  }

  #keep(event: FeedEvent): void {
    const before = this.#recent.at(-1)
    // After a break in the subscription the same events may come again.
    if (before && event.revision <= before.revision) return
    this.#slice = undefined
    if (before && event.revision !== before.revision + 1) this.#forgetAll()
    if (event.kind === 'shown') this.#supersede(event.event)
    this.#recent.push(event)
    this.#bytes += weightOf(event)
    let drop = 0
    while (this.#recent.length - drop > keptEvents || this.#bytes > keptBytes) {
      const oldest = this.#recent[drop]
      if (!oldest) break
      this.#bytes -= weightOf(oldest)
      drop++
    }
    // In steps, since each one moves the rest.
    if (drop > 0) this.#recent = this.#recent.slice(drop)
  }

  /** What an edit or a deletion is about is from now on read as it is; the kept texts go. */
  #supersede(event: Extract<FeedEvent, { kind: 'shown' }>['event']): void {
    if (event.type !== 'MessageEdited' && event.type !== 'MessageDeleted') return
    const { messageId, subjectRevision } = event.data
    const first = this.#recent[0]?.revision
    if (first === undefined) return
    for (let index = Math.max(0, subjectRevision - first); index < this.#recent.length; index++) {
      const kept = this.#recent[index]
      if (kept?.kind !== 'shown' || !kept.fresh) continue
      const { event: earlier } = kept
      const about =
        earlier.revision === subjectRevision ||
        (earlier.type === 'MessageEdited' && earlier.data.messageId === messageId)
      if (!about) continue
      const { body: _forgotten, ...rest } = earlier
      const bare: FeedEvent = { ...kept, event: rest, fresh: false }
      this.#bytes += weightOf(bare) - weightOf(kept)
      this.#recent[index] = bare
    }
  }

  #forgetAll(): void {
    this.#recent = []
    this.#bytes = 0
  }
}

const nobody: ReadonlyMap<UserId, unknown> = new Map()

const ending: ReadonlySet<string> = new Set(['UserLeft', 'MemberRemoved', 'MemberBanned', 'RoomUpdated'])
const endsAccess = (type: string): boolean => ending.has(type)

const aboutMessages: ReadonlySet<string> = new Set<MessageEvent['type']>([
  'MessageSent',
  'DMSent',
  'MessageEdited',
  'MessageDeleted',
])
/** Messages are most of what happens, and change nothing about who may read: they are not folded. */
const isAboutMessage = (type: string): boolean => aboutMessages.has(type)
