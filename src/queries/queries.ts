// Questions that are more than a read by id. Content is read first and access last, so that nobody is shown what they lost the
// right to see while it was read.

import { bans } from '../../projections/bans.ts'
import { type DirectDocument, directs } from '../../projections/directs.ts'
import { type InvitationDocument, invitationId, invitations } from '../../projections/invitations.ts'
import { type MembershipDocument, memberships } from '../../projections/memberships.ts'
import { mentions, wholeRoom } from '../../projections/mentions.ts'
import { type ReadMarkerDocument, readMarkerId, readMarkers } from '../../projections/readMarkers.ts'
import { slugs, usernames } from '../../projections/reservations.ts'
import { type RoomDocument, rooms } from '../../projections/rooms.ts'
import { type UserDocument, users } from '../../projections/users.ts'
import type { Filter, StoredDocument } from '../documents/port.ts'
import { directSize } from '../domain/direct.ts'
import {
  type ConversationId,
  directIdOf,
  type MessageId,
  membershipId,
  parseId,
  type RoomId,
  type UserId,
} from '../domain/ids.ts'
import { usernameKey } from '../domain/names.ts'
import type { ReadModels } from '../projecting/readModels.ts'
import { everything } from './access.ts'
import type { Consistency } from './consistency.ts'
import { type FoundMessage, type HistoryArguments, history } from './history.ts'
import type { Found, FoundConversation, Loaders } from './loaders.ts'
import { BadInput, countLimit, cursorOf, type Page, type PageArguments, page, pageSize, placeOf } from './page.ts'

/** Whoever asks, and what their operation has read so far. */
export interface Asking {
  readonly viewer: UserId
  readonly consistency: Consistency
  readonly loaders: Loaders
}

/** An invitation, with what may be seen of the room before it is accepted. */
export type InvitationToRoom = Found<InvitationDocument> & { readonly room: Found<RoomDocument> }

export interface ServerCounts {
  readonly users: number
  readonly rooms: number
  readonly messages: number
}

/** Invitations shown, at most. */
const invitationsShown = 100
/** Memberships read at once. */
const chunk = 200
/** How long the counts of the whole server are kept, in ms. */
const countsForMs = 2_000

export class Queries {
  readonly models: ReadModels
  #counts: { readonly at: number; readonly value: Promise<ServerCounts> } | undefined
  /** What is joined, by the operation that asked. */
  readonly #joined = new WeakMap<Loaders, Promise<readonly FoundConversation[]>>()

  constructor(models: ReadModels) {
    this.models = models
  }

  /** A room by id or slug that the viewer may see. */
  async room(
    { consistency, loaders }: Asking,
    by: { readonly id: RoomId } | { readonly slug: string },
  ): Promise<Found<RoomDocument> | undefined> {
    if ('id' in by) {
      const room = await loaders.rooms.load(by.id)
      return room && (await loaders.access.load(by.id)) ? room : undefined
    }
    await consistency.ready()
    const [slug] = await this.models.get(slugs, [by.slug])
    if (!slug) return undefined
    const { roomId } = slug.document
    const room = await loaders.rooms.load(roomId)
    // A claim may stand for a room that is not there yet, or that goes by another slug by now.
    return room?.slug === by.slug && (await loaders.access.load(roomId)) ? room : undefined
  }

  /** Public rooms, most recently active first. `query`: the beginning of a name or slug. */
  async publicRooms(
    { consistency, loaders }: Asking,
    args: PageArguments,
    query: string | null | undefined,
  ): Promise<Page<Found<RoomDocument>>> {
    await consistency.ready()
    const text = query?.trim().toLowerCase() ?? ''
    const matching: readonly Filter[] =
      text === '' ? [] : [{ $or: [beginning('nameKey', text), beginning('slug', text)] }]
    const found = await page(
      this.models,
      {
        projection: rooms,
        filter: { $and: [{ visibility: 'PUBLIC' }, ...matching] },
        order: byActivity,
      },
      args,
    )
    const access = await loaders.access.loadMany(found.edges.map(({ node }) => node.id as RoomId))
    return { ...found, edges: found.edges.filter((_, index) => access[index] && !(access[index] instanceof Error)) }
  }

  async history(
    { consistency, loaders }: Asking,
    conversationId: ConversationId,
    args: HistoryArguments,
  ): Promise<Page<FoundMessage>> {
    await consistency.ready()
    const room = isDirect(conversationId) ? undefined : await loaders.rooms.load(conversationId)
    // Most show everything, or nothing: who sees less is asked for only where it can be.
    let access = room?.historyVisibility === 'SINCE_JOINED' ? await loaders.access.load(conversationId) : everything
    while (access) {
      const { visibleFrom } = access
      const found = await history(this.models, conversationId, { ...args, visibleFrom })
      access = await loaders.access.load(conversationId)
      if (access && access.visibleFrom <= visibleFrom) return found
      // Less may be seen than when it was read: it is read again.
    }
    return nothingToSee
  }

  /** A message that the viewer may see. */
  async message({ loaders }: Asking, id: MessageId): Promise<FoundMessage | undefined> {
    const message = await loaders.messages.load(id)
    const access = message && (await loaders.access.load(message.conversationId))
    return access && message.sentRevision >= access.visibleFrom ? message : undefined
  }

  /** In the order in which they joined. */
  async members({ consistency, loaders }: Asking, conversationId: ConversationId, args: PageArguments) {
    await consistency.ready()
    const found = await page(
      this.models,
      {
        projection: memberships,
        filter: { conversationId },
        order: {
          name: `member ${conversationId}`,
          field: 'joinedRevision',
          direction: 1,
          ties: isDirect(conversationId),
        },
      },
      args,
    )
    return (await loaders.access.load(conversationId)) ? found : nothingToSee
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
    return (await asking.loaders.access.load(conversationId)) ? own + all : 0
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
    const user = claim && (await loaders.users.load(claim.document.userId))
    // A claim of a name that the account had before leads nowhere.
    return user?.usernameKey === key ? user : undefined
  }

  async membership(
    { loaders }: Asking,
    conversationId: ConversationId,
    member: UserId,
  ): Promise<Found<MembershipDocument> | undefined> {
    const membership = await loaders.memberships.load(membershipId(conversationId, member))
    return membership && (await loaders.access.load(conversationId)) ? membership : undefined
  }

  /** Rooms joined and direct conversations, most recently active first. Read once for an operation, or until it writes. */
  conversations(asking: Asking): Promise<readonly FoundConversation[]> {
    const { loaders, consistency } = asking
    const known = this.#joined.get(loaders)
    if (known) return known
    const joined = this.#readConversations(asking)
    this.#joined.set(loaders, joined)
    consistency.onRaise(() => this.#joined.delete(loaders))
    return joined
  }

  async #readConversations({ viewer, consistency, loaders }: Asking): Promise<readonly FoundConversation[]> {
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
    const found = await loaders.conversations.loadMany(ids)
    const access = await loaders.access.loadMany(ids)
    const joined = found.flatMap((conversation, index) =>
      conversation && !(conversation instanceof Error) && access[index] && !(access[index] instanceof Error)
        ? [conversation]
        : [],
    )
    return joined.sort((a, b) =>
      a.activeAt === b.activeAt ? (a.id < b.id ? -1 : 1) : a.activeAt > b.activeAt ? -1 : 1,
    )
  }

  /** The same, page by page. */
  async conversationPage(asking: Asking, { first, after }: PageArguments): Promise<Page<FoundConversation>> {
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
  async conversation({ loaders }: Asking, id: string): Promise<FoundConversation | undefined> {
    const parsed = parseId(id)
    if (parsed?.type !== 'room' && parsed?.type !== 'dm') return undefined
    const conversation = await loaders.conversations.load(parsed.id)
    return conversation && (await loaders.access.load(parsed.id)) ? conversation : undefined
  }

  /** The viewer's direct conversation with exactly these people, oneself left out or not. */
  async directConversation(asking: Asking, people: readonly string[]): Promise<Found<DirectDocument> | undefined> {
    if (people.length === 0 || people.length > directSize)
      throw new BadInput(`Name 1 to ${directSize} people; your own id alone stands for your notes.`)
    const members: UserId[] = [asking.viewer]
    for (const text of people) {
      const parsed = parseId(text)
      if (parsed?.type !== 'user') return undefined
      members.push(parsed.id)
    }
    const found = await this.conversation(asking, directIdOf(members))
    return found && 'participants' in found ? found : undefined
  }

  /** Invitations that wait for the viewer's answer, newest first. */
  async invitations(
    { viewer, consistency, loaders }: Asking,
    limit = invitationsShown,
  ): Promise<readonly InvitationToRoom[]> {
    await consistency.ready()
    const found = await this.models.find(invitations, { filter: { userId: viewer }, sort: { invitedAt: -1 }, limit })
    return await this.#withRooms({ viewer, consistency, loaders }, found)
  }

  /** The viewer's invitation to a room, while it waits for an answer. */
  async invitation(asking: Asking, room: RoomId): Promise<InvitationToRoom | undefined> {
    await asking.consistency.ready()
    return (await this.#withRooms(asking, await this.models.get(invitations, [invitationId(room, asking.viewer)])))[0]
  }

  async #withRooms(
    { viewer, loaders }: Asking,
    found: readonly StoredDocument<InvitationDocument>[],
  ): Promise<readonly InvitationToRoom[]> {
    const own = found.map(({ document }) => membershipId(document.roomId, viewer))
    const [banned, joined] = await Promise.all([this.models.get(bans, own), this.models.get(memberships, own)])
    // Joining answers an invitation; that it does is noted in the invitation only a moment later.
    const settled = new Set([...banned, ...joined].map(({ document }) => document.conversationId))
    const toRooms = await loaders.rooms.loadMany(found.map(({ document }) => document.roomId))
    return found.flatMap(({ id, document }, index) => {
      const room = toRooms[index]
      // What came of a room since is not in the invitation.
      if (!room || room instanceof Error || room.archived || settled.has(document.roomId)) return []
      return [{ ...document, id, room }]
    })
  }

  /** How far people have read, furthest first. Whoever has left is not told of: that they were there is not for all to know. */
  async readMarkersOf({ consistency, loaders }: Asking, conversationId: ConversationId, limit: number) {
    await consistency.ready()
    const found: Found<ReadMarkerDocument>[] = []
    for (let skip = 0, more = true; more && found.length < limit; ) {
      const size = skip === 0 ? limit : chunk
      const some = await this.models.find(readMarkers, {
        filter: { conversationId },
        sort: { number: -1 },
        limit: size,
        skip,
      })
      const idOf = ({ userId }: ReadMarkerDocument) => membershipId(conversationId, userId)
      const joined = await this.models.get(
        memberships,
        some.map(({ document }) => idOf(document)),
      )
      const members = new Set<string>(joined.map(({ id }) => id))
      for (const { id, document } of some) if (members.has(idOf(document))) found.push({ ...document, id })
      skip += size
      more = some.length === size
    }
    return (await loaders.access.load(conversationId)) ? found.slice(0, limit) : []
  }

  /** Counts over the whole server, at most two seconds old. */
  async counts(): Promise<ServerCounts> {
    if (!this.#counts || performance.now() - this.#counts.at > countsForMs)
      this.#counts = { at: performance.now(), value: this.#count() }
    return await this.#counts.value
  }

  async #count(): Promise<ServerCounts> {
    const [people, roomCount, inRooms, inDirects] = await Promise.all([
      this.models.count(users, {}),
      this.models.count(rooms, {}),
      this.models.sum(rooms, 'lastNumber', {}),
      this.models.sum(directs, 'lastNumber', {}),
    ])
    return { users: people, rooms: roomCount, messages: inRooms + inDirects }
  }
}

/** Most recently active first. */
const byActivity = { name: 'room', field: 'activeAt', direction: -1, ties: true } as const
const joinedByActivity = { ...byActivity, name: 'conversation' } as const

const isDirect = (id: ConversationId): boolean => id.startsWith('dm_')

const nothingToSee = { edges: [], hasNextPage: false, hasPreviousPage: false, total: async () => 0 }

/** Values that begin with a text. */
const beginning = (field: string, text: string): Filter => ({ [field]: { $gte: text, $lt: `${text}\u{10ffff}` } })
