// src/domain/conversation.ts: what a room or a direct conversation is, as its stream tells it.

import { Map as PersistentMap, Set as PersistentSet } from 'immutable'
import type {
  ConversationEvent,
  DMOpened,
  HistoryVisibility,
  RoomCreated,
  RoomRole,
  RoomUpdated,
  RoomVisibility,
} from './events.ts'
import type { DateTime, UserId } from './ids.ts'

export interface Member {
  readonly role: RoomRole
  /** Revision of the event that made them a member this time. */
  readonly since: number
}

interface Common {
  readonly status: 'exists'
  readonly visibility: RoomVisibility
  readonly historyVisibility: HistoryVisibility
  readonly slowModeSeconds: number
  readonly archived: boolean
  readonly members: PersistentMap<UserId, Member>
  /** How many of the members are owners. */
  readonly owners: number
  /** Who was invited and is not in, with the revision of their newest invitation. They may have declined it. */
  readonly invited: PersistentMap<UserId, number>
  readonly bans: PersistentSet<UserId>
  /** When people last sent, while slow mode is on. Who leaves and comes back still waits. */
  readonly sentAt: PersistentMap<UserId, DateTime>
  /** Number of the newest message; 0 before the first. */
  readonly lastNumber: number
}

export interface OpenRoom extends Common {
  readonly kind: 'ROOM'
  readonly name: string
  /** What it was called when it was made: what a repeat of its making is compared with. */
  readonly madeAs: string
  /** Only while it is public. */
  readonly slug?: string | undefined
  readonly topic?: string | undefined
  readonly createdBy?: UserId | undefined
}

/** Its members never change. */
export interface OpenDirect extends Common {
  readonly kind: 'DIRECT'
}

export type OpenConversation = OpenRoom | OpenDirect
export type Conversation = { readonly status: 'none' } | OpenConversation

export const initial: Conversation = { status: 'none' }

/** What the fold needs of the envelope. */
interface Stored {
  readonly revision: number
  readonly occurredAt: DateTime
  readonly actor?: UserId
}

export function evolve(conversation: Conversation, event: ConversationEvent & Stored): Conversation {
  if (conversation.status === 'none') return begun(event) ?? conversation
  switch (event.type) {
    case 'MessageSent':
    case 'DMSent':
      return sent(conversation, event.data.number, event)
    case 'RoomUpdated':
      return conversation.kind === 'ROOM' ? updated(conversation, event.data) : conversation
    case 'RoomArchived':
      return { ...conversation, archived: true }
    case 'RoomUnarchived':
      return { ...conversation, archived: false }
    case 'UserJoined':
      return withMember(conversation, event.data.userId, { role: event.data.role, since: event.revision })
    case 'UserLeft':
    case 'MemberRemoved':
      return withoutMember(conversation, event.data.userId)
    case 'MemberBanned':
      return { ...withoutMember(conversation, event.data.userId), bans: conversation.bans.add(event.data.userId) }
    case 'MemberUnbanned':
      return { ...conversation, bans: conversation.bans.delete(event.data.userId) }
    case 'UserInvited':
      return { ...conversation, invited: conversation.invited.set(event.data.userId, event.revision) }
    case 'MemberRoleChanged': {
      const member = conversation.members.get(event.data.userId)
      return member ? withMember(conversation, event.data.userId, { ...member, role: event.data.role }) : conversation
    }
    case 'RoomCreated':
    case 'DMOpened':
    case 'MessageEdited':
    case 'MessageDeleted':
      return conversation
    default:
      return event satisfies never
  }
}

function begun(event: ConversationEvent & Stored): OpenConversation | undefined {
  switch (event.type) {
    case 'RoomCreated':
      return room(event)
    case 'DMOpened':
      return direct(event)
    default:
      return undefined
  }
}

const empty = {
  status: 'exists',
  slowModeSeconds: 0,
  archived: false,
  members: PersistentMap<UserId, Member>(),
  owners: 0,
  invited: PersistentMap<UserId, number>(),
  bans: PersistentSet<UserId>(),
  sentAt: PersistentMap<UserId, DateTime>(),
  lastNumber: 0,
} as const

const room = ({ data, actor }: RoomCreated & Stored): OpenRoom => ({
  ...empty,
  kind: 'ROOM',
  visibility: data.visibility,
  historyVisibility: data.historyVisibility,
  name: data.name,
  madeAs: data.name,
  slug: data.slug,
  topic: data.topic,
  createdBy: actor,
})

const direct = ({ data, revision }: DMOpened & Stored): OpenDirect => ({
  ...empty,
  kind: 'DIRECT',
  visibility: 'PRIVATE',
  historyVisibility: 'ALL',
  members: PersistentMap(data.members.map((user) => [user, { role: 'MEMBER', since: revision }])),
})

/** Who sent when is kept only while it matters, so that the usual message changes nothing but the number. */
function sent<C extends OpenConversation>(conversation: C, number: number, { actor, occurredAt }: Stored): C {
  const { slowModeSeconds, sentAt } = conversation
  return {
    ...conversation,
    lastNumber: number,
    ...(slowModeSeconds > 0 && actor ? { sentAt: sentAt.set(actor, occurredAt) } : undefined),
  }
}

function updated(before: OpenRoom, { slug, topic, ...changes }: RoomUpdated['data']): OpenRoom {
  return {
    ...before,
    ...changes,
    ...(changes.slowModeSeconds === 0 ? { sentAt: before.sentAt.clear() } : undefined),
    ...(slug === undefined ? undefined : { slug: slug ?? undefined }),
    ...(topic === undefined ? undefined : { topic: topic ?? undefined }),
  }
}

function withMember<C extends OpenConversation>(conversation: C, user: UserId, member: Member): C {
  const before = conversation.members.get(user)
  return {
    ...conversation,
    members: conversation.members.set(user, member),
    owners: conversation.owners - (before?.role === 'OWNER' ? 1 : 0) + (member.role === 'OWNER' ? 1 : 0),
    invited: conversation.invited.delete(user),
  }
}

function withoutMember<C extends OpenConversation>(conversation: C, user: UserId): C {
  const before = conversation.members.get(user)
  return {
    ...conversation,
    members: conversation.members.delete(user),
    owners: conversation.owners - (before?.role === 'OWNER' ? 1 : 0),
    invited: conversation.invited.delete(user),
  }
}
