// What concerns the whole server: what stands in its stream, resumable, and people who come and go, who are told of live only.

import type { DateTime, UserId } from '../domain/ids.ts'
import type { LogFollower, LogListener } from '../eventstore/follower.ts'
import type { Delivery, EventStore, Position } from '../eventstore/port.ts'
import { anchorOf, decodeServerCursor, encodeServerCursor, type FeedPlace } from './cursor.ts'
import type { OnlinePeople, PresenceChange } from './presence/online.ts'
import { newestPlace, stillThere } from './streamReading.ts'

/** Somebody came or went. The names are those of the API. */
export interface Coming {
  readonly type: 'UserConnected' | 'UserDisconnected'
  readonly userId: UserId
  /** How many people are there after it. */
  readonly onlineCount: number
  readonly occurredAt: DateTime
  /** Where the feed stands once this is received. */
  readonly cursor: string
}

export interface ServerFrame {
  readonly events: readonly Coming[]
  /** Where the feed stands after this frame. */
  readonly cursor: string
  /** False while more is known to follow at once. */
  readonly caughtUp: boolean
  readonly reset?: { readonly reason: 'LOG_REPLACED' }
  /** What the read models must hold to show these events. */
  readonly atLeast?: Position
}

interface ServerFeedsOptions {
  readonly store: EventStore
  readonly follower: Pick<LogFollower, 'handled'>
  readonly online: OnlinePeople
}

const stream = 'server'
/** Events of the stream that are read at once. */
const pageEvents = 250
/** Comings and goings that are kept for readers who are nearly there. Whoever is slower misses the older ones. */
const keptComings = 300

type LateComing = Omit<Coming, 'cursor'> & { readonly position: Position }

export class ServerFeeds implements LogListener {
  readonly #options: ServerFeedsOptions
  readonly #feeds = new Set<ServerFeed>()
  /** The newest ones, numbered one after the other. */
  #comings: LateComing[] = []
  /** Number of the next one. */
  #next = 0
  #waking: NodeJS.Immediate | undefined

  constructor(options: ServerFeedsOptions) {
    this.#options = options
    options.online.onChange((change) => this.#changed(change))
  }

  /**
   * From now on, or from a cursor.
   * @param types names of the events that are wanted; all where it is left out
   * @throws GraphQLError BAD_INPUT for a cursor that is damaged or of another feed
   */
  async feed(after: string | null | undefined, types: readonly string[] | null | undefined): Promise<ServerFeed> {
    const { store, follower } = this.#options
    const asked = after == null ? undefined : decodeServerCursor(after)
    // Noted before anything is read: who comes meanwhile is told of.
    const from = this.#next
    const there = asked !== undefined && (await stillThere(store, stream, asked))
    const place = there ? asked : await newestPlace(store, stream, follower.handled)
    const feed = new ServerFeed({
      feeds: this,
      store,
      handled: () => follower.handled,
      place,
      from,
      reset: asked !== undefined && !there,
      types: types == null ? undefined : new Set(types),
      onClose: () => void this.#feeds.delete(feed),
    })
    this.#feeds.add(feed)
    return feed
  }

  /** What came from this number on, as far as it is kept, and the number after it. */
  since(number: number): { readonly comings: readonly LateComing[]; readonly next: number } {
    const kept = this.#next - number
    return { comings: kept <= 0 ? [] : this.#comings.slice(-kept), next: this.#next }
  }

  deliver({ events }: Delivery): void {
    if (this.#feeds.size === 0 || !events.some((event) => event.stream === stream)) return
    for (const feed of this.#feeds) feed.moreInStream()
    this.#wakeSoon()
  }

  #changed({ userId, before, after, onlineCount, occurredAt, position }: PresenceChange): void {
    if ((before === 'OFFLINE') === (after === 'OFFLINE')) return
    const type = before === 'OFFLINE' ? 'UserConnected' : 'UserDisconnected'
    this.#comings.push({ type, userId, onlineCount, occurredAt, position })
    this.#next++
    // In steps, since each one moves the rest.
    if (this.#comings.length >= 2 * keptComings) this.#comings = this.#comings.slice(-keptComings)
    if (this.#feeds.size > 0) this.#wakeSoon()
  }

  /** Frames are made after this turn: what comes together goes out together. */
  #wakeSoon(): void {
    this.#waking ??= setImmediate(() => {
      this.#waking = undefined
      for (const feed of this.#feeds) feed.wake()
    })
  }
}

interface ServerFeedOptions {
  readonly feeds: Pick<ServerFeeds, 'since'>
  readonly store: EventStore
  readonly handled: () => Position
  /** What has been received of the stream. */
  readonly place: FeedPlace
  /** Number of the first coming that has not been received. */
  readonly from: number
  readonly reset: boolean
  readonly types: ReadonlySet<string> | undefined
  readonly onClose: () => void
}

const over: IteratorReturnResult<undefined> = { done: true, value: undefined }

/** One reader's way through it. It is pulled, and queues nothing. */
export class ServerFeed implements AsyncIterableIterator<ServerFrame, undefined> {
  readonly #options: ServerFeedOptions
  #place: FeedPlace
  #seen: number
  #first = true
  /** A frame has said that the replay is over. */
  #caughtUp = false
  /** Whether the stream may hold something that has not been read. */
  #behind = true
  #closed = false
  #news: (() => void) | undefined

  constructor(options: ServerFeedOptions) {
    this.#options = options
    this.#place = options.place
    this.#seen = options.from
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  wake(): void {
    const news = this.#news
    this.#news = undefined
    news?.()
  }

  /** The stream has gone on. */
  moreInStream(): void {
    this.#behind = true
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#options.onClose()
    this.wake()
  }

  async next(): Promise<IteratorResult<ServerFrame, undefined>> {
    while (!this.#closed) {
      const news = new Promise<void>((resolve) => {
        // Set before anything is read: what comes during the read wakes it.
        this.#news = resolve
      })
      const more = this.#behind && (await this.#read())
      if (this.#closed) break
      const comings = more ? [] : this.#comings()
      if (comings.length > 0 || !(more || this.#caughtUp)) return { done: false, value: this.#frame(comings, more) }
      if (!more) await news
    }
    return over
  }

  return(): Promise<IteratorReturnResult<undefined>> {
    this.close()
    return Promise.resolve(over)
  }

  /**
   * Goes on in the stream by one page. Nothing that this version knows is written there; what a newer one has written is passed
   * over, and the cursor moves past it.
   * @returns whether there is more
   */
  async #read(): Promise<boolean> {
    const { store, handled } = this.#options
    this.#behind = false
    const from = this.#place.revision + 1
    for await (const page of store.readStream(stream, { from, limit: pageEvents, pageSize: pageEvents })) {
      for (const { position, revision, id } of page) {
        // What the node has not handled yet may stand after the end of a session. It is delivered later.
        if (position > handled()) return false
        this.#place = { revision, anchor: anchorOf(id) }
      }
      if (page.length === pageEvents) this.#behind = true
    }
    return this.#behind
  }

  #comings(): readonly LateComing[] {
    const { feeds, types } = this.#options
    const { comings, next } = feeds.since(this.#seen)
    this.#seen = next
    return types ? comings.filter(({ type }) => types.has(type)) : comings
  }

  #frame(comings: readonly LateComing[], more: boolean): ServerFrame {
    const cursor = encodeServerCursor(this.#place)
    const reset = this.#first && this.#options.reset
    const last = comings.at(-1)
    this.#first = false
    this.#caughtUp ||= !more
    return {
      events: comings.map(({ position: _position, ...coming }) => ({ ...coming, cursor })),
      cursor,
      caughtUp: !more,
      ...(reset ? { reset: { reason: 'LOG_REPLACED' } } : undefined),
      ...(last ? { atLeast: last.position } : undefined),
    }
  }
}
