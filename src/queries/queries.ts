// Questions that are more than a read by id. Content is read first and access last, so that nobody is shown what they lost the
// right to see while it was read.

import { type DirectDocument, directs } from '../../projections/directs.ts'
import { type MembershipDocument, memberships } from '../../projections/memberships.ts'
import { mentions, wholeRoom } from '../../projections/mentions.ts'
import { type ReadMarkerDocument, readMarkerId, readMarkers } from '../../projections/readMarkers.ts'
import { slugs, usernames } from '../../projections/reservations.ts'
import { type RoomDocument, rooms } from '../../projections/rooms.ts'
import { type UserDocument, users } from '../../projections/users.ts'
import type { Filter } from '../documents/port.ts'
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
import type { Asking } from './asking.ts'
import { type FoundMessage, type HistoryArguments, history } from './history.ts'
import { type InvitationToRoom, waitingInvitation, waitingInvitations } from './invitations.ts'
import { JoinedConversations } from './joined.ts'
import type { Found, FoundConversation } from './loaders.ts'
import { BadInput, byActivity, type Page, type PageArguments, page } from './page.ts'

export interface ServerCounts {
  readonly users: number
  readonly rooms: number
  readonly messages: number
}

/** Read markers looked at together. */
const chunk = 200
/** How long the counts of the whole server are kept, in ms. */
const countsForMs = 2_000

export class Queries {
  readonly models: ReadModels
  #counts: { readonly at: number; readonly value: Promise<ServerCounts> } | undefined
  readonly #joined: JoinedConversations

  constructor(models: ReadModels) {
    this.models = models
    this.#joined = new JoinedConversations(models)
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

  /** Rooms joined and direct conversations, most recently active first. */
  conversations(asking: Asking): Promise<readonly FoundConversation[]> {
    return this.#joined.of(asking)
  }

  /** The same, page by page. */
  conversationPage(asking: Asking, args: PageArguments): Promise<Page<FoundConversation>> {
    return this.#joined.page(asking, args)
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
  invitations(asking: Asking, limit?: number): Promise<readonly InvitationToRoom[]> {
    return waitingInvitations(this.models, asking, limit)
  }

  /** The viewer's invitation to a room, while it waits for an answer. */
  invitation(asking: Asking, room: RoomId): Promise<InvitationToRoom | undefined> {
    return waitingInvitation(this.models, asking, room)
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

const isDirect = (id: ConversationId): boolean => id.startsWith('dm_')

const nothingToSee = { edges: [], hasNextPage: false, hasPreviousPage: false, total: async () => 0 }

/** Values that begin with a text. */
const beginning = (field: string, text: string): Filter => ({ [field]: { $gte: text, $lt: `${text}\u{10ffff}` } })
