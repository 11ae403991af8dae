// The aggregates as the mailbox runs them: their folds bound to event types and snapshots.

import { Map as PersistentMap, Set as PersistentSet } from 'immutable'
import type { Document } from '../documents/port.ts'
import * as account from '../domain/account.ts'
import type {
  AccountEvent,
  EventType,
  ParleyEvent,
  ReadMarkerAdvanced,
  Recorded,
  ReservationEvent,
  RoomEvent,
  SessionEvent,
} from '../domain/events.ts'
import * as readMarker from '../domain/readMarker.ts'
import * as reservation from '../domain/reservation.ts'
import * as room from '../domain/room.ts'
import * as session from '../domain/session.ts'

export interface Aggregate<State, E extends ParleyEvent> {
  readonly name: string
  readonly initial: State
  evolve(state: State, event: E & Recorded): State
  /** The types that the fold knows; others in the stream are passed over. */
  readonly types: ReadonlySet<EventType>
  /** Only where streams grow long. */
  readonly snapshot?: {
    /** Raised whenever the state comes out differently: older snapshots are then ignored. */
    readonly version: number
    write(state: State): Document | undefined
    read(document: Document): State
  }
}

const roomTypes: readonly RoomEvent['type'][] = [
  'RoomCreated',
  'RoomUpdated',
  'RoomArchived',
  'RoomUnarchived',
  'UserJoined',
  'UserLeft',
  'UserInvited',
  'MemberRemoved',
  'MemberRoleChanged',
  'MemberBanned',
  'MemberUnbanned',
  'MessageSent',
  'DMSent',
  'MessageEdited',
  'MessageDeleted',
]

export const rooms: Aggregate<room.Room, RoomEvent> = {
  name: 'room',
  initial: room.initial,
  evolve: room.evolve,
  types: new Set(roomTypes),
  snapshot: {
    version: 2,
    write(state) {
      if (state.status === 'none') return undefined
      const { members, invited, bans, slug, topic, createdBy, ...rest } = state
      return {
        ...rest,
        ...(slug === undefined ? undefined : { slug }),
        ...(topic === undefined ? undefined : { topic }),
        ...(createdBy === undefined ? undefined : { createdBy }),
        // Sorted, so that equal states are written alike.
        members: [...members.entries()].sort(([a], [b]) => (a < b ? -1 : 1)),
        invited: [...invited].sort(),
        bans: [...bans].sort(),
      }
    },
    read(document) {
      // Written by `write` of this very version.
      const stored = document as unknown as Omit<room.OpenRoom, 'members' | 'invited' | 'bans'> & {
        readonly members: Iterable<[room.Actor['user'], room.Member]>
        readonly invited: Iterable<room.Actor['user']>
        readonly bans: Iterable<room.Actor['user']>
      }
      return {
        ...stored,
        members: PersistentMap(stored.members),
        invited: PersistentSet(stored.invited),
        bans: PersistentSet(stored.bans),
      }
    },
  },
}

export const accounts: Aggregate<account.Account, AccountEvent> = {
  name: 'account',
  initial: account.initial,
  evolve: account.evolve,
  types: new Set<AccountEvent['type']>([
    'UserRegistered',
    'GuestCreated',
    'ProfileUpdated',
    'PasswordChanged',
    'AllSessionsEnded',
    'UserDisabled',
    'UserEnabled',
    'ServerRoleChanged',
  ]),
}

export const sessions: Aggregate<session.Session, SessionEvent> = {
  name: 'session',
  initial: session.initial,
  evolve: session.evolve,
  types: new Set<SessionEvent['type']>(['SessionStarted', 'SessionUsed', 'SessionEnded']),
}

export const reservations: Aggregate<reservation.Reservation, ReservationEvent> = {
  name: 'reservation',
  initial: reservation.initial,
  evolve: reservation.evolve,
  types: new Set<ReservationEvent['type']>(['UsernameClaimed', 'UsernameReleased', 'SlugClaimed', 'SlugReleased']),
}

export const readMarkers: Aggregate<readMarker.ReadMarker, ReadMarkerAdvanced> = {
  name: 'readMarker',
  initial: readMarker.initial,
  evolve: readMarker.evolve,
  types: new Set<ReadMarkerAdvanced['type']>(['ReadMarkerAdvanced']),
}
