// One follower's way through all of their conversations, merged by position. It is pulled like the feed of one conversation, and
// queues nothing: of each conversation it remembers how far it has come, and that there is something new. While nothing is left to
// pull it is handed what is made for many.

import type { Identity } from '../accounts/sessions.ts'
import { type ConversationId, rawId, type UserId } from '../domain/ids.ts'
import { type EventStore, type Position, type RecordedEvent, start } from '../eventstore/port.ts'
import { type Channel, shows } from './channel.ts'
import type { Channels } from './channels.ts'
import type { FeedEvent } from './event.ts'
import { encodeInboxCursor, type InboxPlace } from './inboxCursor.ts'
import type { InboxHub, InboxListener, InboxOutlet } from './inboxHub.ts'
import { type InboxDetail, type InboxItem, tell, tellOwn } from './inboxItems.ts'
import type { MadeRun } from './inboxRuns.ts'
import { type Attached, InboxStreams, type Part } from './inboxStreams.ts'
import { News, pulled, type Waiter } from './pulling.ts'

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

interface InboxFeedOptions {
  readonly identity: Identity
  readonly detail: InboxDetail
  readonly store: EventStore
  readonly channels: Channels
  readonly handled: () => Position
  readonly now: () => number
  /** Where those meet who are shown the same. */
  readonly hubOf: (detail: InboxDetail, outlet: InboxOutlet) => InboxHub
  /** Called once, when the feed is over. */
  readonly onClose: () => void
}

/** A channel may have kept it since before this viewer came. */
const replayed = (event: FeedEvent): FeedEvent => (event.kind === 'shown' ? { ...event, fresh: false } : event)

const over: IteratorReturnResult<undefined> = { done: true, value: undefined }

export class InboxFeed implements AsyncIterableIterator<InboxFrame, undefined>, InboxListener {
  readonly user: UserId
  readonly #options: InboxFeedOptions
  readonly #streams: InboxStreams
  /** What was gained while the feed was being opened, or is being attached. */
  readonly #attaching = new Map<string, Promise<void>>()
  #place: InboxPlace | undefined
  /** What stands up to here is replayed: it is shown as it is now. */
  #begunAt: Position = start
  #reset: InboxReset | undefined
  #early: { readonly part: Part; readonly position: Position }[] = []
  #first = true
  /** A frame has said that the replay is over. */
  #caughtUp = false
  #closed = false
  readonly #news = new News()
  #outlet: InboxOutlet | undefined
  #hub: InboxHub | undefined
  /** While it takes what is made for many. */
  #listening = false
  /** Until then the reader is to be made nothing. */
  #slow: Promise<void> | undefined

  constructor(options: InboxFeedOptions) {
    const { identity, store, channels } = options
    this.#options = options
    this.user = identity.userId
    const onNews = (): boolean => {
      if (!this.#listening) this.#news.ring()
      return !this.#listening
    }
    this.#streams = new InboxStreams({ user: this.user, store, channels, onNews })
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  /** Takes up where the viewer stands; what has been gained since the feed was made is added. */
  async begin(place: InboxPlace, reset: InboxReset | undefined, parts: readonly Part[]): Promise<void> {
    this.#begunAt = this.#options.handled()
    await Promise.all(parts.map((part) => this.#attach(part)))
    this.#place = place
    this.#reset = reset
    this.#streams.ownNews(`invitations-${rawId(this.user)}`)
    const early = this.#early
    this.#early = []
    // What stands before the place is in the parts already.
    for (const { part, position } of early) if (position > place.position) this.gained(part, position)
  }

  /** The viewer has become a member of a conversation by the event at `next`, which stands at this position. */
  gained(part: Part, position: Position): void {
    if (this.#closed || this.#streams.at(part.stream) || this.#attaching.has(part.stream)) return
    if (!this.#place) {
      this.#early.push({ part, position })
      return
    }
    const attaching = this.#attach(part)
      // The node is behind its log: the feed ends, and is taken up again from its cursor.
      .catch(() => this.close())
      .finally(() => this.#attaching.delete(part.stream))
    this.#attaching.set(part.stream, attaching)
    this.leave()
  }

  /** Something new stands in a stream of the viewer's own. */
  ownNews(stream: string): void {
    this.#streams.ownNews(stream)
    this.leave()
  }

  /** Where nothing is left to catch up with, frames come this way and `next` waits. */
  goLive(outlet: InboxOutlet): void {
    if (this.#closed) return
    this.#outlet = outlet
    this.#hub = this.#options.hubOf(this.#options.detail, outlet)
    this.#hub.enter(this, outlet)
    for (const { channel } of this.#streams.conversations) this.#hub.hold(channel, this)
  }

  take(run: MadeRun): void {
    const attached = this.#streams.at(run.stream)
    // It may have received this in its own way.
    if (!this.#listening || !attached || attached.next > run.through) return
    if (this.#mayTake(run, attached)) {
      attached.next = run.through + 1
      attached.visibleFrom = attached.sight?.from ?? attached.visibleFrom
      this.#place = run.place
      const slow = run.made && this.#outlet?.deliver(run.made)
      if (!slow) return
      this.#slow = slow
    }
    this.leave()
  }

  leave(): void {
    if (this.#listening) {
      this.#listening = false
      this.#streams.lookAll()
    }
    this.#news.ring()
  }

  /** Nothing more is delivered. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#listening = false
    this.#letGo(this.#streams.dropAll())
    this.#hub?.exit(this)
    this.#options.onClose()
    this.#news.ring()
  }

  return(): Promise<IteratorReturnResult<undefined>> {
    this.close()
    return Promise.resolve(over)
  }

  async next(): Promise<IteratorResult<InboxFrame, undefined>> {
    return await pulled((waiter) => this.pull(waiter))
  }

  /** As `next`, but undefined where there is nothing now: then the waiter is told once, when there may be. While it waits nothing is kept for it. */
  async pull(waiter: Waiter): Promise<IteratorResult<InboxFrame, undefined> | undefined> {
    while (!this.#closed) {
      if (this.#options.now() >= this.#options.identity.deadline) {
        this.close()
        break
      }
      this.#news.look()
      await this.#slow
      this.#slow = undefined
      this.#letGo(this.#streams.dropLeft())
      while (this.#attaching.size > 0) await Promise.all(this.#attaching.values())
      const frame = this.#place && !this.#closed ? await this.#take(this.#place) : undefined
      if (this.#closed) break
      if (frame) return { done: false, value: frame }
      this.#streams.hear()
      if (this.#news.come || this.#streams.hasNews || this.#attaching.size > 0) continue
      this.#listening = this.#outlet !== undefined && this.#caughtUp
      this.#news.tell(waiter)
      return undefined
    }
    return over
  }

  async #attach(part: Part): Promise<void> {
    const attached = await this.#streams.attach(part, () => this.#closed)
    // It may have been closed since.
    if (attached && !this.#closed) this.#hub?.hold(attached.channel, this)
  }

  #letGo(conversations: readonly Attached[]): void {
    for (const { channel } of conversations) this.#hub?.letGo(channel.stream, this)
  }

  /** Whether it follows on what was received, and nothing in it is for others only, now that it has been made. */
  #mayTake({ from, about, earliest }: MadeRun, attached: Attached): boolean {
    const { now, identity } = this.#options
    if (attached.next !== from || !attached.member || about.has(this.user) || now() >= identity.deadline) return false
    attached.sight = attached.channel.sightOf(this.user, attached.sight)
    return shows(attached.sight, earliest)
  }

  async #take(place: InboxPlace): Promise<InboxFrame | undefined> {
    // Nothing beyond what the node has handled: it might stand after the end of somebody's access.
    const handled = this.#options.handled()
    const { events, more } = await this.#streams.gather(place, handled)
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
      const live = position > this.#begunAt ? (event as FeedEvent) : replayed(event as FeedEvent)
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
}
