// Public ids (a type, an underscore, a raw id) and how they are derived. Raw ids are lower-case UUIDs.

import { hash } from 'node:crypto'

type Branded<B extends string> = string & { readonly __id: B }
export type UserId = Branded<'user'>
export type RoomId = Branded<'room'>
export type DirectId = Branded<'dm'>
export type ConversationId = RoomId | DirectId
export type MessageId = Branded<'message'>
export type SessionId = Branded<'session'>
export type MembershipId = Branded<'membership'>

/** RFC 3339, UTC, milliseconds. Values compare as strings. */
export type DateTime = string & { readonly __time: true }

/** The namespace of every id that Parley derives. It is stored in what it made: it never changes. */
const namespace = '6f1f9c2e-5a0d-4c35-9d0e-7b0b0d1f3a77'
const namespaceBytes = Buffer.from(namespace.replaceAll('-', ''), 'hex')

/** A UUIDv5 (RFC 9562, 5.5) in Parley's namespace. */
export function derivedUuid(name: string): string {
  const hex = hash('sha1', named(name), 'hex')
  const variant = ((Number.parseInt(hex.charAt(16), 16) & 0x3) | 0x8).toString(16)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}

/** The namespace, then room for a name: an id is derived for each message, and most names fit. */
const scratch = Buffer.alloc(512)
namespaceBytes.copy(scratch)

/** The namespace and a name, in UTF-8; until the next one is asked for. */
function named(name: string): Buffer {
  const from = namespaceBytes.length
  // A UTF-16 unit takes three bytes at most.
  if (from + 3 * name.length <= scratch.length) return scratch.subarray(0, from + scratch.write(name, from))
  return Buffer.concat([namespaceBytes, Buffer.from(name)])
}

const uuidPattern = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}'
const publicIdPattern = new RegExp(`^(user|room|dm|message|session)_(${uuidPattern})$`)
const membershipPattern = new RegExp(`^membership_((?:room|dm)_${uuidPattern})_(${uuidPattern})$`)

export type PublicId =
  | { readonly type: 'user'; readonly id: UserId; readonly raw: string }
  | { readonly type: 'room'; readonly id: RoomId; readonly raw: string }
  | { readonly type: 'dm'; readonly id: DirectId; readonly raw: string }
  | { readonly type: 'message'; readonly id: MessageId; readonly raw: string }
  | { readonly type: 'session'; readonly id: SessionId; readonly raw: string }
  | {
      readonly type: 'membership'
      readonly id: MembershipId
      readonly conversationId: ConversationId
      readonly userId: UserId
    }

/** Reads a public id; undefined for anything that is none. */
export function parseId(text: string): PublicId | undefined {
  const plain = publicIdPattern.exec(text)
  // The pattern has just proved which of the types it is.
  if (plain) return { type: plain[1], id: text, raw: plain[2] } as PublicId
  const membership = membershipPattern.exec(text)
  if (!membership) return undefined
  return {
    type: 'membership',
    id: text as MembershipId,
    conversationId: membership[1] as ConversationId,
    userId: `user_${membership[2]}` as UserId,
  }
}

export const userId = (raw: string) => `user_${raw}` as UserId
export const roomId = (raw: string) => `room_${raw}` as RoomId
export const directId = (raw: string) => `dm_${raw}` as DirectId
export const messageId = (raw: string) => `message_${raw}` as MessageId
export const sessionId = (raw: string) => `session_${raw}` as SessionId

/** The raw part of a public id: what follows the first underscore. */
export const rawId = (id: string): string => id.slice(id.indexOf('_') + 1)

/** One person's membership of one conversation; stays the same when they leave and come back. */
export const membershipId = (conversation: ConversationId, user: UserId) =>
  `membership_${conversation}_${rawId(user)}` as MembershipId

/** The id of a message that its sender gave a key: the same author, conversation and key are the same message, for ever. */
export const keyedMessageId = (conversation: ConversationId, author: UserId, clientMessageId: string): MessageId =>
  messageId(derivedUuid(`${conversation}\n${author}\n${clientMessageId}`))

/** The direct conversation of these people, in whichever order they are named; each once. */
export const directIdOf = (members: readonly UserId[]): DirectId =>
  directId(derivedUuid([...new Set(members.map(rawId))].sort().join(',')))

/** The id of a room that was made with an idempotency key. */
export const keyedRoomId = (creator: UserId, key: string): RoomId => roomId(derivedUuid(`${creator}\n${key}`))

/** The id of an event that a process appends because of another event: doing it twice is doing it once. */
export const consequenceId = (causeEventId: string, type: string): string => derivedUuid(`${causeEventId}\n${type}`)

/** Whether a raw id was derived from something, so that the same can be made twice (a UUIDv5); others are made once. */
export const isDerived = (id: string): boolean => id.charAt(14) === '5'
