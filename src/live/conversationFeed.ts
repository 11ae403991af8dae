// One follower's way through a conversation. It is pulled: each call of `next` gives the next frame, from the events that the
// channel keeps or from the log, and nothing is queued in between. All that it remembers is how far it has come.

import type { Identity } from '../accounts/sessions.ts'
import type { ConversationId } from '../domain/ids.ts'
import type { EventStore, Position } from '../eventstore/port.ts'
import type { Listener, LiveFrame, Outlet } from './audience.ts'
import { type Channel, type Follower, type Sight, shows } from './channel.ts'
import { beforeFirst, encodeCursor, type FeedPlace } from './cursor.ts'
import { type FeedEvent, merged, seenFrom } from './event.ts'
import { cut, type Frame } from './frame.ts'
import { News, pulled, type Waiter } from './pulling.ts'
import type { Replays } from './replays.ts'
import { readFrame } from './streamReading.ts'

interface FeedOptions {
  readonly conversationId: ConversationId
  readonly channel: Channel
  readonly store: EventStore
  readonly replays: Replays
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

export class ConversationFeed implements AsyncIterableIterator<Frame, undefined>, Follower, Listener {
  readonly user: Identity['userId']
  readonly #options: FeedOptions
  #place: FeedPlace
  #first = true
  #closed = false
  /** Revision after which the follower may read nothing. */
  #end = Number.POSITIVE_INFINITY
  #visibleFrom = Number.POSITIVE_INFINITY
  readonly #news = new News()
  #outlet: Outlet | undefined
  /** While it gets what is made for many. */
  #listening = false
  #sight: Sight | undefined
  /** Until then the reader is to be made nothing. */
  #slow: Promise<void> | undefined

  constructor(options: FeedOptions) {
    this.#options = options
    this.user = options.identity.userId
    this.#place = options.place
    this.#visibleFrom = options.channel.visibleFrom(this.user)
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  /** Where nothing is left to catch up with, frames come this way and `next` waits. */
  goLive(outlet: Outlet): void {
    this.#outlet = outlet
  }

  wake(): void {
    if (!this.#listening) this.#news.ring()
  }

  endAt(revision: number, seenFrom: number): void {
    // It stays over for whoever comes back before this has been read.
    if (this.#end !== Number.POSITIVE_INFINITY) return
    this.#end = revision
    this.#visibleFrom = seenFrom
    this.#stopListening()
  }

  take(frame: LiveFrame): void {
    // It has left meanwhile, or had received this before it began to listen.
    if (!this.#listening || this.#place.revision >= frame.through) return
    if (this.#mayTake(frame)) {
      this.#place = placeAt(frame.through)
      const slow = this.#outlet?.deliver(frame.made)
      if (!slow) return
      this.#slow = slow
    }
    this.leave()
  }

  leave(): void {
    this.#stopListening()
    this.#news.ring()
  }

  /** The session has ended: nothing more is delivered, whatever stands between. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#stopListening()
    this.#options.onClose(this)
    this.#news.ring()
  }

  async next(): Promise<IteratorResult<Frame, undefined>> {
    return await pulled((waiter) => this.pull(waiter))
  }

  /** As `next`, but undefined where there is nothing now: then the waiter is told once, when there may be. While it waits nothing is kept for it. */
  async pull(waiter: Waiter): Promise<IteratorResult<Frame, undefined> | undefined> {
    while (!this.#closed) {
      if (this.#place.revision >= this.#end || this.#options.now() >= this.#options.identity.deadline) {
        this.close()
        break
      }
      this.#news.look()
      await this.#slow
      this.#slow = undefined
      if (this.#closed) break
      const shared = await this.#shared()
      if (this.#closed) break
      if (shared) return { done: false, value: shared }
      const read = await this.#read()
      if (this.#closed) break
      if (read.events.length > 0 || this.#first) return { done: false, value: this.#frame(read) }
      if (this.#news.come) continue
      this.#listen()
      this.#news.tell(waiter)
      return undefined
    }
    return over
  }

  return(): Promise<IteratorReturnResult<undefined>> {
    this.close()
    return Promise.resolve(over)
  }

  /** From the place where nothing is left to pull. */
  #listen(): void {
    const { channel } = this.#options
    const { revision } = this.#place
    if (!this.#outlet || channel.head !== revision || this.#end !== Number.POSITIVE_INFINITY) return
    channel.audience(this.#outlet).add(this, revision + 1)
    this.#listening = true
  }

  #stopListening(): void {
    if (!this.#listening || !this.#outlet) return
    this.#listening = false
    this.#options.channel.leave(this, this.#outlet.group)
  }

  /** Whether it follows on what was received, and nothing in it is hidden from this follower, now that it has been made. */
  #mayTake({ from, earliest }: LiveFrame): boolean {
    const { channel, now, identity } = this.#options
    if (this.#place.revision + 1 !== from || now() >= identity.deadline) return false
    this.#sight = channel.sightOf(this.user, this.#sight)
    return shows(this.#sight, earliest)
  }

  /** What is made for all who go on from here; undefined where there is nothing of that kind for this one. */
  async #shared(): Promise<Frame | undefined> {
    const { channel, conversationId, replays, reset } = this.#options
    const outlet = this.#outlet
    if (!outlet || (this.#first && reset) || !this.#sees(this.#place.revision + 1)) return undefined
    if (this.#place.revision >= channel.head) {
      if (!this.#first) return undefined
      const cursor = encodeCursor(conversationId, this.#place)
      const made = await replays.empty({ channel, outlet }, cursor)
      if (!made || !this.#sees(this.#place.revision + 1)) return undefined
      this.#first = false
      return { conversationId, events: [], cursor, caughtUp: true, made }
    }
    const page = await replays.page({ channel, outlet, from: this.#place.revision + 1 })
    // Access may have ended while it was made.
    if (!page || !this.#sees(page.earliest)) return undefined
    this.#place = placeAt(page.through)
    this.#first = false
    const { made, cursor, caughtUp } = page
    return { conversationId, events: [], cursor, caughtUp, made }
  }

  /** Whether nothing is hidden from this follower now that tells of this revision or of later ones. */
  #sees(earliest: number): boolean {
    const { channel, now, identity } = this.#options
    const goesOn = this.#end === Number.POSITIVE_INFINITY && now() < identity.deadline
    return goesOn && channel.stillShows(this.user, earliest)
  }

  async #read(): Promise<Read> {
    const { channel, store, handled } = this.#options
    const from = this.#place.revision + 1
    if (from > channel.head) return { events: [], more: false }
    const recent = channel.from(from)
    const { events, more } = recent ? cut(recent) : await readFrame(store, channel.stream, from, handled())
    // Whoever has just lost access still gets what came before that, as they saw it then.
    if (channel.mayRead(this.user)) this.#visibleFrom = channel.visibleFrom(this.user)
    const allowed = events
      .filter(({ revision }) => revision <= this.#end)
      .map((event) => seenFrom(event, this.#visibleFrom))
    const whole = allowed.length === events.length
    return { events: allowed, more: more && whole }
  }

  #frame({ events, more }: Read): Frame {
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
      ...(last ? { atLeast: last.position } : undefined),
    }
  }
}

interface Read {
  readonly events: readonly FeedEvent[]
  readonly more: boolean
}

const placeOf = (event: FeedEvent): FeedPlace =>
  placeAt(event.kind === 'skipped' ? event.throughRevision : event.revision)

// A feed in progress never asks for its anchor again; the cursor that the client has holds it.
const placeAt = (revision: number): FeedPlace => ({ revision, anchor: beforeFirst.anchor })
