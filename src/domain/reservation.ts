// src/domain/reservation.ts: who has a name, or the server. One stream a name; the first event claims it, a later one frees it.

import { type Decision, happened, nothing, refuse } from './decision.ts'
import type {
  OwnerClaimed,
  ReservationEvent,
  SlugClaimed,
  SlugReleased,
  UsernameClaimed,
  UsernameReleased,
} from './events.ts'
import type { DateTime, RoomId, UserId } from './ids.ts'

export type Reservation =
  | { readonly status: 'free'; readonly everClaimed: boolean }
  | { readonly status: 'claimed'; readonly owner: UserId | RoomId; readonly since: DateTime }

export const initial: Reservation = { status: 'free', everClaimed: false }

export function evolve(
  _reservation: Reservation,
  event: ReservationEvent & { readonly occurredAt: DateTime },
): Reservation {
  switch (event.type) {
    case 'UsernameClaimed':
    case 'OwnerClaimed':
      return { status: 'claimed', owner: event.data.userId, since: event.occurredAt }
    case 'SlugClaimed':
      return { status: 'claimed', owner: event.data.roomId, since: event.occurredAt }
    case 'UsernameReleased':
    case 'SlugReleased':
      return { status: 'free', everClaimed: true }
    default:
      return event satisfies never
  }
}

/** How long a claim holds whose owner does not appear, in ms. */
export const abandonedAfterMs = 60_000

export interface Claim<Owner> {
  readonly owner: Owner
  readonly now: DateTime
  /** Whether the one who has it exists and goes by the name. Asked about `reservation.owner` before. */
  readonly holderExists: boolean
}

/** Claiming what one has already changes nothing. A claim whose owner never came may be taken over after a minute. */
export function claimUsername(
  reservation: Reservation,
  { owner, now, holderExists }: Claim<UserId>,
): Decision<UsernameClaimed> {
  if (reservation.status === 'claimed') {
    if (reservation.owner === owner) return nothing
    if (!mayTakeOver(reservation, now, holderExists))
      return refuse('CONFLICT', 'This username is taken. Choose another one.', 'username')
  }
  return happened({ type: 'UsernameClaimed', data: { userId: owner } })
}

export function claimSlug(
  reservation: Reservation,
  { owner, now, holderExists }: Claim<RoomId>,
): Decision<SlugClaimed> {
  if (reservation.status === 'claimed') {
    if (reservation.owner === owner) return nothing
    if (!mayTakeOver(reservation, now, holderExists))
      return refuse('CONFLICT', 'This slug is taken by another room. Choose another one.', 'slug')
  }
  return happened({ type: 'SlugClaimed', data: { roomId: owner } })
}

/** The server is never given back: an owner makes others. */
export function claimOwner(
  reservation: Reservation,
  { owner, now, holderExists }: Claim<UserId>,
): Decision<OwnerClaimed> {
  if (reservation.status === 'claimed') {
    if (reservation.owner === owner) return nothing
    if (!mayTakeOver(reservation, now, holderExists))
      return refuse(
        'CONFLICT',
        holderExists
          ? 'This server has an owner already. Sign in, or ask the owner.'
          : 'Somebody else is just making this server theirs. If they do not, try again in a minute.',
      )
  }
  return happened({ type: 'OwnerClaimed', data: { userId: owner } })
}

const mayTakeOver = (claimed: { readonly since: DateTime }, now: DateTime, holderExists: boolean): boolean =>
  !holderExists && Date.parse(now) - Date.parse(claimed.since) >= abandonedAfterMs

/** Freeing what one does not have changes nothing. */
export function releaseSlug(reservation: Reservation, { owner }: { readonly owner: RoomId }): Decision<SlugReleased> {
  if (reservation.status === 'free' || reservation.owner !== owner) return nothing
  return happened({ type: 'SlugReleased', data: { roomId: owner } })
}

export function releaseUsername(
  reservation: Reservation,
  { owner }: { readonly owner: UserId },
): Decision<UsernameReleased> {
  if (reservation.status === 'free' || reservation.owner !== owner) return nothing
  return happened({ type: 'UsernameReleased', data: { userId: owner } })
}
