// Feeds: who listens to what. It is told of every event by the node's one subscription to the log, and passes each on to those
// who follow its conversation.

import { GraphQLError } from 'graphql'
import type { UserDocument } from '../../projections/users.ts'
import type { Identity } from '../accounts/sessions.ts'
import type { SessionWatch } from '../accounts/sessionWatch.ts'
import { conversations } from '../commands/aggregate.ts'
import type { Snapshots } from '../commands/streamState.ts'
import { mayRead, visibleFrom } from '../domain/access.ts'
import { type ConversationId, parseId, type UserId } from '../domain/ids.ts'
import { conversationStream } from '../domain/streams.ts'
import type { LogFollower, LogListener } from '../eventstore/follower.ts'
import type { Delivery, EventStore } from '../eventstore/port.ts'
import { Channel } from './channel.ts'
import { ConversationFeed, type Frame, newestPlace, readFrame, stillThere } from './conversationFeed.ts'
import { beforeFirst, decodeCursor, encodeCursor, type FeedPlace } from './cursor.ts'
import { merged, seenFrom } from './event.ts'
import { personFromLog } from './person.ts'

interface LiveOptions {
  readonly store: EventStore
  readonly snapshots: Snapshots
  readonly follower: Pick<LogFollower, 'handled' | 'reached'>
  readonly watch: SessionWatch
  /** ms since 1970. */
  readonly now: () => number
}

/** A channel with those who use it, or are about to. */
interface Shared {
  readonly channel: Channel
  readonly opened: Promise<void>
  users: number
}

/** Who may read a conversation, and who is in it, for as long as somebody wants to know. */
export interface Readers extends Disposable {
  readonly conversationId: ConversationId
  readonly memberCount: number
  isMember(user: UserId): boolean
  members(): Iterable<UserId>
}

/** How long a new feed waits for the node to have handled what the log held when it asked, in ms. */
const patienceMs = 5_000

export class Live implements LogListener {
  readonly #options: LiveOptions
  readonly #channels = new Map<string, Shared>()
  /** Channels with events that their followers have not been told of. */
  readonly #news = new Set<Channel>()
  #waking: NodeJS.Immediate | undefined
  #feeds = 0

  constructor(options: LiveOptions) {
    this.#options = options
  }

  /** Feeds that are open. */
  get feeds(): number {
    return this.#feeds
  }

  deliver({ events }: Delivery): void {
    if (this.#channels.size === 0) return
    for (const event of events) {
      const channel = this.#channels.get(event.stream)?.channel
      if (!channel) continue
      channel.push(event)
      this.#news.add(channel)
    }
    // Frames are made after this turn: whoever sent these events hears first that they are stored, and what comes
    // together goes out together.
    if (this.#news.size > 0) this.#waking ??= setImmediate(() => this.#wake())
  }

  /**
   * Every durable change of a conversation: after `after`, or from now on.
   * @throws GraphQLError NOT_FOUND where the viewer may not read it; BAD_INPUT for a cursor that is damaged or of another feed
   */
  async conversationFeed(
    identity: Identity,
    conversation: string,
    after: string | null | undefined,
  ): Promise<ConversationFeed> {
    const conversationId = conversationIdOf(conversation)
    const asked = after == null ? undefined : decodeCursor(conversationId, after)
    const { store, follower, watch, now } = this.#options
    const stream = conversationStream(conversationId)
    const channel = await this.#acquire(stream)
    if (!channel.mayRead(identity.userId)) {
      this.#release(stream)
      throw notFound()
    }
    const { place, reset } = await this.#begin(stream, asked).catch((error) => {
      this.#release(stream)
      throw error
    })
    let watching: Disposable | undefined
    const feed = new ConversationFeed({
      conversationId,
      channel,
      store,
      identity,
      handled: () => follower.handled,
      now,
      place,
      reset,
      onClose: (closed) => {
        this.#feeds--
        channel.remove(closed)
        watching?.[Symbol.dispose]()
        this.#release(stream)
      },
    })
    this.#feeds++
    channel.add(feed)
    watching = watch.watch(identity, () => feed.close())
    // Both may have ended while the feed was made.
    if (!channel.mayRead(identity.userId) || watch.hasEnded(identity)) {
      feed.close()
      throw notFound()
    }
    return feed
  }

  /** The log of a conversation, page by page: the same events and cursors as its feed. @throws GraphQLError as `conversationFeed` */
  async events(
    identity: Identity,
    conversation: ConversationId,
    { after, first }: { readonly after?: string | null | undefined; readonly first: number },
  ): Promise<Frame> {
    const asked = after == null ? beforeFirst : decodeCursor(conversation, after)
    const { store, snapshots, follower } = this.#options
    const stream = conversationStream(conversation)
    const handled = follower.handled
    if (!(await stillThere(store, stream, asked))) {
      const place = await newestPlace(store, stream, handled)
      return {
        conversationId: conversation,
        events: [],
        cursor: encodeCursor(conversation, place),
        caughtUp: true,
        reset: { reason: 'LOG_REPLACED' },
      }
    }
    const { events, more } = await readFrame(store, stream, asked.revision + 1, handled, first)
    // Content first, access last: as the log has it now.
    const { state } = await snapshots.load(conversations, stream)
    if (state.status === 'none' || !mayRead(state, identity.userId)) throw notFound()
    const from = visibleFrom(state, identity.userId)
    const last = events.at(-1)
    return {
      conversationId: conversation,
      events: merged(events.map((event) => seenFrom(event, from))),
      cursor: last?.cursor ?? encodeCursor(conversation, asked),
      caughtUp: !more,
      ...(last ? { atLeast: last.position } : undefined),
    }
  }

  /**
   * For feeds of what does not stand in the log of a conversation. Dispose of it when the feed is over.
   * @param onEnd called, not before this has returned, when the viewer may no longer read the conversation
   * @throws GraphQLError NOT_FOUND where they may not now
   */
  async readers(identity: Identity, conversation: string, onEnd: () => void): Promise<Readers> {
    const conversationId = conversationIdOf(conversation)
    const stream = conversationStream(conversationId)
    const channel = await this.#acquire(stream)
    const follower = { user: identity.userId, wake: () => {}, endAt: onEnd }
    if (!channel.mayRead(identity.userId)) {
      this.#release(stream)
      throw notFound()
    }
    channel.add(follower)
    let held = true
    return {
      conversationId,
      get memberCount() {
        return channel.members.size
      },
      isMember: (user) => channel.members.has(user),
      members: () => channel.members.keys(),
      [Symbol.dispose]: () => {
        if (!held) return
        held = false
        channel.remove(follower)
        this.#release(stream)
      },
    }
  }

  #wake(): void {
    this.#waking = undefined
    const channels = [...this.#news]
    this.#news.clear()
    for (const channel of channels) channel.wake()
  }

  /** Somebody who takes part in what a feed delivers, as the log knows them. */
  async person(id: UserId): Promise<UserDocument | undefined> {
    return await personFromLog(this.#options.store, id)
  }

  async #begin(
    stream: string,
    asked: FeedPlace | undefined,
  ): Promise<{ readonly place: FeedPlace; readonly reset: boolean }> {
    const { store, follower } = this.#options
    if (asked && (await stillThere(store, stream, asked))) return { place: asked, reset: false }
    return { place: await newestPlace(store, stream, follower.handled), reset: asked !== undefined }
  }

  /** The channel of a stream, made when the first one follows it. Each call is paired with one of `#release`. */
  async #acquire(stream: string): Promise<Channel> {
    const known = this.#channels.get(stream)
    const shared = known ?? this.#make(stream)
    shared.users++
    try {
      await shared.opened
      return shared.channel
    } catch (error) {
      this.#release(stream)
      throw error
    }
  }

  #make(stream: string): Shared {
    const channel = new Channel(stream)
    const shared = { channel, opened: this.#open(channel), users: 0 }
    this.#channels.set(stream, shared)
    return shared
  }

  async #open(channel: Channel): Promise<void> {
    const { snapshots, follower } = this.#options
    const state = await snapshots.load(conversations, channel.stream)
    channel.open(state)
    // A feed begins where the node is; what its state knows the node must have handled.
    if (await follower.reached(state.position, patienceMs)) return
    throw new GraphQLError('The server is behind its log. Try again in a moment.', {
      extensions: { code: 'UNAVAILABLE' },
    })
  }

  #release(stream: string): void {
    const shared = this.#channels.get(stream)
    if (!shared) return
    shared.users--
    if (shared.users === 0) this.#channels.delete(stream)
  }
}

const notFound = () =>
  new GraphQLError('There is no such conversation, or you may not see it.', { extensions: { code: 'NOT_FOUND' } })

/** @throws GraphQLError NOT_FOUND */
function conversationIdOf(id: string): ConversationId {
  const parsed = parseId(id)
  if (parsed?.type !== 'room' && parsed?.type !== 'dm') throw notFound()
  return parsed.id
}
