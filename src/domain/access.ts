// src/domain/access.ts: who may see a conversation and act in it, told from its state and the table of permissions.

import type { Conversation, OpenConversation } from './conversation.ts'
import { type Refusal, refuse } from './decision.ts'
import type { RoomRole, ServerRole } from './events.ts'
import type { UserId } from './ids.ts'
import {
  type ConversationAction,
  conversationPermissions,
  mayOnServer,
  type Need,
  type Permission,
} from './permissions.ts'

/** Who acts, and what they are on the server. */
export interface Actor {
  readonly user: UserId
  readonly serverRole: ServerRole
}

export const roomRanks: { readonly [R in RoomRole]: number } = { MEMBER: 1, MODERATOR: 2, OWNER: 3 }

/** 0 for those who are nothing here. In public rooms the roles on the server count too. */
export function rankIn(conversation: OpenConversation, { user, serverRole }: Actor): number {
  const member = conversation.members.get(user)
  return Math.max(member ? roomRanks[member.role] : 0, isPublic(conversation) ? rankOnServer(serverRole) : 0)
}

function rankOnServer(role: ServerRole): number {
  if (mayOnServer(role, 'ownRooms')) return roomRanks.OWNER
  return mayOnServer(role, 'moderateRooms') ? roomRanks.MODERATOR : 0
}

const isPublic = ({ kind, visibility }: OpenConversation): boolean => kind === 'ROOM' && visibility === 'PUBLIC'

/** Whether the table lets them. What the table only says in words is asked by the rules. */
export function may(conversation: OpenConversation, actor: Actor, action: ConversationAction): boolean {
  const { user } = actor
  if (conversation.bans.has(user)) return false
  const permission: Permission = conversationPermissions[action]
  if (permission.inside && !conversation.members.has(user)) return false
  const need = permission[conversation.kind === 'DIRECT' ? 'DIRECT' : conversation.visibility]
  return fulfils(conversation, actor, need)
}

function fulfils(conversation: OpenConversation, actor: Actor, need: Need): boolean {
  switch (need) {
    case 'anyone':
      return true
    case 'invited':
      return conversation.members.has(actor.user) || conversation.invited.has(actor.user)
    case 'member':
      return rankIn(conversation, actor) >= roomRanks.MEMBER
    case 'moderator':
      return rankIn(conversation, actor) >= roomRanks.MODERATOR
    case 'owner':
      return rankIn(conversation, actor) >= roomRanks.OWNER
    case 'nobody':
      return false
    default:
      return need satisfies never
  }
}

/** Public rooms can be read by everyone signed in who is not banned, all else by its members. Roles on the server do not matter. */
export const mayRead = (conversation: Conversation, user: UserId): boolean =>
  conversation.status === 'exists' && may(conversation, { user, serverRole: 'MEMBER' }, 'read')

/** Whoever may not read a room must not learn that it exists, except by an invitation. */
export const mayFind = (conversation: OpenConversation, user: UserId): boolean =>
  mayRead(conversation, user) || (conversation.invited.has(user) && !conversation.bans.has(user))

/**
 * The first revision that somebody who may read sees; what is earlier, and what later happens to it, is hidden from them.
 * The present setting holds for all history.
 */
export const visibleFrom = (conversation: OpenConversation, user: UserId): number =>
  conversation.historyVisibility === 'SINCE_JOINED'
    ? (conversation.members.get(user)?.since ?? Number.POSITIVE_INFINITY)
    : 0

// The same in every way, the field too, whether it is not there or may not be seen.
export const noSuchRoom: Refusal = refuse('NOT_FOUND', 'There is no such room, or you may not see it.', 'roomId')
export const noSuchConversation: Refusal = refuse(
  'NOT_FOUND',
  'There is no such conversation, or you may not see it.',
  'conversationId',
)
export const archivedRoom: Refusal = refuse('ARCHIVED', 'This room is archived; its history can still be read.')
