// From stored events to the events that rules and read models know. The only place that knows of earlier shapes.

import type { EventType, Recorded } from '../domain/events.ts'
import type { ConversationId, DateTime, UserId } from '../domain/ids.ts'
import { conversationOf } from '../domain/streams.ts'
import type { Json, NewEvent, RecordedEvent } from './port.ts'

/** The version that is written now. An added field gets its default in `upcasters`, under the versions that lack it. */
export const schemaVersion = '1'

/** Every type, with the fields of `data` without which it says nothing. */
const required: { readonly [T in EventType]: readonly string[] } = {
  RoomCreated: ['visibility', 'historyVisibility', 'name'],
  RoomUpdated: [],
  RoomArchived: [],
  RoomUnarchived: [],
  DMOpened: ['members'],
  UserJoined: ['userId', 'role', 'atNumber'],
  UserLeft: ['userId'],
  UserInvited: ['userId'],
  MemberRemoved: ['userId'],
  MemberRoleChanged: ['userId', 'role'],
  MemberBanned: ['userId'],
  MemberUnbanned: ['userId'],
  MessageSent: ['number'],
  DMSent: ['number'],
  MessageEdited: ['messageId', 'subjectRevision'],
  MessageDeleted: ['messageId', 'subjectRevision', 'forgets'],
  UserRegistered: ['username', 'serverRole'],
  GuestCreated: ['username'],
  GuestClaimed: ['username', 'serverRole'],
  ProfileUpdated: ['fields'],
  PasswordChanged: ['forgets'],
  AllSessionsEnded: [],
  UserDisabled: [],
  UserEnabled: [],
  ServerRoleChanged: ['role'],
  SessionStarted: ['userId', 'userRevision', 'tokenHash', 'expiresAt'],
  SessionUsed: [],
  SessionEnded: [],
  UsernameClaimed: ['userId'],
  UsernameReleased: ['userId'],
  SlugClaimed: ['roomId'],
  SlugReleased: ['roomId'],
  OwnerClaimed: ['userId'],
  InvitationReceived: ['roomId', 'revision'],
  InvitationAccepted: ['roomId', 'revision'],
  InvitationDeclined: ['roomId', 'revision'],
  ReadMarkerAdvanced: ['number', 'messageId'],
  PresenceChanged: ['nodes'],
}

const requiredOf: ReadonlyMap<string, readonly string[]> = new Map(Object.entries(required))

const isEventType = (type: string): type is EventType => requiredOf.has(type)

/** By type: from the data of an earlier version to that of the present one. There has been one version so far. */
const upcasters: { readonly [T in EventType]?: (data: Json, version: string) => Json } = {}

/**
 * Why an event cannot be read: its bytes are damaged, its type is unknown (a newer node may have written it), or a field is missing.
 * Such events are skipped and counted; feeds show them as skipped.
 */
export interface Undecodable {
  readonly undecodable: string
}

/** Reads a stored event. What comes back is shared between readers: never changed. */
export function decode(event: RecordedEvent): Recorded | Undecodable {
  if (event.damaged !== undefined) return { undecodable: event.damaged }
  const type = event.type
  if (!isEventType(type)) return { undecodable: `The type ${type} is unknown to this version.` }
  const version = event.metadata.schemaVersion ?? schemaVersion
  const upcast = upcasters[type]
  const data = upcast ? upcast(event.data, version) : event.data
  for (const field of required[type]) if (data[field] === undefined) return { undecodable: `${type} lacks ${field}.` }
  const { occurredAt, actor } = event.metadata
  if (occurredAt === undefined) return { undecodable: `${type} lacks the time at which it occurred.` }
  const { id, stream, revision, position, body } = event
  const conversationId = knownConversationOf(stream)
  // Nearly all events are of these two shapes: written out, they are made and read quickest.
  if (conversationId !== undefined && actor !== undefined) {
    return asRecorded(
      body === undefined
        ? { id, type, data, stream, revision, position, occurredAt, actor, conversationId }
        : { id, type, data, stream, revision, position, occurredAt, body, actor, conversationId },
    )
  }
  return asRecorded({
    ...{ id, type, data, stream, revision, position, occurredAt },
    ...(body === undefined ? undefined : { body }),
    ...(actor === undefined ? undefined : { actor }),
    ...(conversationId === undefined ? undefined : { conversationId }),
  })
}

// The type was looked up and its required fields are there; the rest is what Parley itself wrote.
const asRecorded = (decoded: object): Recorded => decoded as Recorded

/** Remembered, so that the events of a busy conversation share one text instead of making, and hashing, one each. */
const conversations = new Map<string, ConversationId>()
const maxConversations = 2_000

function knownConversationOf(stream: string): ConversationId | undefined {
  const known = conversations.get(stream)
  if (known !== undefined) return known
  const id = conversationOf(stream)
  if (id === undefined) return undefined
  if (conversations.size >= maxConversations) conversations.clear()
  conversations.set(stream, id)
  return id
}

export const isDecoded = (event: Recorded | Undecodable): event is Recorded => !('undecodable' in event)

/** What is kept around an event besides its facts. */
export interface Occasion {
  readonly actor?: UserId | undefined
  readonly occurredAt: DateTime
  /** Of the request. */
  readonly correlationId: string
  /** The event or request that caused it. */
  readonly causationId: string
}

/** The one place that makes metadata. */
export const metadataOf = (occasion: Occasion): NewEvent['metadata'] => ({
  ...(occasion.actor === undefined ? undefined : { actor: occasion.actor }),
  occurredAt: occasion.occurredAt,
  schemaVersion,
  $correlationId: occasion.correlationId,
  $causationId: occasion.causationId,
})
