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
import type { Delivery, EventStore, Position } from '../eventstore/port.ts'
import type { ReadModels } from '../projecting/readModels.ts'
import type { Channel } from './channel.ts'
import { Channels } from './channels.ts'
import { ConversationFeed } from './conversationFeed.ts'
import { beforeFirst, decodeCursor, encodeCursor, type FeedPlace } from './cursor.ts'
import { merged, seenFrom } from './event.ts'
import type { Frame } from './frame.ts'
import { encodeInboxCursor } from './inboxCursor.ts'
import { anchoredAt, Inboxes } from './inboxes.ts'
import type { InboxFeed } from './inboxFeed.ts'
import type { InboxDetail } from './inboxItems.ts'
import { personFromLog } from './person.ts'
import { Replays } from './replays.ts'
import { Rings } from './rings.ts'
import { newestPlace, readFrame, stillThere } from './streamReading.ts'

interface LiveOptions {
  readonly models: ReadModels
  readonly store: EventStore
  readonly snapshots: Snapshots
  readonly follower: Pick<LogFollower, 'handled' | 'reached'>
  readonly watch: SessionWatch
  /** ms since 1970. */
  readonly now: () => number
}

/** Who may read a conversation, and who is in it, for as long as somebody wants to know. */
export interface Readers extends Disposable {
  readonly conversationId: ConversationId
  readonly memberCount: number
  isMember(user: UserId): boolean
  members(): Iterable<UserId>
}

export class Live implements LogListener {
  readonly #options: LiveOptions
  readonly #rings: Rings
  readonly #replays: Replays
  readonly #channels: Channels
  readonly #inboxes: Inboxes
  readonly #handled: () => Position
  #feeds = 0

  constructor(options: LiveOptions) {
    this.#options = options
    const { models, store, snapshots, follower } = options
    this.#rings = new Rings(() => models.checkpoint)
    this.#handled = () => follower.handled
    this.#replays = new Replays({
      store,
      handled: this.#handled,
      // As long as a read waits.
      readable: (position) => models.waitFor(position, { timeoutMs: 2_000 }),
    })
    this.#channels = new Channels({ snapshots, follower, rings: this.#rings })
    this.#inboxes = new Inboxes({ ...options, channels: this.#channels })
  }

  /** Feeds that are open. */
  get feeds(): number {
    return this.#feeds
  }

  deliver({ events }: Delivery): void {
    this.#rings.deliver(events)
    this.#channels.deliver(events)
    this.#inboxes.deliver(events)
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
    const { store, watch, now } = this.#options
    const stream = conversationStream(conversationId)
    const channel = await this.#channels.acquire(stream)
    if (!channel.mayRead(identity.userId)) {
      this.#channels.release(channel)
      throw notFound()
    }
    const { place, reset } = await this.#begin(channel, asked).catch((error) => {
      this.#channels.release(channel)
      throw error
    })
    let watching: Disposable | undefined
    const feed = new ConversationFeed({
      conversationId,
      channel,
      store,
      replays: this.#replays,
      identity,
      handled: this.#handled,
      now,
      place,
      reset,
      onClose: (closed) => {
        this.#feeds--
        channel.remove(closed)
        watching?.[Symbol.dispose]()
        this.#channels.release(channel)
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
   * All that concerns the viewer, in one feed: after `after`, or from now on.
   * @throws GraphQLError BAD_INPUT for a cursor that is damaged or of another feed; UNAVAILABLE when the read models are behind
   */
  async inboxFeed(
    identity: Identity,
    { after, detail }: { readonly after?: string | null | undefined; readonly detail: InboxDetail },
  ): Promise<InboxFeed> {
    const feed = await this.#inboxes.open(identity, { after, detail, onClose: () => this.#feeds-- })
    this.#feeds++
    return feed
  }

  /** Where an inbox feed begins that misses nothing after this position. */
  async inboxCursor(position: Position): Promise<string> {
    return encodeInboxCursor(await anchoredAt(this.#options.store, position))
  }

  /**
   * For feeds of what does not stand in the log of a conversation. Dispose of it when the feed is over.
   * @param onEnd called, not before this has returned, when the viewer may no longer read the conversation
   * @throws GraphQLError NOT_FOUND where they may not now
   */
  async readers(identity: Identity, conversation: string, onEnd: () => void): Promise<Readers> {
    const conversationId = conversationIdOf(conversation)
    const stream = conversationStream(conversationId)
    const channel = await this.#channels.acquire(stream)
    // Access may end on the very turn on which this returns: whoever asked has what they asked for by the next one.
    const follower = { user: identity.userId, wake: () => {}, endAt: () => queueMicrotask(onEnd) }
    if (!channel.mayRead(identity.userId)) {
      this.#channels.release(channel)
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
        this.#channels.release(channel)
      },
    }
  }

  /** Somebody who takes part in what a feed delivers, as the log knows them. */
  async person(id: UserId): Promise<UserDocument | undefined> {
    return await personFromLog(this.#options.store, id)
  }

  async #begin(
    channel: Channel,
    asked: FeedPlace | undefined,
  ): Promise<{ readonly place: FeedPlace; readonly reset: boolean }> {
    const { store, follower } = this.#options
    if (!asked) return { place: await this.#newest(channel), reset: false }
    const isThere =
      asked.revision === beforeFirst.revision || (await this.#replays.anchor(channel, asked.revision)) === asked.anchor
    if (isThere) return { place: asked, reset: false }
    return { place: await newestPlace(store, channel.stream, follower.handled), reset: true }
  }

  /** Where a feed stands that has received everything which the node has handled. */
  async #newest(channel: Channel): Promise<FeedPlace> {
    const { store, follower } = this.#options
    const revision = channel.head
    const anchor = revision === beforeFirst.revision ? undefined : await this.#replays.anchor(channel, revision)
    return anchor === undefined ? await newestPlace(store, channel.stream, follower.handled) : { revision, anchor }
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
