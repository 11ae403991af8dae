// src/domain/room.ts: what a room is, who is in it, and what they may do there.

import { Map as PersistentMap, Set as PersistentSet } from 'immutable'
import { type Decision, happened, nothing, type Refusal, refuse } from './decision.ts'
import type {
  HistoryVisibility,
  MemberRemoved,
  MemberRoleChanged,
  RoomArchived,
  RoomCreated,
  RoomEvent,
  RoomRole,
  RoomUnarchived,
  RoomUpdated,
  RoomVisibility,
  ServerRole,
  UserJoined,
  UserLeft,
} from './events.ts'
import type { UserId } from './ids.ts'

export interface Member {
  readonly role: RoomRole
  /** Revision of the event that made them a member this time. */
  readonly since: number
}

export interface OpenRoom {
  readonly status: 'exists'
  readonly visibility: RoomVisibility
  readonly historyVisibility: HistoryVisibility
  readonly name: string
  /** What it was called when it was made: what a repeat of its making is compared with. */
  readonly madeAs: string
  readonly slug?: string | undefined
  readonly topic?: string | undefined
  readonly slowModeSeconds: number
  readonly archived: boolean
  readonly createdBy?: UserId | undefined
  readonly members: PersistentMap<UserId, Member>
  readonly owners: number
  readonly invited: PersistentSet<UserId>
  readonly bans: PersistentSet<UserId>
  /** Number of the newest message; 0 before the first. */
  readonly lastNumber: number
}
export type Room = { readonly status: 'none' } | OpenRoom

/** Who acts, and what they are on the server. */
export interface Actor {
  readonly user: UserId
  readonly serverRole: ServerRole
}

export const initial: Room = { status: 'none' }

/** What the fold needs of the envelope. */
interface Stored {
  readonly revision: number
  readonly actor?: UserId
}

export function evolve(room: Room, event: RoomEvent & Stored): Room {
  if (room.status === 'none') return event.type === 'RoomCreated' ? created(event) : room
  switch (event.type) {
    case 'MessageSent':
      return { ...room, lastNumber: event.data.number }
    case 'RoomUpdated':
      return updated(room, event.data)
    case 'RoomArchived':
      return { ...room, archived: true }
    case 'RoomUnarchived':
      return { ...room, archived: false }
    case 'UserJoined':
      return withMember(room, event.data.userId, { role: event.data.role, since: event.revision })
    case 'UserLeft':
    case 'MemberRemoved':
      return withoutMember(room, event.data.userId)
    case 'MemberBanned':
      return { ...withoutMember(room, event.data.userId), bans: room.bans.add(event.data.userId) }
    case 'MemberUnbanned':
      return { ...room, bans: room.bans.delete(event.data.userId) }
    case 'UserInvited':
      return { ...room, invited: room.invited.add(event.data.userId) }
    case 'MemberRoleChanged': {
      const member = room.members.get(event.data.userId)
      return member ? withMember(room, event.data.userId, { ...member, role: event.data.role }) : room
    }
    case 'RoomCreated':
    case 'DMSent':
    case 'MessageEdited':
    case 'MessageDeleted':
      return room
    default:
      return event satisfies never
  }
}

function created({ data, actor }: RoomCreated & Stored): OpenRoom {
  return {
    status: 'exists',
    visibility: data.visibility,
    historyVisibility: data.historyVisibility,
    name: data.name,
    madeAs: data.name,
    slug: data.slug,
    topic: data.topic,
    slowModeSeconds: 0,
    archived: false,
    createdBy: actor,
    members: PersistentMap(),
    owners: 0,
    invited: PersistentSet(),
    bans: PersistentSet(),
    lastNumber: 0,
  }
}

function updated(room: OpenRoom, { slug, topic, ...rest }: RoomUpdated['data']): OpenRoom {
  return {
    ...room,
    ...rest,
    ...(slug === undefined ? undefined : { slug: slug ?? undefined }),
    ...(topic === undefined ? undefined : { topic: topic ?? undefined }),
  }
}

function withMember(room: OpenRoom, user: UserId, member: Member): OpenRoom {
  const before = room.members.get(user)
  return {
    ...room,
    members: room.members.set(user, member),
    invited: room.invited.has(user) ? room.invited.delete(user) : room.invited,
    owners: room.owners + (member.role === 'OWNER' ? 1 : 0) - (before?.role === 'OWNER' ? 1 : 0),
  }
}

function withoutMember(room: OpenRoom, user: UserId): OpenRoom {
  const before = room.members.get(user)
  if (!before && !room.invited.has(user)) return room
  return {
    ...room,
    members: room.members.delete(user),
    invited: room.invited.delete(user),
    owners: room.owners - (before?.role === 'OWNER' ? 1 : 0),
  }
}

// ── who may what ──

/** Public rooms can be read by everyone signed in who is not banned; private ones by their members. */
export function mayRead(room: Room, user: UserId): boolean {
  if (room.status === 'none' || room.bans.has(user)) return false
  return room.visibility === 'PUBLIC' || room.members.has(user)
}

/** Whoever may not read a room must not learn that it exists, except by an invitation. */
const mayFind = (room: OpenRoom, user: UserId): boolean => mayRead(room, user) || room.invited.has(user)

export const noSuchRoom: Refusal = refuse('NOT_FOUND', 'There is no such room, or you may not see it.')
const archivedRoom: Refusal = refuse('ARCHIVED', 'This room is archived; its history can still be read.')

const ranks: { readonly [R in RoomRole]: number } = { MEMBER: 1, MODERATOR: 2, OWNER: 3 }

/** 0 for those who are nothing here. In public rooms the roles on the server count too: moderators as moderators, admins and owners as owners. */
export function rankIn(room: OpenRoom, actor: Actor): number {
  const member = room.members.get(actor.user)
  return Math.max(member ? ranks[member.role] : 0, room.visibility === 'PUBLIC' ? serverRank(actor.serverRole) : 0)
}

function serverRank(role: ServerRole): number {
  switch (role) {
    case 'OWNER':
    case 'ADMIN':
      return ranks.OWNER
    case 'MODERATOR':
      return ranks.MODERATOR
    case 'MEMBER':
    case 'GUEST':
      return 0
    default:
      return role satisfies never
  }
}

export const moderates = (room: OpenRoom, actor: Actor): boolean => rankIn(room, actor) >= ranks.MODERATOR
const owns = (room: OpenRoom, actor: Actor): boolean => rankIn(room, actor) >= ranks.OWNER

// ── commands ──

export interface CreateRoom {
  /** Absent for the rooms that the server itself makes: those have no members. */
  readonly creator?: Actor
  readonly name: string
  readonly slug: string
  readonly topic?: string | undefined
}

/** A repeat with the same key by the same person finds the room made; the slug has been claimed before. */
export function create(room: Room, { creator, name, slug, topic }: CreateRoom): Decision<RoomCreated | UserJoined> {
  if (creator?.serverRole === 'GUEST')
    return refuse('FORBIDDEN', 'Guests cannot make rooms. Register an account, then make the room.')
  if (room.status === 'exists')
    return room.madeAs === name && room.createdBy === creator?.user
      ? nothing
      : refuse('CONFLICT', 'This key has made another room already. Use a new key.', 'idempotencyKey')
  const made: RoomCreated = {
    type: 'RoomCreated',
    data: {
      visibility: 'PUBLIC',
      historyVisibility: 'ALL',
      name,
      slug,
      ...(topic === undefined ? undefined : { topic }),
    },
  }
  if (!creator) return happened(made)
  return happened<RoomCreated | UserJoined>(made, {
    type: 'UserJoined',
    data: { userId: creator.user, role: 'OWNER', atNumber: 0 },
  })
}

export interface UpdateRoom {
  readonly actor: Actor
  readonly name?: string | undefined
  /** Claimed before. */
  readonly slug?: string | undefined
  /** `null` clears it. */
  readonly topic?: string | null | undefined
}

/** Changing something to what it is already changes nothing. */
export function update(room: Room, { actor, name, slug, topic }: UpdateRoom): Decision<RoomUpdated> {
  if (room.status === 'none' || !mayFind(room, actor.user)) return noSuchRoom
  if (!moderates(room, actor)) return refuse('FORBIDDEN', 'Only moderators of the room can change it.')
  if ((name !== undefined || slug !== undefined) && !owns(room, actor))
    return refuse(
      'FORBIDDEN',
      'Only owners of the room can change its name or slug.',
      name === undefined ? 'slug' : 'name',
    )
  const changes = {
    ...(name === undefined || name === room.name ? undefined : { name }),
    ...(slug === undefined || slug === room.slug ? undefined : { slug }),
    ...(topic === undefined || (topic ?? undefined) === room.topic ? undefined : { topic }),
  }
  if (Object.keys(changes).length === 0) return nothing
  if (room.archived) return archivedRoom
  return happened({ type: 'RoomUpdated', data: changes })
}

export function archive(room: Room, { actor }: { readonly actor: Actor }): Decision<RoomArchived> {
  if (room.status === 'none' || !mayFind(room, actor.user)) return noSuchRoom
  if (!owns(room, actor)) return refuse('FORBIDDEN', 'Only owners of the room can archive it.')
  return room.archived ? nothing : happened({ type: 'RoomArchived', data: {} })
}

export function unarchive(room: Room, { actor }: { readonly actor: Actor }): Decision<RoomUnarchived> {
  if (room.status === 'none' || !mayFind(room, actor.user)) return noSuchRoom
  if (!owns(room, actor)) return refuse('FORBIDDEN', 'Only owners of the room can open it again.')
  return room.archived ? happened({ type: 'RoomUnarchived', data: {} }) : nothing
}

/** Joining twice changes nothing. */
export function join(room: Room, { user }: { readonly user: UserId }): Decision<UserJoined> {
  if (room.status === 'none') return noSuchRoom
  if (room.bans.has(user))
    return room.visibility === 'PUBLIC' ? refuse('FORBIDDEN', 'You are banned from this room.') : noSuchRoom
  if (!mayFind(room, user)) return noSuchRoom
  if (room.members.has(user)) return nothing
  if (room.archived) return archivedRoom
  return happened({ type: 'UserJoined', data: { userId: user, role: 'MEMBER', atNumber: room.lastNumber } })
}

/** Leaving where one is not changes nothing. The last owner hands the room on first, unless nobody else is there. */
export function leave(room: Room, { user }: { readonly user: UserId }): Decision<UserLeft> {
  if (room.status === 'none' || !mayFind(room, user)) return noSuchRoom
  const member = room.members.get(user)
  if (!member) return nothing
  if (member.role === 'OWNER' && room.owners === 1 && room.members.size > 1)
    return refuse('CONFLICT', 'You are the last owner of this room. Make someone else an owner before you leave.')
  return happened({ type: 'UserLeft', data: { userId: user } })
}

export interface SetRole {
  readonly actor: Actor
  readonly user: UserId
  readonly role: RoomRole
}

export function setRole(room: Room, { actor, user, role }: SetRole): Decision<MemberRoleChanged> {
  if (room.status === 'none' || !mayFind(room, actor.user)) return noSuchRoom
  const member = room.members.get(user)
  // Who has just stopped being an owner may not know that it was done.
  if (actor.user === user && member?.role === role) return nothing
  if (!owns(room, actor)) return refuse('FORBIDDEN', 'Only owners of the room can change roles in it.')
  if (!member) return refuse('NOT_FOUND', 'This person is not a member of the room.', 'userId')
  if (member.role === role) return nothing
  if (member.role === 'OWNER' && room.owners === 1)
    return refuse('CONFLICT', 'This is the last owner of the room. Make someone else an owner first.', 'role')
  return happened({ type: 'MemberRoleChanged', data: { userId: user, role } })
}

export interface Remove {
  readonly actor: Actor
  readonly user: UserId
  readonly reason?: string | undefined
}

/** Moderators remove those below them. Removing someone who is not there changes nothing. */
export function remove(room: Room, { actor, user, reason }: Remove): Decision<MemberRemoved> {
  if (room.status === 'none' || !mayFind(room, actor.user)) return noSuchRoom
  if (!moderates(room, actor)) return refuse('FORBIDDEN', 'Only moderators of the room can remove people.')
  const member = room.members.get(user)
  if (!member) return nothing
  if (ranks[member.role] >= rankIn(room, actor))
    return refuse('FORBIDDEN', 'You can only remove people whose role in the room is below yours.', 'userId')
  return happened({
    type: 'MemberRemoved',
    data: { userId: user },
    ...(reason === undefined ? undefined : { body: { reason } }),
  })
}
