// Invitations that wait for an answer.

import type { EventOf, Recorded } from '../src/domain/events.ts'
import { type DateTime, type RoomId, rawId, type UserId, userId } from '../src/domain/ids.ts'
import { projection, removed } from './projection.ts'

export interface InvitationDocument {
  readonly userId: UserId
  readonly roomId: RoomId
  readonly invitedBy?: UserId
  readonly invitedAt: DateTime
}

type InvitationRecord = Recorded<EventOf<'InvitationReceived' | 'InvitationAccepted' | 'InvitationDeclined'>>

const userOf = ({ stream }: { readonly stream: string }): UserId => userId(stream.slice('invitations-'.length))

export const invitationId = (room: RoomId, user: UserId): string => `invitation_${rawId(room)}_${rawId(user)}`

const of = (event: InvitationRecord) => invitationId(event.data.roomId, userOf(event))

export const invitations = projection<InvitationDocument>({
  name: 'invitations',
  version: 1,
  indexes: [{ userId: 1, invitedAt: -1 }],
  documentOf: { InvitationReceived: of, InvitationAccepted: of, InvitationDeclined: of },
  evolve: {
    InvitationReceived: (_, event) => ({
      userId: userOf(event),
      roomId: event.data.roomId,
      ...(event.data.invitedBy === undefined ? undefined : { invitedBy: event.data.invitedBy }),
      invitedAt: event.occurredAt,
    }),
    InvitationAccepted: (invitation) => invitation && removed,
    InvitationDeclined: (invitation) => invitation && removed,
  },
})
