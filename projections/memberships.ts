// Who is a member of what, as whom, and how far joining and sending have read.

import type { RoomRole } from '../src/domain/events.ts'
import { type ConversationId, type DateTime, membershipId, type UserId, userId } from '../src/domain/ids.ts'
import { projection, removed } from './projection.ts'

export interface MembershipDocument {
  readonly conversationId: ConversationId
  readonly userId: UserId
  readonly role: RoomRole
  readonly joinedAt: DateTime
  /** Revision of the event that made them a member this time: the order of a list of members. */
  readonly joinedRevision: number
  /** Read up to here by joining and by sending; the read marker may be further. */
  readonly readNumber: number
}

const of = (event: { readonly conversationId?: ConversationId }, user: UserId | undefined) =>
  event.conversationId === undefined || user === undefined ? undefined : membershipId(event.conversationId, user)

const sent = (
  membership: MembershipDocument | undefined,
  event: { readonly data: { readonly number: number } },
): MembershipDocument | undefined => membership && { ...membership, readNumber: event.data.number }

export const memberships = projection<MembershipDocument>({
  name: 'memberships',
  version: 2,
  access: true,
  indexes: [
    { conversationId: 1, joinedRevision: 1 },
    { userId: 1, conversationId: 1 },
  ],
  documentOf: {
    DMOpened: ({ conversationId, data }) =>
      conversationId && data.members.map((member) => membershipId(conversationId, member)),
    UserJoined: (event) => of(event, event.data.userId),
    UserLeft: (event) => of(event, event.data.userId),
    MemberRemoved: (event) => of(event, event.data.userId),
    MemberBanned: (event) => of(event, event.data.userId),
    MemberRoleChanged: (event) => of(event, event.data.userId),
    MessageSent: (event) => of(event, event.actor),
    DMSent: (event) => of(event, event.actor),
  },
  evolve: {
    DMOpened: (_, event, id) =>
      event.conversationId && {
        conversationId: event.conversationId,
        userId: userId(id.slice(id.lastIndexOf('_') + 1)),
        role: 'MEMBER',
        joinedAt: event.occurredAt,
        joinedRevision: event.revision,
        readNumber: 0,
      },
    UserJoined: (_, event) =>
      event.conversationId && {
        conversationId: event.conversationId,
        userId: event.data.userId,
        role: event.data.role,
        joinedAt: event.occurredAt,
        joinedRevision: event.revision,
        readNumber: event.data.atNumber,
      },
    UserLeft: (membership) => membership && removed,
    MemberRemoved: (membership) => membership && removed,
    MemberBanned: (membership) => membership && removed,
    MemberRoleChanged: (membership, event) => membership && { ...membership, role: event.data.role },
    MessageSent: sent,
    DMSent: sent,
  },
})
