// Questions that are more than a read by id. Content is read first and access last, so that nobody is shown what they lost the
// right to see while it was read.

import { type MembershipDocument, memberships } from '../../projections/memberships.ts'
import { mentions, wholeRoom } from '../../projections/mentions.ts'
import { readMarkerId, readMarkers } from '../../projections/readMarkers.ts'
import { slugs, usernames } from '../../projections/reservations.ts'
import { type RoomDocument, rooms } from '../../projections/rooms.ts'
import { type UserDocument, users } from '../../projections/users.ts'
import type { Filter } from '../documents/port.ts'
import { type ConversationId, type MessageId, membershipId, parseId, type RoomId, type UserId } from '../domain/ids.ts'
import { usernameKey } from '../domain/names.ts'
import type { ReadModels } from '../projecting/readModels.ts'
import type { Consistency } from './consistency.ts'
import { type FoundMessage, type HistoryArguments, history } from './history.ts'
import type { Found, Loaders } from './loaders.ts'
import { countLimit, cursorOf, type Page, type PageArguments, page, pageSize, placeOf } from './page.ts'

/** Whoever asks, and what their operation has read so far. */
export interface Asking {
  readonly viewer: UserId
  readonly consistency: Consistency
  readonly loaders: Loaders
}

export interface ServerCounts {
  readonly users: number
  readonly rooms: number
  readonly messages: number
}

/** Memberships read at once. */
const chunk = 200
/** How long the counts of the whole server are kept, in ms. */
const countsForMs = 2_000

export class Queries {
  readonly models: ReadModels
  #counts: { readonly at: number; readonly value: Promise<ServerCounts> } | undefined

  constructor(models: ReadModels) {
    this.models = models
  }

  /** A room by id or slug that the viewer may see. */
  async room(
    { viewer, consistency, loaders }: Asking,
    by: { readonly id: RoomId } | { readonly slug: string },
  ): Promise<Found<RoomDocument> | undefined> {
    if ('id' in by) {
      const room = await loaders.rooms.load(by.id)
      return room && (await this.mayRead(viewer, room)) ? room : undefined
    }
    await consistency.ready()
    const [slug] = await this.models.get(slugs, [by.slug])
    const room = slug && (await loaders.rooms.load(slug.document.roomId))
    // A claim may stand for a room that is not there yet, or that goes by another slug by now.
    return room?.slug === by.slug && (await this.mayRead(viewer, room)) ? room : undefined
  }

  /** Public rooms, most recently active first. `query`: the beginning of a name or slug. */
  async publicRooms(
    { consistency }: Asking,
    args: PageArguments,
    query: string | null | undefined,
  ): Promise<Page<Found<RoomDocument>>> {
    await consistency.ready()
    const text = query?.trim().toLowerCase() ?? ''
    const matching: readonly Filter[] =
      text === '' ? [] : [{ $or: [beginning('nameKey', text), beginning('slug', text)] }]
    return await page(
      this.models,
      {
        projection: rooms,
        filter: { $and: [{ visibility: 'PUBLIC' }, ...matching] },
        order: byActivity,
      },
      args,
    )
  }

  async history(
    { viewer, consistency }: Asking,
    conversationId: ConversationId,
    args: HistoryArguments,
  ): Promise<Page<FoundMessage>> {
    await consistency.ready()
    const found = await history(this.models, conversationId, args)
    return (await this.#stillReadable(viewer, conversationId)) ? found : nothingToSee
  }

  /** A message that the viewer may see. */
  async message({ viewer, loaders }: Asking, id: MessageId): Promise<FoundMessage | undefined> {
    const message = await loaders.messages.load(id)
    return message && (await this.#stillReadable(viewer, message.conversationId)) ? message : undefined
  }

  /** In the order in which they joined. */
  async members({ viewer, consistency }: Asking, conversationId: ConversationId, args: PageArguments) {
    await consistency.ready()
    const found = await page(
      this.models,
      {
        projection: memberships,
        filter: { conversationId },
        order: { name: `member ${conversationId}`, field: 'joinedRevision', direction: 1, ties: false },
      },
      args,
    )
    return (await this.#stillReadable(viewer, conversationId)) ? found : nothingToSee
  }

  /** How far the viewer has read: by the marker, by joining or by sending. Undefined for those who are no members. */
  async readNumber({ viewer, loaders }: Asking, conversationId: ConversationId): Promise<number | undefined> {
    const [membership, marker] = await Promise.all([
      loaders.memberships.load(membershipId(conversationId, viewer)),
      loaders.readMarkers.load(readMarkerId(conversationId, viewer)),
    ])
    return membership && Math.max(membership.readNumber, marker?.number ?? 0)
  }

  /** Mentions of the viewer, and of everyone, in messages not read yet. */
  async mentionCount(asking: Asking, conversationId: ConversationId): Promise<number> {
    const read = await this.readNumber(asking, conversationId)
    if (read === undefined) return 0
    const unread = (target: string) =>
      // A message that names a person and everyone is counted once.
      this.models.count(mentions, { conversationId, target, number: { $gt: read }, withRoom: null }, { limit: 10_000 })
    const [own, all] = await Promise.all([unread(asking.viewer), unread(wholeRoom)])
    return own + all
  }

  /** A person. An account that its name does not lead to does not exist. */
  async user(
    asking: Asking,
    by: { readonly id: UserId } | { readonly username: string },
  ): Promise<Found<UserDocument> | undefined> {
    if ('username' in by) return await this.#userByName(asking, usernameKey(by.username))
    const user = await asking.loaders.users.load(by.id)
    return user && (await this.#userByName(asking, user.usernameKey))?.id === user.id ? user : undefined
  }

  async #userByName({ consistency, loaders }: Asking, key: string): Promise<Found<UserDocument> | undefined> {
    await consistency.ready()
    const [claim] = await this.models.get(usernames, [key])
    return claim && (await loaders.users.load(claim.document.userId))
  }

  async membership(
    { viewer, loaders }: Asking,
    conversationId: ConversationId,
    member: UserId,
  ): Promise<Found<MembershipDocument> | undefined> {
    const membership = await loaders.memberships.load(membershipId(conversationId, member))
    return membership && (await this.#stillReadable(viewer, conversationId)) ? membership : undefined
  }

  /** The rooms that the viewer has joined, most recently active first. */
  async conversations({ viewer, consistency, loaders }: Asking): Promise<readonly Found<RoomDocument>[]> {
    await consistency.ready()
    const ids: ConversationId[] = []
    for (let more = true; more; ) {
      const after = ids.at(-1)
      const found = await this.models.find(memberships, {
        filter: after === undefined ? { userId: viewer } : { userId: viewer, conversationId: { $gt: after } },
        sort: { conversationId: 1 },
        limit: chunk,
      })
      ids.push(...found.map(({ document }) => document.conversationId))
      more = found.length === chunk
    }
    const joined = (await loaders.rooms.loadMany(ids)).flatMap((room) =>
      room && !(room instanceof Error) ? [room] : [],
    )
    return joined.sort((a, b) =>
      a.activeAt === b.activeAt ? (a.id < b.id ? -1 : 1) : a.activeAt > b.activeAt ? -1 : 1,
    )
  }

  /** The same, page by page. */
  async conversationPage(asking: Asking, { first, after }: PageArguments): Promise<Page<Found<RoomDocument>>> {
    const size = pageSize(first)
    const from = after == null ? undefined : placeOf(joinedByActivity, after)
    const all = await this.conversations(asking)
    // Those that the place itself comes before.
    const rest = from
      ? all.filter(({ activeAt, id }) => activeAt < from.key || (activeAt === from.key && id > from.id))
      : all
    const entries = rest.slice(0, size)
    return {
      edges: entries.map((node) => ({ cursor: cursorOf(joinedByActivity, { key: node.activeAt, id: node.id }), node })),
      hasNextPage: rest.length > size,
      hasPreviousPage: after != null,
      total: async () => (all.length > countLimit ? undefined : all.length),
    }
  }

  /** A room or direct conversation by id that the viewer may see. */
  async conversation(asking: Asking, id: string): Promise<Found<RoomDocument> | undefined> {
    const parsed = parseId(id)
    return parsed?.type === 'room' ? await this.room(asking, { id: parsed.id }) : undefined
  }

  /** How far people have read, furthest first. */
  async readMarkersOf({ viewer, consistency }: Asking, conversationId: ConversationId, limit: number) {
    await consistency.ready()
    const found = await this.models.find(readMarkers, { filter: { conversationId }, sort: { number: -1 }, limit })
    return (await this.#stillReadable(viewer, conversationId))
      ? found.map(({ id, document }) => ({ ...document, id }))
      : []
  }

  /** Counts over the whole server, at most two seconds old. */
  async counts(): Promise<ServerCounts> {
    if (!this.#counts || performance.now() - this.#counts.at > countsForMs)
      this.#counts = { at: performance.now(), value: this.#count() }
    return await this.#counts.value
  }

  async #count(): Promise<ServerCounts> {
    const [people, roomCount, messageCount] = await Promise.all([
      this.models.count(users, {}),
      this.models.count(rooms, {}),
      this.models.sum(rooms, 'lastNumber', {}),
    ])
    return { users: people, rooms: roomCount, messages: messageCount }
  }

  async mayRead(viewer: UserId, room: Pick<Found<RoomDocument>, 'id' | 'visibility'>): Promise<boolean> {
    if (room.visibility === 'PUBLIC') return true
    const parsed = parseId(room.id)
    if (parsed?.type !== 'room') return false
    return (await this.models.get(memberships, [membershipId(parsed.id, viewer)])).length > 0
  }

  /** Asked after the content was read, and past what the operation has loaded before. */
  async #stillReadable(viewer: UserId, conversationId: ConversationId): Promise<boolean> {
    const [room] = await this.models.get(rooms, [conversationId])
    return room !== undefined && (await this.mayRead(viewer, { id: room.id, visibility: room.document.visibility }))
  }
}

/** Most recently active first. */
const byActivity = { name: 'room', field: 'activeAt', direction: -1, ties: true } as const
const joinedByActivity = { ...byActivity, name: 'conversation' } as const

const nothingToSee = { edges: [], hasNextPage: false, hasPreviousPage: false, total: async () => 0 }

/** Values that begin with a text. */
const beginning = (field: string, text: string): Filter => ({ [field]: { $gte: text, $lt: `${text}\u{10ffff}` } })
