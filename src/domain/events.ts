// Every event that Parley writes, as it is stored. Names and fields are for ever: add, never change.

import type { ConversationId, DateTime, MessageId, RoomId, SessionId, UserId } from './ids.ts'

export type RoomRole = 'OWNER' | 'MODERATOR' | 'MEMBER'
export type RoomVisibility = 'PUBLIC' | 'PRIVATE'
export type HistoryVisibility = 'ALL' | 'SINCE_JOINED'
export type ServerRole = 'OWNER' | 'ADMIN' | 'MODERATOR' | 'MEMBER' | 'GUEST'

type Empty = Readonly<Record<string, never>>

/** An event as a rule decides it. `id` is set only where the id means something (a message's is its event's). */
interface Event<T extends string, D = Empty, B = undefined> {
  readonly type: T
  readonly data: D
  readonly body?: B | undefined
  readonly id?: string | undefined
}

// ── a room ──

export type RoomCreated = Event<
  'RoomCreated',
  {
    readonly visibility: RoomVisibility
    readonly historyVisibility: HistoryVisibility
    readonly name: string
    readonly slug?: string
    readonly topic?: string
  }
>
/** Only what changed is there; `null` clears. */
export type RoomUpdated = Event<
  'RoomUpdated',
  {
    readonly name?: string
    readonly slug?: string | null
    readonly topic?: string | null
    readonly visibility?: RoomVisibility
    readonly historyVisibility?: HistoryVisibility
    readonly slowModeSeconds?: number
  }
>
export type RoomArchived = Event<'RoomArchived'>
export type RoomUnarchived = Event<'RoomUnarchived'>

// ── a direct conversation ──

/** `members`: everyone who is in it, for ever, sorted. */
export type DMOpened = Event<'DMOpened', { readonly members: readonly UserId[] }>

// ── who is in a conversation ──

/** `atNumber`: number of the newest message then. Joining reads up to there. */
export type UserJoined = Event<
  'UserJoined',
  { readonly userId: UserId; readonly role: RoomRole; readonly atNumber: number }
>
export type UserLeft = Event<'UserLeft', { readonly userId: UserId }>
export type UserInvited = Event<'UserInvited', { readonly userId: UserId }>
export type MemberRemoved = Event<'MemberRemoved', { readonly userId: UserId }, { readonly reason: string }>
export type MemberRoleChanged = Event<'MemberRoleChanged', { readonly userId: UserId; readonly role: RoomRole }>
/** `wasMember`: it ended a membership. */
export type MemberBanned = Event<
  'MemberBanned',
  { readonly userId: UserId; readonly wasMember?: true },
  { readonly reason: string }
>
export type MemberUnbanned = Event<'MemberUnbanned', { readonly userId: UserId }>

// ── messages ──

export interface SentData {
  /** 1, 2, 3 … within the conversation. */
  readonly number: number
  readonly clientMessageId?: string
  readonly mentions?: readonly UserId[]
  readonly mentionsRoom?: boolean
}
export interface SentBody {
  readonly text: string
  /** What the content is compared by when its key is used again. */
  readonly contentHash: string
}
export type MessageSent = Event<'MessageSent', SentData, SentBody>
export type DMSent = Event<'DMSent', SentData, SentBody>
/** `subjectRevision`: the revision that sent the message. The mentions are the whole new list. */
export type MessageEdited = Event<
  'MessageEdited',
  {
    readonly messageId: MessageId
    readonly subjectRevision: number
    readonly mentions?: readonly UserId[]
    readonly mentionsRoom?: boolean
  },
  { readonly text: string }
>
/** `forgets`: ids of the events whose bodies go. */
export type MessageDeleted = Event<
  'MessageDeleted',
  {
    readonly messageId: MessageId
    readonly subjectRevision: number
    readonly forgets: readonly string[]
    readonly cause: 'AUTHOR' | 'MODERATOR' | 'ERASED'
  },
  { readonly reason: string }
>

// ── accounts ──

export type UserRegistered = Event<
  'UserRegistered',
  { readonly username: string; readonly serverRole: ServerRole },
  { readonly displayName: string; readonly passwordHash: string }
>
export type GuestCreated = Event<'GuestCreated', { readonly username: string }, { readonly displayName: string }>
/** The guest's account goes on under a name of its own choice, with a password. */
export type GuestClaimed = Event<
  'GuestClaimed',
  { readonly username: string; readonly serverRole: ServerRole },
  { readonly displayName: string; readonly passwordHash: string }
>
export type ProfileUpdated = Event<
  'ProfileUpdated',
  { readonly fields: readonly ('displayName' | 'bio')[] },
  { readonly displayName?: string; readonly bio?: string | null }
>
/**
 * Ends every session but the one it names; `forgets`: the event that holds the hash before it. What that event says of the
 * person's display name is said again here, since it is forgotten with the hash.
 */
export type PasswordChanged = Event<
  'PasswordChanged',
  { readonly keptSessionId?: SessionId; readonly forgets: readonly string[] },
  { readonly passwordHash: string; readonly displayName?: string }
>
export type AllSessionsEnded = Event<'AllSessionsEnded', { readonly keptSessionId?: SessionId }>
export type UserDisabled = Event<'UserDisabled', Empty, { readonly reason: string }>
export type UserEnabled = Event<'UserEnabled'>
export type ServerRoleChanged = Event<'ServerRoleChanged', { readonly role: ServerRole }>

// ── sessions ──

/** `userRevision`: the revision of the account against which the person was verified. */
export type SessionStarted = Event<
  'SessionStarted',
  {
    readonly userId: UserId
    readonly userRevision: number
    /** base64url SHA-256 of the secret part of the token. */
    readonly tokenHash: string
    readonly expiresAt: DateTime
  },
  { readonly userAgent: string }
>
/** At most once a day. */
export type SessionUsed = Event<'SessionUsed'>
export type SessionEnded = Event<'SessionEnded'>

// ── reservations ──

export type UsernameClaimed = Event<'UsernameClaimed', { readonly userId: UserId }>
export type UsernameReleased = Event<'UsernameReleased', { readonly userId: UserId }>
export type SlugClaimed = Event<'SlugClaimed', { readonly roomId: RoomId }>
export type SlugReleased = Event<'SlugReleased', { readonly roomId: RoomId }>
/** Who made the server theirs, first of all. */
export type OwnerClaimed = Event<'OwnerClaimed', { readonly userId: UserId }>

// ── one's own ──

/** `revision`: that of the invitation in the room's stream. */
interface InvitationData {
  readonly roomId: RoomId
  readonly revision: number
}
export type InvitationReceived = Event<'InvitationReceived', InvitationData & { readonly invitedBy?: UserId }>
export type InvitationAccepted = Event<'InvitationAccepted', InvitationData>
export type InvitationDeclined = Event<'InvitationDeclined', InvitationData>

export type ReadMarkerAdvanced = Event<'ReadMarkerAdvanced', { readonly number: number; readonly messageId: MessageId }>

/**
 * The whole state. `nodes`: by node life, its devices. `status`: set by hand, `statusSince` then. `lastSeenAt`: when the last
 * device went, where none is there.
 */
export type PresenceChanged = Event<
  'PresenceChanged',
  {
    readonly nodes: Readonly<
      Record<string, readonly { readonly id: string; readonly since: DateTime; readonly away: boolean }[]>
    >
    readonly status?: 'ONLINE' | 'AWAY' | 'BUSY'
    readonly statusSince?: DateTime
    readonly lastSeenAt?: DateTime
  },
  { readonly statusText: string }
>

export type MembershipEvent =
  | UserJoined
  | UserLeft
  | UserInvited
  | MemberRemoved
  | MemberRoleChanged
  | MemberBanned
  | MemberUnbanned
export type MessageEvent = MessageSent | DMSent | MessageEdited | MessageDeleted
export type ConversationEvent =
  | RoomCreated
  | RoomUpdated
  | RoomArchived
  | RoomUnarchived
  | DMOpened
  | MembershipEvent
  | MessageEvent
export type AccountEvent =
  | UserRegistered
  | GuestCreated
  | GuestClaimed
  | ProfileUpdated
  | PasswordChanged
  | AllSessionsEnded
  | UserDisabled
  | UserEnabled
  | ServerRoleChanged
export type SessionEvent = SessionStarted | SessionUsed | SessionEnded
export type InvitationEvent = InvitationReceived | InvitationAccepted | InvitationDeclined
export type ReservationEvent = UsernameClaimed | UsernameReleased | SlugClaimed | SlugReleased | OwnerClaimed

export type ParleyEvent =
  | ConversationEvent
  | AccountEvent
  | SessionEvent
  | ReservationEvent
  | InvitationEvent
  | ReadMarkerAdvanced
  | PresenceChanged
export type EventType = ParleyEvent['type']
export type EventOf<T extends EventType> = Extract<ParleyEvent, { type: T }>

/** What stands around every event in the log. */
export interface Envelope {
  /** Raw UUID. */
  readonly id: string
  readonly stream: string
  /** From 0, in its stream. */
  readonly revision: number
  /** In the whole log; compares as a string. */
  readonly position: string
  readonly occurredAt: DateTime
  /** Absent where no person did it. */
  readonly actor?: UserId
  /** Set in the streams of conversations. */
  readonly conversationId?: ConversationId
}

export type Recorded<E extends ParleyEvent = ParleyEvent> = E extends ParleyEvent ? Envelope & Omit<E, 'id'> : never
