// The open inbox feeds of a node, and where each of them begins: in every conversation that the viewer is in, or was in since.

import { GraphQLError } from 'graphql'
import { directs } from '../../projections/directs.ts'
import { readMarkers } from '../../projections/readMarkers.ts'
import { rooms } from '../../projections/rooms.ts'
import { type StaysDocument, stays } from '../../projections/stays.ts'
import type { Identity } from '../accounts/sessions.ts'
import type { SessionWatch } from '../accounts/sessionWatch.ts'
import type { StoredDocument } from '../documents/port.ts'
import { type ConversationId, type UserId, userId } from '../domain/ids.ts'
import { conversationStream, keepsOnlyNewest, readStream } from '../domain/streams.ts'
import type { LogFollower } from '../eventstore/follower.ts'
import type { EventStore, Position, RecordedEvent } from '../eventstore/port.ts'
import type { ReadModels } from '../projecting/readModels.ts'
import type { Channels } from './channels.ts'
import { anchorOf } from './cursor.ts'
import { decodeInboxCursor, type InboxAnchor, type InboxPlace } from './inboxCursor.ts'
import { InboxFeed, type InboxReset } from './inboxFeed.ts'
import { InboxHub, type InboxOutlet } from './inboxHub.ts'
import type { InboxDetail } from './inboxItems.ts'
import type { Part } from './inboxStreams.ts'

interface InboxesOptions {
  readonly store: EventStore
  readonly models: ReadModels
  readonly channels: Channels
  readonly follower: Pick<LogFollower, 'handled' | 'reached'>
  readonly watch: SessionWatch
  /** ms since 1970. */
  readonly now: () => number
}

interface Opening {
  readonly after: string | null | undefined
  readonly detail: InboxDetail
  /** Called once, when the feed is over. */
  readonly onClose: () => void
}

interface Parts {
  readonly parts: readonly Part[]
  /** Streams of one's own with something new. */
  readonly own: readonly string[]
  /** Events that have not been received. */
  readonly behind: number
}

/** A feed is not continued over more events than this. */
const farthest = 10_000
/** How long a new feed waits for the node and its read models, in ms. */
const patienceMs = 5_000
/** Documents read at once. */
const chunk = 200

export class Inboxes {
  readonly #options: InboxesOptions
  readonly #feeds = new Map<UserId, Set<InboxFeed>>()
  /** By detail and group. */
  readonly #hubs = new Map<string, InboxHub>()

  constructor(options: InboxesOptions) {
    this.#options = options
  }

  /** Tells the feeds what is gained, and what is new of their viewers' own; the rest they hear from the channels. */
  deliver(events: readonly RecordedEvent[]): void {
    if (this.#feeds.size === 0) return
    for (const { type, stream, data, revision, position } of events) {
      if (type === 'UserJoined') this.#gained(data.userId, { stream, next: revision, member: false }, position)
      else if (type === 'DMOpened' && Array.isArray(data.members))
        for (const member of data.members) this.#gained(member, { stream, next: revision, member: false }, position)
      else if (stream.startsWith('read-')) this.#ownNews(stream.slice(5, 41), stream)
      else if (stream.startsWith('invitations-')) this.#ownNews(stream.slice('invitations-'.length), stream)
    }
    for (const [key, hub] of this.#hubs) {
      if (hub.size === 0) this.#hubs.delete(key)
      else hub.note(events)
    }
  }

  /** @throws GraphQLError BAD_INPUT for a cursor that is damaged or of another feed; UNAVAILABLE when something is behind */
  async open(identity: Identity, { after, detail, onClose }: Opening): Promise<InboxFeed> {
    const { store, channels, follower, watch, now } = this.#options
    const asked = after == null ? undefined : decodeInboxCursor(after, (text) => store.isPosition(text))
    const { userId: user } = identity
    let watching: Disposable | undefined
    let opened = false
    const feed = new InboxFeed({
      identity,
      detail,
      store,
      channels,
      now,
      handled: () => follower.handled,
      hubOf: (of, outlet) => this.#hubOf(of, outlet),
      onClose: () => {
        watching?.[Symbol.dispose]()
        this.#remove(user, feed)
        if (opened) onClose()
      },
    })
    // From now on it is told what is gained, so that nothing lies between that and what is read.
    this.#add(user, feed)
    try {
      const { place, reset, parts, own } = await this.#begin(user, asked)
      await feed.begin(place, reset, parts)
      for (const stream of own) feed.ownNews(stream)
    } catch (error) {
      feed.close()
      throw error
    }
    opened = true
    watching = watch.watch(identity, () => feed.close())
    // It may have ended while the feed was made; whoever asks hears that by the end of the feed.
    if (watch.hasEnded(identity)) feed.close()
    return feed
  }

  async #begin(
    user: UserId,
    asked: InboxPlace | 'of another log' | undefined,
  ): Promise<Parts & { readonly place: InboxPlace; readonly reset: InboxReset | undefined }> {
    const { store, follower, models } = this.#options
    const known = asked === 'of another log' ? undefined : asked
    const held = known !== undefined && (await isHeld(store, known))
    // The cursor may come from a node that is ahead of this one.
    if (held && !(await follower.reached(known.position, patienceMs))) throw behind()
    const handled = follower.handled
    if (!(await models.waitFor(handled, { timeoutMs: patienceMs }))) throw behind()
    if (held) {
      const parts = await this.#partsAfter(user, known.position)
      if (parts.behind <= farthest) return { ...parts, place: known, reset: undefined }
    }
    const place = await anchoredAt(store, handled)
    const reset = asked && (held ? 'TOO_FAR' : 'LOG_REPLACED')
    return { ...(await this.#partsAfter(user, place.position)), place, reset }
  }

  async #partsAfter(user: UserId, position: Position): Promise<Parts> {
    const { models } = this.#options
    const parts: Part[] = []
    let missing = 0
    for (let after: ConversationId | undefined, more = true; more; ) {
      const found: readonly StoredDocument<StaysDocument>[] = await models.find(stays, {
        filter: after === undefined ? { userId: user } : { userId: user, conversationId: { $gt: after } },
        sort: { conversationId: 1 },
        limit: chunk,
      })
      const relevant = found.filter((stay) => lasts(stay.document) || stay.position > position)
      for (const { part, count } of await this.#placesIn(relevant, position)) {
        parts.push(part)
        missing += count
      }
      after = found.at(-1)?.document.conversationId
      more = found.length === chunk
    }
    const own = await this.#markersAfter(user, position)
    return { parts, own, behind: missing + own.length }
  }

  /** Where somebody stands, at a position of the log, in the conversations of these stays. */
  async #placesIn(found: readonly StoredDocument<StaysDocument>[], position: Position) {
    const { models } = this.#options
    const ids = found.map(({ document }) => document.conversationId)
    const [inRooms, inDirects] = await Promise.all([models.get(rooms, ids), models.get(directs, ids)])
    const ends = new Map<string, { readonly position: Position; readonly revision: number }>()
    for (const conversation of [...inRooms, ...inDirects]) ends.set(conversation.id, conversation)
    return await Promise.all(
      found.map(async ({ document }) => {
        const stream = conversationStream(document.conversationId)
        const end = ends.get(document.conversationId)
        const last = end?.revision ?? -1
        const next =
          end && end.position <= position ? last + 1 : ((await this.#firstAfter(stream, position)) ?? last + 1)
        const member = document.stays.some(({ from, to }) => from < next && (to === undefined || to >= next))
        const until = document.stays.at(-1)?.to ?? last
        return { part: { stream, next, member }, count: Math.max(0, until - next + 1) }
      }),
    )
  }

  async #firstAfter(stream: string, position: Position): Promise<number | undefined> {
    for await (const [event] of this.#options.store.readStream(stream, { after: position, limit: 1 }))
      return event?.revision
    return undefined
  }

  /** The streams of read markers that have moved after a position. */
  async #markersAfter(user: UserId, position: Position): Promise<readonly string[]> {
    const streams: string[] = []
    for (let after = position, more = true; more; ) {
      const found = await this.#options.models.find(readMarkers, {
        filter: { userId: user, _position: { $gt: after } },
        sort: { _position: 1 },
        limit: chunk,
      })
      for (const marker of found) streams.push(readStream(user, marker.document.conversationId))
      after = found.at(-1)?.position ?? after
      more = found.length === chunk
    }
    return streams
  }

  #hubOf(detail: InboxDetail, { group, make }: InboxOutlet): InboxHub {
    const key = `${detail} ${group}`
    const known = this.#hubs.get(key)
    if (known) return known
    const hub = new InboxHub(detail, make)
    this.#hubs.set(key, hub)
    return hub
  }

  #gained(user: unknown, part: Part, position: Position): void {
    // What is no id of a person is nobody's.
    for (const feed of this.#feeds.get(user as UserId) ?? []) feed.gained(part, position)
  }

  #ownNews(rawUser: string, stream: string): void {
    for (const feed of this.#feeds.get(userId(rawUser)) ?? []) feed.ownNews(stream)
  }

  #add(user: UserId, feed: InboxFeed): void {
    const feeds = this.#feeds.get(user)
    if (feeds) feeds.add(feed)
    else this.#feeds.set(user, new Set([feed]))
  }

  #remove(user: UserId, feed: InboxFeed): void {
    const feeds = this.#feeds.get(user)
    feeds?.delete(feed)
    if (feeds?.size === 0) this.#feeds.delete(user)
  }
}

const lasts = ({ stays: all }: StaysDocument): boolean => all.at(-1)?.to === undefined

/** Whether the log still holds what a cursor names. */
async function isHeld(store: EventStore, { position, anchor }: InboxPlace): Promise<boolean> {
  if (position > (await store.end())) return false
  if (!anchor) return true
  const event = await store.at(anchor.position)
  return event !== undefined && anchorOf(event.id) === anchor.id
}

/** A position with the newest event at or before it that stays in the log. */
export async function anchoredAt(store: EventStore, position: Position): Promise<InboxPlace> {
  const at = await store.at(position)
  return { position, anchor: (at && anchorIn([at])) ?? (await anchorBefore(store, position)) }
}

async function anchorBefore(store: EventStore, position: Position): Promise<InboxAnchor | undefined> {
  for await (const page of store.readAll({ direction: 'backwards', after: position, pageSize: 16 })) {
    const anchor = anchorIn(page)
    if (anchor) return anchor
  }
  return undefined
}

function anchorIn(events: readonly RecordedEvent[]): InboxAnchor | undefined {
  const event = events.find(({ stream }) => !keepsOnlyNewest(stream))
  return event && { position: event.position, id: anchorOf(event.id) }
}

const behind = () =>
  new GraphQLError('The server is behind its log. Try again in a moment.', { extensions: { code: 'UNAVAILABLE' } })
