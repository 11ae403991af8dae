// The streams that one follower's inbox is merged from: how far each has been received, which have something new, and what comes
// next in all of them.

import type { UserId } from '../domain/ids.ts'
import type { EventStore, Position, RecordedEvent } from '../eventstore/port.ts'
import type { Follower } from './channel.ts'
import type { Channels } from './channels.ts'
import { type FeedEvent, weightOf } from './event.ts'
import { frameBytes, frameEvents } from './frame.ts'
import type { InboxPlace } from './inboxCursor.ts'
import type { Standing } from './inboxItems.ts'
import { readFrame } from './streamReading.ts'

/** Where the viewer stands in one conversation. */
export interface Part {
  readonly stream: string
  /** The first revision that has not been received. */
  readonly next: number
  /** Whether they were in it right before that. */
  readonly member: boolean
}

export interface Attached extends Standing {
  readonly follower: Follower
  /** Position of its first event that has not been received, where that was seen. */
  goesOnAt?: Position | undefined
}

/** One event of one of the merged streams. */
interface Next {
  readonly position: Position
  readonly from: Attached | string
  readonly event: FeedEvent | RecordedEvent
}

interface InboxStreamsOptions {
  readonly user: UserId
  readonly store: EventStore
  readonly channels: Channels
  /** Called when a conversation has something new, which is to be taken note of; false where it comes in another way. */
  readonly onNews: () => boolean
}

/** Events of one conversation that are looked at together at least, where many have something new. */
const fewest = 10

export class InboxStreams {
  readonly #options: InboxStreamsOptions
  readonly #attached = new Map<string, Attached>()
  /** Conversations, and streams of one's own, with something new. */
  readonly #news = new Set<string>()
  readonly #ownNews = new Set<string>()
  /** Bytes of an event, as the last ones were: no more are read than a frame takes, about. */
  #weight = 600

  constructor(options: InboxStreamsOptions) {
    this.#options = options
  }

  /** Something has come that was not taken. */
  get hasNews(): boolean {
    return this.#news.size > 0 || this.#ownNews.size > 0
  }

  get conversations(): Iterable<Attached> {
    return this.#attached.values()
  }

  at(stream: string): Attached | undefined {
    return this.#attached.get(stream)
  }

  /** @param isOver asked once the channel is there: then it is let go again. @throws GraphQLError UNAVAILABLE */
  async attach({ stream, next, member }: Part, isOver: () => boolean): Promise<Attached | undefined> {
    const { channels, user, onNews } = this.#options
    const channel = await channels.acquire(stream)
    if (isOver()) {
      channels.release(channel)
      return undefined
    }
    // Each of the two knows the other.
    const follower: Follower = {
      user,
      wake: () => {
        if (channel.head >= attached.next && onNews()) this.#news.add(stream)
      },
      // The event that ends a membership is told in its turn, like all others.
      endAt: (_, seenFrom) => {
        attached.visibleFrom = seenFrom
      },
    }
    const attached: Attached = { channel, follower, next, member, visibleFrom: channel.visibleFrom(user) }
    channel.add(follower)
    this.#attached.set(stream, attached)
    if (channel.head >= next) this.#news.add(stream)
    return attached
  }

  /** Something new stands in a stream of the viewer's own. */
  ownNews(stream: string): void {
    this.#ownNews.add(stream)
  }

  /** Looks for itself what is new. */
  lookAll(): void {
    for (const [stream, { channel, next }] of this.#attached) if (channel.head >= next) this.#news.add(stream)
  }

  /**
   * Channels tell their followers on a later turn, while what is the viewer's own is heard at once. What has been handled till now
   * is taken together, or the cursor would stand past what has not been told.
   */
  hear(): void {
    for (const { stream } of this.#options.channels.news) {
      const attached = this.#attached.get(stream)
      if (attached && attached.channel.head >= attached.next) this.#news.add(stream)
    }
  }

  /** Conversations that were left are followed until the frame that says so has been made. @returns those that are let go now */
  dropLeft(): readonly Attached[] {
    // Whoever left may have come back on this very turn.
    this.hear()
    const left = [...this.#attached.values()].filter(
      ({ member, channel }) => !member && !this.#news.has(channel.stream),
    )
    for (const attached of left) this.#letGo(attached)
    return left
  }

  /** @returns those that were followed till now */
  dropAll(): readonly Attached[] {
    const all = [...this.#attached.values()]
    for (const attached of all) this.#letGo(attached)
    return all
  }

  #letGo({ channel, follower }: Attached): void {
    channel.remove(follower)
    this.#options.channels.release(channel)
    this.#attached.delete(channel.stream)
  }

  /** What comes next in all streams that have something new, in the order of the log, as much as a frame takes. */
  async gather(place: InboxPlace, handled: Position): Promise<{ events: readonly Next[]; more: boolean }> {
    this.hear()
    const { news, until } = this.#nearest()
    const ownNews = [...this.#ownNews]
    this.#ownNews.clear()
    const wanted = (2 * Math.min(frameEvents, frameBytes / this.#weight)) / Math.max(1, news.length)
    const limit = Math.min(frameEvents, Math.max(fewest, Math.ceil(wanted)))
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
    if (all.length > 0) this.#weight = all.reduce((sum, { event }) => sum + weigh(event), 0) / all.length
    let bytes = 0
    let count = 0
    for (const { position, event } of all) {
      if (position > bound || (until !== undefined && position >= until)) break
      bytes += weigh(event)
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

const weigh = (event: Next['event']): number => ('kind' in event ? weightOf(event) : 200)
