// One follower's way through a conversation. It is pulled: each call of `next` gives the next frame, from the events that the
// channel keeps or from the log, and nothing is queued in between. All that it remembers is how far it has come.

import type { Identity } from '../accounts/sessions.ts'
import type { ConversationId } from '../domain/ids.ts'
import type { EventStore, Position } from '../eventstore/port.ts'
import type { Channel, Follower } from './channel.ts'
import { anchorOf, beforeFirst, encodeCursor, type FeedPlace } from './cursor.ts'
import { type FeedEvent, feedEvent, merged, seenFrom, weightOf } from './event.ts'

/** Events and bytes of a frame, at most; a single larger event is a frame by itself. */
const frameEvents = 250
const frameBytes = 262_144

export interface Frame {
  readonly conversationId: ConversationId
  readonly events: readonly FeedEvent[]
  /** Where the feed stands after this frame. */
  readonly cursor: string
  /** False while more is known to follow at once. */
  readonly caughtUp: boolean
  readonly reset?: { readonly reason: 'LOG_REPLACED' }
  /** Where it is set, frames with the very same object here show the same to everyone, but for `lost`. */
  readonly shared?: object
  /** What the read models must hold to show these events. */
  readonly atLeast?: Position
  /**
   * The conversations that may no longer be shown as they are now, beyond what these events say: asked once the frame has been
   * made, since access may have ended while it was.
   */
  readonly lost?: () => ReadonlySet<ConversationId>
}

/** Reads events of one stream, from a revision on, that the node has handled. */
export async function readFrame(
  store: EventStore,
  stream: string,
  from: number,
  handled: Position,
  limit = frameEvents,
): Promise<{ readonly events: readonly FeedEvent[]; readonly more: boolean }> {
  const events: FeedEvent[] = []
  let bytes = 0
  for await (const page of store.readStream(stream, { from, limit: limit + 1, pageSize: limit + 1 }))
    for (const stored of page) {
      // What the node has not handled yet may stand after the end of somebody's access.
      if (stored.position > handled) return { events, more: false }
      const event = feedEvent(stored, false)
      bytes += weightOf(event)
      if (events.length === limit || (events.length > 0 && bytes > frameBytes)) return { events, more: true }
      events.push(event)
    }
  return { events, more: false }
}

/** The newest event of a stream that the node has handled. */
export async function newestPlace(store: EventStore, stream: string, handled: Position): Promise<FeedPlace> {
  for await (const page of store.readStream(stream, { direction: 'backwards', pageSize: 8 }))
    for (const { position, revision, id } of page) if (position <= handled) return { revision, anchor: anchorOf(id) }
  return beforeFirst
}

/** Whether the log still holds the event that a cursor names. */
export async function stillThere(store: EventStore, stream: string, place: FeedPlace): Promise<boolean> {
  if (place.revision === beforeFirst.revision) return true
  for await (const page of store.readStream(stream, { from: place.revision, limit: 1 }))
    return page[0] !== undefined && page[0].revision === place.revision && anchorOf(page[0].id) === place.anchor
  return false
}

interface FeedOptions {
  readonly conversationId: ConversationId
  readonly channel: Channel
  readonly store: EventStore
  readonly identity: Identity
  readonly handled: () => Position
  readonly now: () => number
  /** What the follower has received. */
  readonly place: FeedPlace
  readonly reset: boolean
  /** Called once, when the feed is over. */
  readonly onClose: (feed: ConversationFeed) => void
}

const none: ReadonlySet<ConversationId> = new Set()

const over: IteratorReturnResult<undefined> = { done: true, value: undefined }

export class ConversationFeed implements AsyncIterableIterator<Frame, undefined>, Follower {
  readonly user: Identity['userId']
  readonly #options: FeedOptions
  #place: FeedPlace
  #first = true
  #closed = false
  /** Revision after which the follower may read nothing. */
  #end = Number.POSITIVE_INFINITY
  #visibleFrom = Number.POSITIVE_INFINITY
  #wake: (() => void) | undefined

  constructor(options: FeedOptions) {
    this.#options = options
    this.user = options.identity.userId
    this.#place = options.place
    this.#visibleFrom = options.channel.visibleFrom(this.user)
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  wake(): void {
    const wake = this.#wake
    this.#wake = undefined
    wake?.()
  }

  endAt(revision: number): void {
    this.#end = Math.min(this.#end, revision)
  }

  /** The session has ended: nothing more is delivered, whatever stands between. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#options.onClose(this)
    this.wake()
  }

  async next(): Promise<IteratorResult<Frame, undefined>> {
    while (!this.#closed) {
      if (this.#place.revision >= this.#end || this.#options.now() >= this.#options.identity.deadline) {
        this.close()
        break
      }
      const waiting = new Promise<void>((resolve) => {
        // Set before anything is read: what comes during the read wakes it.
        this.#wake = resolve
      })
      const read = await this.#read()
      if (this.#closed) break
      if (read.events.length > 0 || this.#first) return { done: false, value: this.#frame(read) }
      await waiting
    }
    return over
  }

  return(): Promise<IteratorReturnResult<undefined>> {
    this.close()
    return Promise.resolve(over)
  }

  async #read(): Promise<Read> {
    const { channel, store, handled } = this.#options
    const from = this.#place.revision + 1
    const recent = channel.from(from)
    const { events, more } = recent ? cut(recent) : await readFrame(store, channel.stream, from, handled())
    // Whoever has just lost access still gets what came before that, as they saw it then.
    if (channel.mayRead(this.user)) this.#visibleFrom = channel.visibleFrom(this.user)
    const allowed = events
      .filter(({ revision }) => revision <= this.#end)
      .map((event) => seenFrom(event, this.#visibleFrom))
    const whole = allowed.length === events.length
    const untouched = whole && allowed.every((event, index) => event === events[index])
    return { events: allowed, more: more && whole, ...(recent && untouched ? { shared: recent } : undefined) }
  }

  #frame({ events, more, shared }: Read): Frame {
    const { conversationId, reset } = this.#options
    const from = this.#visibleFrom
    const last = events.at(-1)
    if (last) this.#place = placeOf(last)
    const first = this.#first
    this.#first = false
    return {
      conversationId,
      events: merged(events),
      cursor: last?.cursor ?? encodeCursor(conversationId, this.#place),
      caughtUp: !more,
      lost: () => (this.#options.channel.stillShows(this.user, from) ? none : new Set([conversationId])),
      ...(first && reset ? { reset: { reason: 'LOG_REPLACED' } } : undefined),
      // Where there is no event the cursor is the follower's own.
      ...(shared && last && !(first && reset) ? { shared } : undefined),
      ...(last ? { atLeast: last.position } : undefined),
    }
  }
}

interface Read {
  readonly events: readonly FeedEvent[]
  readonly more: boolean
  /** What they were taken from, all of them as they are there. */
  readonly shared?: object
}

/** As many as a frame takes. */
function cut(events: readonly FeedEvent[]): { readonly events: readonly FeedEvent[]; readonly more: boolean } {
  let bytes = 0
  for (let index = 0; index < events.length; index++) {
    const event = events[index]
    if (!event) break
    bytes += weightOf(event)
    if (index === frameEvents || (index > 0 && bytes > frameBytes))
      return { events: events.slice(0, index), more: true }
  }
  return { events, more: false }
}

const placeOf = (event: FeedEvent): FeedPlace => ({
  revision: event.kind === 'skipped' ? event.throughRevision : event.revision,
  // A feed in progress never asks for its anchor again; the cursor that the client has holds it.
  anchor: beforeFirst.anchor,
})
