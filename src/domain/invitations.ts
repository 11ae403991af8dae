// src/domain/invitations.ts: what became of the invitations of one person. The rooms invite; a process brings it here.

import { Map as PersistentMap } from 'immutable'
import { type Decision, happened, nothing, refuse } from './decision.ts'
import type { InvitationAccepted, InvitationDeclined, InvitationEvent, InvitationReceived } from './events.ts'
import type { RoomId, UserId } from './ids.ts'

interface Invitation {
  readonly status: 'pending' | 'accepted' | 'declined'
  /** Of the invitation in the room's stream. */
  readonly revision: number
}

/** The newest invitation to each room. */
export type Invitations = PersistentMap<RoomId, Invitation>

export const initial: Invitations = PersistentMap()

export function evolve(invitations: Invitations, { type, data }: InvitationEvent): Invitations {
  const { roomId, revision } = data
  switch (type) {
    case 'InvitationReceived':
      return invitations.set(roomId, { status: 'pending', revision })
    case 'InvitationAccepted':
      return invitations.set(roomId, { status: 'accepted', revision })
    case 'InvitationDeclined':
      return invitations.set(roomId, { status: 'declined', revision })
    default:
      return type satisfies never
  }
}

export interface Receive {
  readonly roomId: RoomId
  readonly revision: number
  readonly invitedBy?: UserId | undefined
  /** Derived from the event that caused it. */
  readonly eventId: string
}

/** Told by the room: an invitation that is no news changes nothing. */
export function receive(
  invitations: Invitations,
  { roomId, revision, invitedBy, eventId }: Receive,
): Decision<InvitationReceived> {
  if ((invitations.get(roomId)?.revision ?? -1) >= revision) return nothing
  const data = { roomId, revision, ...(invitedBy === undefined ? undefined : { invitedBy }) }
  return happened({ type: 'InvitationReceived', data, id: eventId })
}

export interface Accept {
  readonly roomId: RoomId
  /** Of the joining, in the room's stream. */
  readonly joined: number
  readonly eventId: string
}

/** Told by the room: joining accepts what was received before it. */
export function accept(invitations: Invitations, { roomId, joined, eventId }: Accept): Decision<InvitationAccepted> {
  const invitation = invitations.get(roomId)
  if (invitation?.status !== 'pending' || invitation.revision > joined) return nothing
  return happened({ type: 'InvitationAccepted', data: { roomId, revision: invitation.revision }, id: eventId })
}

export interface Withdraw {
  readonly roomId: RoomId
  /** Of the ban, in the room's stream. */
  readonly banned: number
  readonly eventId: string
}

/** Told by the room: a ban takes the invitations before it away, also for when it is lifted. */
export function withdraw(
  invitations: Invitations,
  { roomId, banned, eventId }: Withdraw,
): Decision<InvitationDeclined> {
  const invitation = invitations.get(roomId)
  if (invitation?.status !== 'pending' || invitation.revision > banned) return nothing
  return happened({ type: 'InvitationDeclined', data: { roomId, revision: invitation.revision }, id: eventId })
}

/** Declining twice changes nothing. */
export function decline(
  invitations: Invitations,
  { roomId }: { readonly roomId: RoomId },
): Decision<InvitationDeclined> {
  const invitation = invitations.get(roomId)
  if (!invitation || invitation.status === 'accepted')
    return refuse('NOT_FOUND', 'You have no invitation to such a room.', 'roomId')
  if (invitation.status === 'declined') return nothing
  return happened({ type: 'InvitationDeclined', data: { roomId, revision: invitation.revision } })
}

/** Revision of the newest invitation to a room, where it was declined. */
export function declinedRevision(invitations: Invitations, room: RoomId): number | undefined {
  const invitation = invitations.get(room)
  return invitation?.status === 'declined' ? invitation.revision : undefined
}
