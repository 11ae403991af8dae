// Which stream holds what, and what a stream's name says.

import { type ConversationId, type DirectId, type RoomId, rawId, type SessionId, type UserId } from './ids.ts'

export const conversationStream = (id: ConversationId): string =>
  id.startsWith('room_') ? `room-${rawId(id)}` : `dm-${rawId(id)}`
export const userStream = (id: UserId): string => `user-${rawId(id)}`
export const sessionStream = (id: SessionId): string => `session-${rawId(id)}`
export const usernameStream = (usernameKey: string): string => `username-${usernameKey}`
/** Who made the server theirs. */
export const ownerStream = 'owner'
export const slugStream = (slug: string): string => `roomslug-${slug}`
export const presenceStream = (id: UserId): string => `presence-${rawId(id)}`
/** What became of the invitations of one person. */
export const invitationsStream = (user: UserId): string => `invitations-${rawId(user)}`
export const readStream = (user: UserId, conversation: ConversationId): string => `read-${rawId(user)}-${conversation}`

/** What stands before the first hyphen. */
export function categoryOf(stream: string): string {
  const hyphen = stream.indexOf('-')
  return hyphen === -1 ? stream : stream.slice(0, hyphen)
}

/** Categories whose streams keep only their newest event. Each event there says the whole state. */
const keepingNewest: ReadonlySet<string> = new Set(['read', 'draft', 'presence'])

export const keepsOnlyNewest = (stream: string): boolean => keepingNewest.has(categoryOf(stream))

/** The public id of the conversation whose stream this is; undefined for any other stream. */
export function conversationOf(stream: string): ConversationId | undefined {
  if (stream.startsWith('room-')) return `room_${stream.slice(5)}` as RoomId
  if (stream.startsWith('dm-')) return `dm_${stream.slice(3)}` as DirectId
  return undefined
}
