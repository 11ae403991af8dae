// src/domain/room.ts: making rooms, changing them, and who is in them as what.

import { type Actor, archivedRoom, may, mayFind, mayRead, noSuchRoom, rankIn, roomRanks } from './access.ts'
import type { Conversation, OpenRoom } from './conversation.ts'
import { type Decision, happened, nothing, type Refusal, refuse } from './decision.ts'
import type {
  HistoryVisibility,
  MemberRemoved,
  MemberRoleChanged,
  RoomArchived,
  RoomCreated,
  RoomRole,
  RoomUnarchived,
  RoomUpdated,
  RoomVisibility,
  UserInvited,
  UserJoined,
  UserLeft,
} from './events.ts'
import type { UserId } from './ids.ts'
import { mayOnServer } from './permissions.ts'

/** The room as far as this person may know of it. */
const found = (conversation: Conversation, user: UserId): OpenRoom | undefined =>
  conversation.status === 'exists' && conversation.kind === 'ROOM' && mayFind(conversation, user)
    ? conversation
    : undefined

export interface CreateRoom {
  /** Absent for the rooms that the server itself makes: those have no members. */
  readonly creator?: Actor | undefined
  readonly name: string
  /** Claimed before. Public rooms have one, private ones none. */
  readonly slug?: string | undefined
  readonly topic?: string | undefined
  readonly visibility: RoomVisibility
  readonly historyVisibility: HistoryVisibility
}

/** A repeat with the same key by the same person finds the room made. */
export function create(room: Conversation, command: CreateRoom): Decision<RoomCreated | UserJoined> {
  const { creator, name, slug, topic, visibility, historyVisibility } = command
  if (creator && !mayOnServer(creator.serverRole, 'createRoom'))
    return refuse('FORBIDDEN', 'Guests cannot make rooms. Register an account, then make the room.')
  if (room.status === 'exists') {
    if (room.kind !== 'ROOM' || room.madeAs !== name || room.createdBy !== creator?.user)
      return refuse('CONFLICT', 'This key has made another room already. Use a new key.', 'idempotencyKey')
    // The answer shows the room as it is now, which whoever is out of it may not see.
    return creator && !mayRead(room, creator.user)
      ? refuse('CONFLICT', 'This key has made a room that you are no longer in. Use a new key.', 'idempotencyKey')
      : nothing
  }
  const contradiction = contradictionIn({ visibility, historyVisibility, slug })
  if (contradiction) return contradiction
  const made: RoomCreated = {
    type: 'RoomCreated',
    data: {
      visibility,
      historyVisibility,
      name,
      ...(slug === undefined ? undefined : { slug }),
      ...(topic === undefined ? undefined : { topic }),
    },
  }
  if (!creator) return happened(made)
  return happened<RoomCreated | UserJoined>(made, {
    type: 'UserJoined',
    data: { userId: creator.user, role: 'OWNER', atNumber: 0 },
  })
}

interface Settings {
  readonly visibility: RoomVisibility
  readonly historyVisibility: HistoryVisibility
  readonly slug?: string | undefined
}

/** Settings that cannot go together. */
function contradictionIn({ visibility, historyVisibility, slug }: Settings): Refusal | undefined {
  if (visibility === 'PRIVATE' && slug !== undefined)
    return refuse(
      'BAD_INPUT',
      'A private room has no slug: its name could be found out by trying. Leave the slug out.',
      'slug',
    )
  if (visibility === 'PUBLIC' && historyVisibility === 'SINCE_JOINED')
    return refuse(
      'BAD_INPUT',
      'A public room shows its whole history to everyone. Set historyVisibility to ALL, or visibility to PRIVATE.',
      'historyVisibility',
    )
  return undefined
}

export interface UpdateRoom {
  readonly actor: Actor
  readonly name?: string | undefined
  /** Claimed before. */
  readonly slug?: string | undefined
  /** `null` clears it. */
  readonly topic?: string | null | undefined
  readonly visibility?: RoomVisibility | undefined
  readonly historyVisibility?: HistoryVisibility | undefined
  readonly slowModeSeconds?: number | undefined
}

/** Changing something to what it is already changes nothing. A room that becomes private gives its slug back. */
export function update(conversation: Conversation, command: UpdateRoom): Decision<RoomUpdated> {
  const room = found(conversation, command.actor.user)
  if (!room) return noSuchRoom
  const changes = changesOf(room, command)
  const isRepeat = Object.keys(changes).length === 0
  const forbidden = mayNotChange(room, command)
  // Who has made the room private by their role on the server may not know that it was done.
  if (forbidden) return isRepeat && closedByServer(command) ? nothing : forbidden
  const { slug } = command
  const visibility = command.visibility ?? room.visibility
  const historyVisibility = command.historyVisibility ?? room.historyVisibility
  const contradiction = contradictionIn({ visibility, historyVisibility, slug })
  if (contradiction) return contradiction
  if (visibility === 'PUBLIC' && slug === undefined && room.slug === undefined)
    return refuse('BAD_INPUT', 'A public room needs a slug. Give one.', 'slug')
  if (isRepeat) return nothing
  if (room.archived) return archivedRoom
  return happened({ type: 'RoomUpdated', data: changes })
}

/** What differs from how the room is. */
function changesOf(
  room: OpenRoom,
  { name, slug, topic, visibility = room.visibility, historyVisibility, slowModeSeconds }: UpdateRoom,
): RoomUpdated['data'] {
  const slugNow = visibility === 'PRIVATE' ? undefined : (slug ?? room.slug)
  return {
    ...(name === undefined || name === room.name ? undefined : { name }),
    ...(slugNow === room.slug ? undefined : { slug: slugNow ?? null }),
    ...(topic === undefined || (topic ?? undefined) === room.topic ? undefined : { topic }),
    ...(visibility === room.visibility ? undefined : { visibility }),
    ...(historyVisibility === undefined || historyVisibility === room.historyVisibility
      ? undefined
      : { historyVisibility }),
    ...(slowModeSeconds === undefined || slowModeSeconds === room.slowModeSeconds ? undefined : { slowModeSeconds }),
  }
}

const closedByServer = ({ visibility, slug, actor }: UpdateRoom): boolean =>
  visibility === 'PRIVATE' && slug === undefined && mayOnServer(actor.serverRole, 'ownRooms')

const configured = ['name', 'slug', 'visibility', 'historyVisibility'] as const

function mayNotChange(room: OpenRoom, command: UpdateRoom): Refusal | undefined {
  if (!may(room, command.actor, 'describe')) return refuse('FORBIDDEN', 'Only moderators of the room can change it.')
  const field = configured.find((name) => command[name] !== undefined)
  if (field === undefined || may(room, command.actor, 'configure')) return undefined
  return refuse('FORBIDDEN', 'Only owners of the room can change its name, its slug and who may see what of it.', field)
}

export function archive(conversation: Conversation, { actor }: { readonly actor: Actor }): Decision<RoomArchived> {
  const room = found(conversation, actor.user)
  if (!room) return noSuchRoom
  if (!may(room, actor, 'archive')) return refuse('FORBIDDEN', 'Only owners of the room can archive it.')
  return room.archived ? nothing : happened({ type: 'RoomArchived', data: {} })
}

export function unarchive(conversation: Conversation, { actor }: { readonly actor: Actor }): Decision<RoomUnarchived> {
  const room = found(conversation, actor.user)
  if (!room) return noSuchRoom
  if (!may(room, actor, 'archive')) return refuse('FORBIDDEN', 'Only owners of the room can open it again.')
  return room.archived ? happened({ type: 'RoomUnarchived', data: {} }) : nothing
}

export interface InviteToRoom {
  readonly actor: Actor
  /** Who exists. */
  readonly users: readonly UserId[]
  /** The newest invitation to this room that each has declined, as its revision. */
  readonly declined: ReadonlyMap<UserId, number>
}

/** All are invited, or none. Whoever has been invited and has not answered is not invited again. */
export function invite(conversation: Conversation, { actor, users, declined }: InviteToRoom): Decision<UserInvited> {
  const room = found(conversation, actor.user)
  if (!room) return noSuchRoom
  if (!may(room, actor, 'invite'))
    return refuse(
      'FORBIDDEN',
      room.visibility === 'PUBLIC'
        ? 'Only members of the room can invite to it.'
        : 'Only moderators of the room can invite to it.',
    )
  if (room.archived) return archivedRoom
  for (const [index, user] of users.entries()) {
    const field = `userIds.${index}`
    if (room.members.has(user)) return refuse('CONFLICT', 'This person is a member of the room already.', field)
    if (room.bans.has(user))
      return refuse('CONFLICT', 'This person is banned from the room. Lift the ban before you invite them.', field)
  }
  const waiting = (user: UserId): boolean => stillInvited(room, user, declined.get(user))
  return happened(
    ...[...new Set(users)]
      .filter((user) => !waiting(user))
      .map((userId): UserInvited => ({ type: 'UserInvited', data: { userId } })),
  )
}

/** Whether somebody was invited, and has not declined the newest invitation. */
const stillInvited = (room: OpenRoom, user: UserId, declined = -1): boolean => (room.invited.get(user) ?? -1) > declined

export interface JoinRoom {
  readonly user: UserId
  /** The newest invitation to this room that they have declined, as its revision. */
  readonly declined?: number | undefined
}

/** Joining twice changes nothing. It accepts an invitation. */
export function join(conversation: Conversation, { user, declined }: JoinRoom): Decision<UserJoined> {
  if (conversation.status === 'none' || conversation.kind !== 'ROOM') return noSuchRoom
  const room = conversation
  if (room.bans.has(user))
    return room.visibility === 'PUBLIC' ? refuse('FORBIDDEN', 'You are banned from this room.') : noSuchRoom
  if (room.members.has(user)) return nothing
  if (!may(room, { user, serverRole: 'MEMBER' }, 'join')) return noSuchRoom
  if (room.visibility === 'PRIVATE' && !stillInvited(room, user, declined)) return noSuchRoom
  if (room.archived) return archivedRoom
  return happened({ type: 'UserJoined', data: { userId: user, role: 'MEMBER', atNumber: room.lastNumber } })
}

/** Leaving where one is not changes nothing. The last owner hands the room on first, unless nobody else is there. */
export function leave(conversation: Conversation, { user }: { readonly user: UserId }): Decision<UserLeft> {
  const room = found(conversation, user)
  if (!room) return noSuchRoom
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

export function setRole(conversation: Conversation, { actor, user, role }: SetRole): Decision<MemberRoleChanged> {
  const room = found(conversation, actor.user)
  if (!room) return noSuchRoom
  const member = room.members.get(user)
  // Who has just stopped being an owner may not know that it was done.
  if (actor.user === user && member?.role === role) return nothing
  if (!may(room, actor, 'setRoles')) return refuse('FORBIDDEN', 'Only owners of the room can change roles in it.')
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
export function remove(conversation: Conversation, { actor, user, reason }: Remove): Decision<MemberRemoved> {
  const room = found(conversation, actor.user)
  if (!room) return noSuchRoom
  if (!may(room, actor, 'remove')) return refuse('FORBIDDEN', 'Only moderators of the room can remove people.')
  const member = room.members.get(user)
  if (!member) return nothing
  if (roomRanks[member.role] >= rankIn(room, actor))
    return refuse('FORBIDDEN', 'You can only remove people whose role in the room is below yours.', 'userId')
  return happened({
    type: 'MemberRemoved',
    data: { userId: user },
    ...(reason === undefined ? undefined : { body: { reason } }),
  })
}
