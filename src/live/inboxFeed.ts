// One follower's way through all of their conversations, merged by position. It is pulled like the feed of one conversation, and
// queues nothing: of each conversation it remembers how far it has come, and that there is something new.

import type { Identity } from '../accounts/sessions.ts'
import { type ConversationId, rawId, type UserId } from '../domain/ids.ts'
import type { EventStore, Position, RecordedEvent } from '../eventstore/port.ts'
import type { Channel, Follower } from './channel.ts'
import type { Channels } from './channels.ts'
import { readFrame } from './conversationFeed.ts'
import { type FeedEvent, weightOf } from './event.ts'
import { frameBytes, frameEvents } from './frame.ts'
import { encodeInboxCursor, type InboxPlace } from './inboxCursor.ts'
import { type InboxDetail, type InboxItem, type Standing, tell, tellOwn } from './inboxItems.ts'

export type InboxReset = 'LOG_REPLACED' | 'TOO_FAR'

export interface InboxFrame {
  readonly events: readonly InboxItem[]
  readonly cursor: string
  readonly caughtUp: boolean
  readonly reset?: { readonly reason: InboxReset }
  /** What the read models must hold to show these events. */
  readonly atLeast?: Position
  /** As of the frames of one conversation. */
  readonly lost: () => ReadonlySet<ConversationId>
}

/** Where the viewer stands in one conversation. */
export interface Part {
  readonly stream: string
  /** The first revision that has not been received. */
  readonly next: number
  /** Whether they were in it right before that. */
  readonly member: boolean
}

interface Attached extends Standing {
  readonly follower: Follower
  /** Position of its first event that has not been received, where that was seen. */
  goesOnAt?: Position | undefined
}

interface InboxFeedOptions {
  readonly identity: Identity
  readonly detail: InboxDetail
  readonly store: EventStore
  readonly channels: Channels
  readonly handled: () => Position
  readonly now: () => number
  /** Called once, when the feed is over. */
  readonly onClose: () => void
}

/** One event of one of the merged streams. */
interface Next {
  readonly position: Position
  readonly from: Attached | string
  readonly event: FeedEvent | RecordedEvent
}

/** Events of one conversation that are looked at together at least, where many have something new. */
const fewest = 10

const over: IteratorReturnResult<undefined> = { done: true, value: undefined }

export class InboxFeed implements AsyncIterableIterator<InboxFrame, undefined> {
  readonly user: UserId
  readonly #options: InboxFeedOptions
  readonly #attached = new Map<string, Attached>()
  /** Conversations, and streams of one's own, with something new. */
  readonly #news = new Set<string>()
  readonly #ownNews = new Set<string>()
  /** What was gained while the feed was being opened, or is being attached. */
  readonly #attaching = new Map<string, Promise<void>>()
  #place: InboxPlace | undefined
  #reset: InboxReset | undefined
  #early: { readonly part: Part; readonly position: Position }[] = []
  #first = true
  /** A frame has said that the replay is over. */
  #caughtUp = false
  #closed = false
  #wake: (() => void) | undefined

  constructor(options: InboxFeedOptions) {
    this.#options = options
    this.user = options.identity.userId
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  /** Takes up where the viewer stands; what has been gained since the feed was made is added. */
  async begin(place: InboxPlace, reset: InboxReset | undefined, parts: readonly Part[]): Promise<void> {
    await Promise.all(parts.map((part) => this.#attach(part)))
    this.#place = place
    this.#reset = reset
    this.#ownNews.add(`invitations-${rawId(this.user)}`)
    const early = this.#early
    this.#early = []
    // What stands before the place is in the parts already.
    for (const { part, position } of early) if (position > place.position) this.gained(part, position)
  }

  /** The viewer has become a member of a conversation by the event at `next`, which stands at this position. */
  gained(part: Part, position: Position): void {
    if (this.#closed || this.#attached.has(part.stream) || this.#attaching.has(part.stream)) return
    if (!this.#place) {
      this.#early.push({ part, position })
      return
    }
    const attaching = this.#attach(part)
      // The node is behind its log: the feed ends, and is taken up again from its cursor.
      .catch(() => this.close())
      .finally(() => this.#attaching.delete(part.stream))
    this.#attaching.set(part.stream, attaching)
    this.#ring()
  }

  /** Something new stands in a stream of the viewer's own. */
  ownNews(stream: string): void {
    this.#ownNews.add(stream)
    this.#ring()
  }

  /** Nothing more is delivered. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    for (const attached of this.#attached.values()) this.#letGo(attached)
    this.#attached.clear()
    this.#options.onClose()
    this.#ring()
  }

  return(): Promise<IteratorReturnResult<undefined>> {
    this.close()
    return Promise.resolve(over)
  }

  async next(): Promise<IteratorResult<InboxFrame, undefined>> {
    while (!this.#closed) {
      if (this.#options.now() >= this.#options.identity.deadline) {
        this.close()
        break
      }
      const waiting = new Promise<void>((resolve) => {
        // Set before anything is read: what comes during the read wakes it.
        this.#wake = resolve
      })
      this.#leave()
      while (this.#attaching.size > 0) await Promise.all(this.#attaching.values())
      const frame = this.#place && !this.#closed ? await this.#take(this.#place) : undefined
      if (this.#closed) break
      if (frame) return { done: false, value: frame }
      if (this.#news.size === 0 && this.#ownNews.size === 0) await waiting
    }
    return over
  }

  async #attach({ stream, next, member }: Part): Promise<void> {
    const { channels } = this.#options
    const channel = await channels.acquire(stream)
    if (this.#closed) return channels.release(channel)
    const follower: Follower = {
      user: this.user,
      wake: () => {
        this.#news.add(stream)
        this.#ring()
      },
      // The event that ends a membership is told in its turn, like all others.
      endAt: () => {},
    }
    channel.add(follower)
    this.#attached.set(stream, { channel, follower, next, member, visibleFrom: channel.visibleFrom(this.user) })
    if (channel.head >= next) this.#news.add(stream)
  }

  /**
   * Channels tell their followers on a later turn, while what is the viewer's own is heard at once. What has been handled till now
   * is taken together, or the cursor would stand past what has not been told.
   */
  #hear(): void {
    for (const { stream } of this.#options.channels.news) if (this.#attached.has(stream)) this.#news.add(stream)
  }

  /** Conversations that were left are followed until the frame that says so has been made. */
  #leave(): void {
    // Whoever left may have come back on this very turn.
    this.#hear()
    for (const [stream, attached] of this.#attached) {
      if (attached.member || this.#news.has(stream)) continue
      this.#letGo(attached)
      this.#attached.delete(stream)
    }
  }

  #letGo({ channel, follower }: Attached): void {
    channel.remove(follower)
    this.#options.channels.release(channel)
  }

  #ring(): void {
    const wake = this.#wake
    this.#wake = undefined
    wake?.()
  }

  async #take(place: InboxPlace): Promise<InboxFrame | undefined> {
    // Nothing beyond what the node has handled: it might stand after the end of somebody's access.
    const handled = this.#options.handled()
    const { events, more } = await this.#gather(place, handled)
    if (events.length === 0 && !more && !this.#first && this.#caughtUp) return undefined
    const items: InboxItem[] = []
    /** With the first revision that they see. */
    const touched = new Map<Channel, number>()
    let now = place
    for (const { position, from, event } of events) {
      if (typeof from === 'string') {
        // One of their own streams, whose events came as they are stored.
        now = tellOwn(items, now, event as RecordedEvent)
        continue
      }
      const live = event as FeedEvent
      now = { position, anchor: { position, id: live.anchor } }
      tell(items, from, { ...live, cursor: encodeInboxCursor(now) }, { user: this.user, detail: this.#options.detail })
      touched.set(from.channel, from.visibleFrom)
    }
    this.#place = now
    const reset = this.#first ? this.#reset : undefined
    const first = this.#first
    this.#first = false
    // What is not shown moves the cursor, and is told with the next frame that shows something, or that ends the replay.
    if (items.length === 0 && !first && (more || this.#caughtUp)) return undefined
    this.#caughtUp ||= !more
    return {
      events: items,
      cursor: encodeInboxCursor(now),
      caughtUp: !more,
      ...(reset === undefined ? undefined : { reset: { reason: reset } }),
      ...(events.length === 0 ? undefined : { atLeast: now.position }),
      lost: () => this.#lost(touched),
    }
  }

  #lost(touched: ReadonlyMap<Channel, number>): ReadonlySet<ConversationId> {
    const lost = [...touched].filter(([channel, from]) => !channel.stillShows(this.user, from))
    return new Set(lost.map(([channel]) => channel.conversationId))
  }

  /** What comes next in all streams that have something new, in the order of the log, as much as a frame takes. */
  async #gather(place: InboxPlace, handled: Position): Promise<{ events: readonly Next[]; more: boolean }> {
    this.#hear()
    const { news, until } = this.#nearest()
    const ownNews = [...this.#ownNews]
    this.#ownNews.clear()
    const limit = Math.min(frameEvents, Math.max(fewest, Math.ceil((2 * frameEvents) / Math.max(1, news.length))))
    /** Behind this, a stream that was not read to its end may have more. */
    let bound = handled
    const all: Next[] = []
    const conversationsRead = news.map(async (attached) => {
      const { events, more } = await this.#eventsOf(attached, handled, limit)
      for (const event of events) all.push({ position: event.position, from: attached, event })
      const last = events.at(-1)
      if (more && last && last.position < bound) bound = last.position
      if (more) this.#news.add(attached.channel.stream)
    })
    const ownRead = ownNews.map(async (stream) => {
      const pages = this.#options.store.readStream(stream, { after: place.position, limit: frameEvents })
      const own: RecordedEvent[] = []
      for await (const page of pages) own.push(...page)
      // What comes later rings again when the node handles it.
      for (const event of own)
        if (event.position <= handled) all.push({ position: event.position, from: stream, event })
      const last = own.length === frameEvents ? own.at(-1) : undefined
      if (!last || last.position > handled) return
      if (last.position < bound) bound = last.position
      this.#ownNews.add(stream)
    })
    await Promise.all([...conversationsRead, ...ownRead])
    all.sort((a, b) => (a.position < b.position ? -1 : 1))
    let bytes = 0
    let count = 0
    for (const { position, event } of all) {
      if (position > bound || (until !== undefined && position >= until)) break
      bytes += 'kind' in event ? weightOf(event) : 200
      if (count === frameEvents || (count > 0 && bytes > frameBytes)) break
      count++
    }
    for (const { position, from } of all.slice(count)) {
      if (typeof from === 'string') {
        this.#ownNews.add(from)
        continue
      }
      from.goesOnAt ??= position
      this.#news.add(from.channel.stream)
    }
    return { events: all.slice(0, count), more: count < all.length || bound < handled || until !== undefined }
  }

  /**
   * Takes the conversations that may hold what comes next: those of which it has not been seen where they go on, and of the others
   * as many as a frame has events, the first ones. With thousands that have something new, not all of them are read for each frame.
   * @returns them, and where the first of the rest goes on
   */
  #nearest(): { readonly news: readonly Attached[]; readonly until: Position | undefined } {
    const news: Attached[] = []
    const seen: { readonly attached: Attached; readonly at: Position }[] = []
    for (const stream of this.#news) {
      const attached = this.#attached.get(stream)
      if (attached?.goesOnAt === undefined) {
        if (attached) news.push(attached)
        this.#news.delete(stream)
      } else seen.push({ attached, at: attached.goesOnAt })
    }
    seen.sort((a, b) => (a.at < b.at ? -1 : 1))
    for (const { attached } of seen.slice(0, frameEvents)) {
      news.push(attached)
      attached.goesOnAt = undefined
      this.#news.delete(attached.channel.stream)
    }
    return { news, until: seen[frameEvents]?.at }
  }

  async #eventsOf(
    { channel, next }: Attached,
    handled: Position,
    limit: number,
  ): Promise<{ readonly events: readonly FeedEvent[]; readonly more: boolean }> {
    const recent = channel.from(next)
    if (!recent) return await readFrame(this.#options.store, channel.stream, next, handled, limit)
    const events = recent.filter(({ position }) => position <= handled)
    return { events: events.slice(0, limit), more: events.length > limit }
  }
}
