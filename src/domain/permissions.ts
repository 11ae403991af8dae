// src/domain/permissions.ts: who may do what. The rules ask these tables, the documentation is made of them, and every cell has a test.

import type { ServerRole } from './events.ts'

/**
 * What is asked of somebody in a conversation. `anyone`: signed in and not banned; `invited`: by an invitation that was not
 * declined, or already in; the rest are roles, each with those above it.
 */
export type Need = 'anyone' | 'invited' | 'member' | 'moderator' | 'owner' | 'nobody'

export interface Permission {
  /** For the documentation: what one may do. */
  readonly does: string
  readonly PUBLIC: Need
  readonly PRIVATE: Need
  /** In direct conversations, all of whose people are members. */
  readonly DIRECT: Need
  /** Only for those who are in the conversation: a role on the server does not do instead. */
  readonly inside?: true
  /** Only over those whose role in the room is lower. */
  readonly below?: true
  /** For the documentation: what else is asked. */
  readonly besides?: string
}

export const conversationPermissions = {
  read: {
    does: 'read, search and follow, watch presence and typing',
    PUBLIC: 'anyone',
    PRIVATE: 'member',
    DIRECT: 'member',
    besides: 'within the history that the room shows its members',
  },
  join: { does: 'join', PUBLIC: 'anyone', PRIVATE: 'invited', DIRECT: 'nobody', besides: 'not once it is archived' },
  send: {
    does: 'send a message',
    PUBLIC: 'member',
    PRIVATE: 'member',
    DIRECT: 'member',
    inside: true,
    besides: 'not once it is archived; slow mode holds for plain members',
  },
  setTyping: {
    does: 'show that they type',
    PUBLIC: 'member',
    PRIVATE: 'member',
    DIRECT: 'member',
    inside: true,
    besides: 'not once it is archived',
  },
  markRead: { does: 'mark messages as read', PUBLIC: 'member', PRIVATE: 'member', DIRECT: 'member', inside: true },
  edit: {
    does: 'edit a message of their own',
    PUBLIC: 'member',
    PRIVATE: 'member',
    DIRECT: 'member',
    inside: true,
    besides: 'not once it is archived',
  },
  deleteOwn: { does: 'delete a message of their own', PUBLIC: 'anyone', PRIVATE: 'member', DIRECT: 'member' },
  deleteOthers: { does: 'delete the message of another', PUBLIC: 'moderator', PRIVATE: 'moderator', DIRECT: 'nobody' },
  mentionRoom: {
    does: 'call everyone with @room',
    PUBLIC: 'member',
    PRIVATE: 'member',
    DIRECT: 'member',
    besides: 'moderators above 50 members; without the right it stays text',
  },
  invite: { does: 'invite', PUBLIC: 'member', PRIVATE: 'moderator', DIRECT: 'nobody' },
  describe: { does: 'change the topic and slow mode', PUBLIC: 'moderator', PRIVATE: 'moderator', DIRECT: 'nobody' },
  configure: {
    does: 'change the name, the slug, who may find it, and how much history it shows',
    PUBLIC: 'owner',
    PRIVATE: 'owner',
    DIRECT: 'nobody',
  },
  remove: { does: 'remove somebody', PUBLIC: 'moderator', PRIVATE: 'moderator', DIRECT: 'nobody', below: true },
  setRoles: {
    does: 'change roles',
    PUBLIC: 'owner',
    PRIVATE: 'owner',
    DIRECT: 'nobody',
    besides: 'the last owner makes another one first',
  },
  archive: { does: 'archive it, and open it again', PUBLIC: 'owner', PRIVATE: 'owner', DIRECT: 'nobody' },
} as const satisfies Readonly<Record<string, Permission>>

export type ConversationAction = keyof typeof conversationPermissions

/** From the least to the most. */
export const serverRanks: { readonly [R in ServerRole]: number } = {
  GUEST: 0,
  MEMBER: 1,
  MODERATOR: 2,
  ADMIN: 3,
  OWNER: 4,
}

export interface ServerPermission {
  readonly does: string
  /** The least role. */
  readonly from: ServerRole
  readonly besides?: string
}

export const serverPermissions = {
  createRoom: { does: 'make a room', from: 'MEMBER' },
  writeToRoommates: { does: 'write directly to those they share a room with', from: 'GUEST' },
  writeToAnyone: { does: 'write directly to anyone', from: 'MEMBER' },
  moderateRooms: { does: 'act as a moderator of every public room', from: 'MODERATOR' },
  ownRooms: { does: 'act as an owner of every public room', from: 'ADMIN' },
  administer: {
    does: 'disable accounts and change roles',
    from: 'ADMIN',
    besides: 'of those below them, to roles below their own; owners all',
  },
} as const satisfies Readonly<Record<string, ServerPermission>>

export type ServerAction = keyof typeof serverPermissions

export const mayOnServer = (role: ServerRole, action: ServerAction): boolean =>
  serverRanks[role] >= serverRanks[serverPermissions[action].from]
