// The aggregates as the mailbox runs them: their folds bound to event types and snapshots.

import { Map as PersistentMap, Set as PersistentSet } from 'immutable'
import type { Document } from '../documents/port.ts'
import * as account from '../domain/account.ts'
import * as conversation from '../domain/conversation.ts'
import type {
  AccountEvent,
  ConversationEvent,
  EventType,
  InvitationEvent,
  ParleyEvent,
  PresenceChanged,
  ReadMarkerAdvanced,
  Recorded,
  ReservationEvent,
  SessionEvent,
} from '../domain/events.ts'
import type { DateTime, UserId } from '../domain/ids.ts'
import * as invitation from '../domain/invitations.ts'
import * as presence from '../domain/presence.ts'
import * as readMarker from '../domain/readMarker.ts'
import * as reservation from '../domain/reservation.ts'
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

const conversationTypes: readonly ConversationEvent['type'][] = [
  'RoomCreated',
  'RoomUpdated',
  'RoomArchived',
  'RoomUnarchived',
  'DMOpened',
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

export const conversations: Aggregate<conversation.Conversation, ConversationEvent> = {
  name: 'conversation',
  initial: conversation.initial,
  evolve: conversation.evolve,
  types: new Set(conversationTypes),
  snapshot: {
    version: 4,
    write(state) {
      if (state.status === 'none') return undefined
      const { members, invited, bans, sentAt, ...rest } = state
      return {
        // Without what is undefined.
        ...Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined)),
        // Sorted, so that equal states are written alike.
        members: sorted(members),
        invited: sorted(invited),
        bans: [...bans].sort(),
        sentAt: sorted(sentAt),
      }
    },
    read(document) {
      // Written by `write` of this very version.
      const stored = document as unknown as Omit<
        conversation.OpenConversation,
        'members' | 'invited' | 'bans' | 'sentAt'
      > & {
        readonly members: Iterable<[UserId, conversation.Member]>
        readonly invited: Iterable<[UserId, number]>
        readonly bans: Iterable<UserId>
        readonly sentAt: Iterable<[UserId, DateTime]>
      }
      return {
        ...stored,
        members: PersistentMap(stored.members),
        invited: PersistentMap(stored.invited),
        bans: PersistentSet(stored.bans),
        sentAt: PersistentMap(stored.sentAt),
      } as conversation.OpenConversation
    },
  },
}

const sorted = <V>(map: PersistentMap<UserId, V>): readonly [UserId, V][] =>
  [...map.entries()].sort(([a], [b]) => (a < b ? -1 : 1))

/** Of one person: what became of their invitations. */
export const invitations: Aggregate<invitation.Invitations, InvitationEvent> = {
  name: 'invitations',
  initial: invitation.initial,
  evolve: invitation.evolve,
  types: new Set<InvitationEvent['type']>(['InvitationReceived', 'InvitationAccepted', 'InvitationDeclined']),
}

export const accounts: Aggregate<account.Account, AccountEvent> = {
  name: 'account',
  initial: account.initial,
  evolve: account.evolve,
  types: new Set<AccountEvent['type']>([
    'UserRegistered',
    'GuestCreated',
    'GuestClaimed',
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
  types: new Set<ReservationEvent['type']>([
    'UsernameClaimed',
    'UsernameReleased',
    'SlugClaimed',
    'SlugReleased',
    'OwnerClaimed',
  ]),
}

export const readMarkers: Aggregate<readMarker.ReadMarker, ReadMarkerAdvanced> = {
  name: 'readMarker',
  initial: readMarker.initial,
  evolve: readMarker.evolve,
  types: new Set<ReadMarkerAdvanced['type']>(['ReadMarkerAdvanced']),
}

export const presences: Aggregate<presence.Presence, PresenceChanged> = {
  name: 'presence',
  initial: presence.initial,
  evolve: presence.evolve,
  types: new Set<PresenceChanged['type']>(['PresenceChanged']),
}
