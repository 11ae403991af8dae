/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
interface DocumentTypeDecoration<TResult, TVariables> { __apiType?: (variables: TVariables) => TResult }
/** A guest. */
export type CreateGuestInput = {
  /** 1 to 64 characters; made up where it is left out. */
  readonly displayName?: string | null | undefined;
};

/** Why a command was refused, for programs. */
export type ErrorCode =
  /** The room is archived. */
  | 'ARCHIVED'
  /** A value cannot be accepted. */
  | 'BAD_INPUT'
  /** The present state contradicts the command. */
  | 'CONFLICT'
  /** The viewer may not do this. */
  | 'FORBIDDEN'
  /** It does not exist, or the viewer may not see it. */
  | 'NOT_FOUND'
  /** Too much, too fast. */
  | 'RATE_LIMITED'
  /** A value is longer than it may be. */
  | 'TOO_LARGE'
  /** Nobody is signed in, or the credentials are wrong. */
  | 'UNAUTHENTICATED'
  /** The log did not confirm in time. */
  | 'UNAVAILABLE';

/** Why a feed cannot be continued from a cursor. */
export type FeedResetReason =
  /** The log no longer holds the event that the cursor names (an older backup was restored). */
  | 'LOG_REPLACED'
  /** More than 10,000 events behind on inboxFeed, in all streams it merges, whatever the detail. */
  | 'TOO_FAR';

/** MESSAGES: messages sent, edited and deleted, and what InboxEvent lists beside them. EVERYTHING: every ConversationEvent too, for bots and clients that keep all conversations up to date. */
export type InboxDetail =
  /** Every ConversationEvent too. */
  | 'EVERYTHING'
  /** Messages sent, edited and deleted, and what InboxEvent lists beside them. */
  | 'MESSAGES';

/** Credentials. */
export type LoginInput = {
  /** The password of the account. */
  readonly password: string;
  /** Upper and lower case are the same. */
  readonly username: string;
};

/** What somebody is in a room. */
export type RoomRole =
  /** May read and write. */
  | 'MEMBER'
  /** May change its topic, delete messages and remove people below. */
  | 'MODERATOR'
  /** May do everything in the room. */
  | 'OWNER';

/** clientMessageId makes the send safe to repeat, for ever: the same author and key in a conversation send once. Without it each call sends. A text must be there. */
export type SendMessageInput = {
  /** 1 to 64 characters, compared byte by byte. */
  readonly clientMessageId?: string | null | undefined;
  /** Where to. */
  readonly conversationId: string;
  /** Markdown source, kept as it is; at most 8,000 characters. */
  readonly text?: string | null | undefined;
};

export type PersonFragment = { readonly id: string, readonly username: string, readonly displayName: string };

export type MessagePartsFragment = { readonly id: string, readonly number: number, readonly revision: number, readonly clientMessageId: string | null, readonly text: string | null, readonly sentAt: string, readonly editedAt: string | null, readonly deletedAt: string | null, readonly mentionsRoom: boolean, readonly mentions: ReadonlyArray<PersonFragment>, readonly author: PersonFragment | null };

type EventParts_DmOpened_Fragment = { readonly __typename: 'DMOpened', readonly cursor: string, readonly revision: number, readonly occurredAt: string, readonly actor: PersonFragment | null };

type EventParts_DmSent_Fragment = { readonly __typename: 'DMSent', readonly cursor: string, readonly revision: number, readonly occurredAt: string, readonly message: MessagePartsFragment | null, readonly actor: PersonFragment | null };

type EventParts_EventsSkipped_Fragment = { readonly __typename: 'EventsSkipped', readonly throughRevision: number, readonly cursor: string, readonly revision: number, readonly occurredAt: string, readonly actor: PersonFragment | null };

type EventParts_MemberRemoved_Fragment = { readonly __typename: 'MemberRemoved', readonly reason: string | null, readonly cursor: string, readonly revision: number, readonly occurredAt: string, readonly user: PersonFragment, readonly actor: PersonFragment | null };

type EventParts_MemberRoleChanged_Fragment = { readonly __typename: 'MemberRoleChanged', readonly role: RoomRole, readonly cursor: string, readonly revision: number, readonly occurredAt: string, readonly user: PersonFragment, readonly actor: PersonFragment | null };

type EventParts_MessageDeleted_Fragment = { readonly __typename: 'MessageDeleted', readonly cursor: string, readonly revision: number, readonly occurredAt: string, readonly message: MessagePartsFragment | null, readonly actor: PersonFragment | null };

type EventParts_MessageEdited_Fragment = { readonly __typename: 'MessageEdited', readonly cursor: string, readonly revision: number, readonly occurredAt: string, readonly message: MessagePartsFragment | null, readonly actor: PersonFragment | null };

type EventParts_MessageSent_Fragment = { readonly __typename: 'MessageSent', readonly cursor: string, readonly revision: number, readonly occurredAt: string, readonly message: MessagePartsFragment | null, readonly actor: PersonFragment | null };

type EventParts_RoomArchived_Fragment = { readonly __typename: 'RoomArchived', readonly cursor: string, readonly revision: number, readonly occurredAt: string, readonly actor: PersonFragment | null };

type EventParts_RoomCreated_Fragment = { readonly __typename: 'RoomCreated', readonly cursor: string, readonly revision: number, readonly occurredAt: string, readonly actor: PersonFragment | null };

type EventParts_RoomUnarchived_Fragment = { readonly __typename: 'RoomUnarchived', readonly cursor: string, readonly revision: number, readonly occurredAt: string, readonly actor: PersonFragment | null };

type EventParts_RoomUpdated_Fragment = { readonly __typename: 'RoomUpdated', readonly cursor: string, readonly revision: number, readonly occurredAt: string, readonly actor: PersonFragment | null };

type EventParts_UserInvited_Fragment = { readonly __typename: 'UserInvited', readonly cursor: string, readonly revision: number, readonly occurredAt: string, readonly user: PersonFragment, readonly actor: PersonFragment | null };

type EventParts_UserJoined_Fragment = { readonly __typename: 'UserJoined', readonly cursor: string, readonly revision: number, readonly occurredAt: string, readonly user: PersonFragment, readonly actor: PersonFragment | null };

type EventParts_UserLeft_Fragment = { readonly __typename: 'UserLeft', readonly cursor: string, readonly revision: number, readonly occurredAt: string, readonly user: PersonFragment, readonly actor: PersonFragment | null };

export type EventPartsFragment =
  | EventParts_DmOpened_Fragment
  | EventParts_DmSent_Fragment
  | EventParts_EventsSkipped_Fragment
  | EventParts_MemberRemoved_Fragment
  | EventParts_MemberRoleChanged_Fragment
  | EventParts_MessageDeleted_Fragment
  | EventParts_MessageEdited_Fragment
  | EventParts_MessageSent_Fragment
  | EventParts_RoomArchived_Fragment
  | EventParts_RoomCreated_Fragment
  | EventParts_RoomUnarchived_Fragment
  | EventParts_RoomUpdated_Fragment
  | EventParts_UserInvited_Fragment
  | EventParts_UserJoined_Fragment
  | EventParts_UserLeft_Fragment
;

export type ConversationFeedSubscriptionVariables = Exact<{
  conversationId: string;
  after?: string | null | undefined;
}>;


export type ConversationFeedSubscription = { readonly conversationFeed: { readonly cursor: string, readonly caughtUp: boolean, readonly reset: { readonly reason: FeedResetReason } | null, readonly events: ReadonlyArray<
      | EventParts_DmOpened_Fragment
      | EventParts_DmSent_Fragment
      | EventParts_EventsSkipped_Fragment
      | EventParts_MemberRemoved_Fragment
      | EventParts_MemberRoleChanged_Fragment
      | EventParts_MessageDeleted_Fragment
      | EventParts_MessageEdited_Fragment
      | EventParts_MessageSent_Fragment
      | EventParts_RoomArchived_Fragment
      | EventParts_RoomCreated_Fragment
      | EventParts_RoomUnarchived_Fragment
      | EventParts_RoomUpdated_Fragment
      | EventParts_UserInvited_Fragment
      | EventParts_UserJoined_Fragment
      | EventParts_UserLeft_Fragment
    > } };

export type InboxFeedSubscriptionVariables = Exact<{
  after?: string | null | undefined;
  detail: InboxDetail;
}>;


export type InboxFeedSubscription = { readonly inboxFeed: { readonly cursor: string, readonly caughtUp: boolean, readonly reset: { readonly reason: FeedResetReason } | null, readonly events: ReadonlyArray<
      | { readonly __typename: 'ConversationAdded', readonly cursor: string, readonly occurredAt: string, readonly conversation:
          | { readonly id: string }
          | { readonly id: string }
         | null }
      | { readonly __typename: 'ConversationRemoved', readonly conversationId: string, readonly cursor: string, readonly occurredAt: string }
      | (
        { readonly __typename: 'DMOpened', readonly cursor: string, readonly occurredAt: string, readonly conversation:
          | { readonly id: string }
          | { readonly id: string }
         | null }
        & EventParts_DmOpened_Fragment
      )
      | (
        { readonly __typename: 'DMSent', readonly cursor: string, readonly occurredAt: string, readonly conversation:
          | { readonly id: string }
          | { readonly id: string }
         | null }
        & EventParts_DmSent_Fragment
      )
      | (
        { readonly __typename: 'EventsSkipped', readonly cursor: string, readonly occurredAt: string, readonly conversation:
          | { readonly id: string }
          | { readonly id: string }
         | null }
        & EventParts_EventsSkipped_Fragment
      )
      | { readonly __typename: 'InvitationReceived', readonly cursor: string, readonly occurredAt: string, readonly invitation: { readonly id: string, readonly roomId: string, readonly roomName: string, readonly invitedAt: string, readonly invitedBy: PersonFragment | null } | null }
      | (
        { readonly __typename: 'MemberRemoved', readonly cursor: string, readonly occurredAt: string, readonly conversation:
          | { readonly id: string }
          | { readonly id: string }
         | null }
        & EventParts_MemberRemoved_Fragment
      )
      | (
        { readonly __typename: 'MemberRoleChanged', readonly cursor: string, readonly occurredAt: string, readonly conversation:
          | { readonly id: string }
          | { readonly id: string }
         | null }
        & EventParts_MemberRoleChanged_Fragment
      )
      | (
        { readonly __typename: 'MessageDeleted', readonly cursor: string, readonly occurredAt: string, readonly conversation:
          | { readonly id: string }
          | { readonly id: string }
         | null }
        & EventParts_MessageDeleted_Fragment
      )
      | (
        { readonly __typename: 'MessageEdited', readonly cursor: string, readonly occurredAt: string, readonly conversation:
          | { readonly id: string }
          | { readonly id: string }
         | null }
        & EventParts_MessageEdited_Fragment
      )
      | (
        { readonly __typename: 'MessageSent', readonly cursor: string, readonly occurredAt: string, readonly conversation:
          | { readonly id: string }
          | { readonly id: string }
         | null }
        & EventParts_MessageSent_Fragment
      )
      | { readonly __typename: 'ReadMarkerAdvanced', readonly number: number, readonly cursor: string, readonly occurredAt: string, readonly conversation:
          | { readonly id: string }
          | { readonly id: string }
         | null }
      | (
        { readonly __typename: 'RoomArchived', readonly cursor: string, readonly occurredAt: string, readonly conversation:
          | { readonly id: string }
          | { readonly id: string }
         | null }
        & EventParts_RoomArchived_Fragment
      )
      | (
        { readonly __typename: 'RoomCreated', readonly cursor: string, readonly occurredAt: string, readonly conversation:
          | { readonly id: string }
          | { readonly id: string }
         | null }
        & EventParts_RoomCreated_Fragment
      )
      | (
        { readonly __typename: 'RoomUnarchived', readonly cursor: string, readonly occurredAt: string, readonly conversation:
          | { readonly id: string }
          | { readonly id: string }
         | null }
        & EventParts_RoomUnarchived_Fragment
      )
      | (
        { readonly __typename: 'RoomUpdated', readonly cursor: string, readonly occurredAt: string, readonly conversation:
          | { readonly id: string }
          | { readonly id: string }
         | null }
        & EventParts_RoomUpdated_Fragment
      )
      | (
        { readonly __typename: 'UserInvited', readonly cursor: string, readonly occurredAt: string, readonly conversation:
          | { readonly id: string }
          | { readonly id: string }
         | null }
        & EventParts_UserInvited_Fragment
      )
      | (
        { readonly __typename: 'UserJoined', readonly cursor: string, readonly occurredAt: string, readonly conversation:
          | { readonly id: string }
          | { readonly id: string }
         | null }
        & EventParts_UserJoined_Fragment
      )
      | (
        { readonly __typename: 'UserLeft', readonly cursor: string, readonly occurredAt: string, readonly conversation:
          | { readonly id: string }
          | { readonly id: string }
         | null }
        & EventParts_UserLeft_Fragment
      )
    > } };

export type ConversationEventsQueryVariables = Exact<{
  conversationId: string;
  after?: string | null | undefined;
  first: number;
}>;


export type ConversationEventsQuery = { readonly conversation:
    | { readonly events: { readonly cursor: string, readonly caughtUp: boolean, readonly reset: { readonly reason: FeedResetReason } | null, readonly events: ReadonlyArray<
          | EventParts_DmOpened_Fragment
          | EventParts_DmSent_Fragment
          | EventParts_EventsSkipped_Fragment
          | EventParts_MemberRemoved_Fragment
          | EventParts_MemberRoleChanged_Fragment
          | EventParts_MessageDeleted_Fragment
          | EventParts_MessageEdited_Fragment
          | EventParts_MessageSent_Fragment
          | EventParts_RoomArchived_Fragment
          | EventParts_RoomCreated_Fragment
          | EventParts_RoomUnarchived_Fragment
          | EventParts_RoomUpdated_Fragment
          | EventParts_UserInvited_Fragment
          | EventParts_UserJoined_Fragment
          | EventParts_UserLeft_Fragment
        > } }
    | { readonly events: { readonly cursor: string, readonly caughtUp: boolean, readonly reset: { readonly reason: FeedResetReason } | null, readonly events: ReadonlyArray<
          | EventParts_DmOpened_Fragment
          | EventParts_DmSent_Fragment
          | EventParts_EventsSkipped_Fragment
          | EventParts_MemberRemoved_Fragment
          | EventParts_MemberRoleChanged_Fragment
          | EventParts_MessageDeleted_Fragment
          | EventParts_MessageEdited_Fragment
          | EventParts_MessageSent_Fragment
          | EventParts_RoomArchived_Fragment
          | EventParts_RoomCreated_Fragment
          | EventParts_RoomUnarchived_Fragment
          | EventParts_RoomUpdated_Fragment
          | EventParts_UserInvited_Fragment
          | EventParts_UserJoined_Fragment
          | EventParts_UserLeft_Fragment
        > } }
   | null };

export type ConversationStartQueryVariables = Exact<{
  conversationId: string;
}>;


export type ConversationStartQuery = { readonly conversation:
    | { readonly feedCursor: string, readonly revision: number }
    | { readonly feedCursor: string, readonly revision: number }
   | null };

export type MessagePageQueryVariables = Exact<{
  conversationId: string;
  last: number;
  before?: string | null | undefined;
}>;


export type MessagePageQuery = { readonly conversation:
    | { readonly feedCursor: string, readonly revision: number, readonly messages: { readonly pageInfo: { readonly hasPreviousPage: boolean, readonly startCursor: string | null }, readonly nodes: ReadonlyArray<MessagePartsFragment> } }
    | { readonly feedCursor: string, readonly revision: number, readonly messages: { readonly pageInfo: { readonly hasPreviousPage: boolean, readonly startCursor: string | null }, readonly nodes: ReadonlyArray<MessagePartsFragment> } }
   | null };

export type InboxStartQueryVariables = Exact<{ [key: string]: never; }>;


export type InboxStartQuery = { readonly viewer: { readonly feedCursor: string } | null };

export type WhoAmIQueryVariables = Exact<{ [key: string]: never; }>;


export type WhoAmIQuery = { readonly viewer: { readonly user: PersonFragment } | null };

export type SendMessageMutationVariables = Exact<{
  input: SendMessageInput;
}>;


export type SendMessageMutation = { readonly sendMessage:
    | { readonly __typename: 'ConflictError', readonly code: ErrorCode, readonly detail: string }
    | { readonly __typename: 'ForbiddenError', readonly code: ErrorCode, readonly detail: string }
    | { readonly __typename: 'NotFoundError', readonly code: ErrorCode, readonly detail: string }
    | { readonly __typename: 'RateLimitedError', readonly code: ErrorCode, readonly detail: string, readonly retryAfterSeconds: number }
    | { readonly __typename: 'SendMessagePayload', readonly duplicate: boolean, readonly message: MessagePartsFragment }
    | { readonly __typename: 'UnavailableError', readonly code: ErrorCode, readonly detail: string }
    | { readonly __typename: 'ValidationError', readonly code: ErrorCode, readonly detail: string }
   };

export type CreateGuestMutationVariables = Exact<{
  input: CreateGuestInput;
}>;


export type CreateGuestMutation = { readonly createGuest:
    | { readonly __typename: 'CreateGuestPayload', readonly token: string, readonly user: PersonFragment }
    | { readonly __typename: 'ForbiddenError', readonly code: ErrorCode, readonly detail: string }
    | { readonly __typename: 'RateLimitedError', readonly code: ErrorCode, readonly detail: string }
    | { readonly __typename: 'UnavailableError', readonly code: ErrorCode, readonly detail: string }
    | { readonly __typename: 'ValidationError', readonly code: ErrorCode, readonly detail: string }
   };

export type LoginMutationVariables = Exact<{
  input: LoginInput;
}>;


export type LoginMutation = { readonly login:
    | { readonly __typename: 'LoginPayload', readonly token: string, readonly user: PersonFragment }
    | { readonly __typename: 'RateLimitedError', readonly code: ErrorCode, readonly detail: string }
    | { readonly __typename: 'UnauthenticatedError', readonly code: ErrorCode, readonly detail: string }
    | { readonly __typename: 'UnavailableError', readonly code: ErrorCode, readonly detail: string }
    | { readonly __typename: 'ValidationError', readonly code: ErrorCode, readonly detail: string }
   };

export type LogoutMutationVariables = Exact<{ [key: string]: never; }>;


export type LogoutMutation = { readonly logout:
    | { readonly __typename: 'LogoutPayload', readonly endedSessions: number }
    | { readonly __typename: 'NotFoundError', readonly code: ErrorCode, readonly detail: string }
    | { readonly __typename: 'RateLimitedError', readonly code: ErrorCode, readonly detail: string }
    | { readonly __typename: 'UnavailableError', readonly code: ErrorCode, readonly detail: string }
   };

export class TypedDocumentString<TResult, TVariables>
  extends String
  implements DocumentTypeDecoration<TResult, TVariables>
{
  __apiType?: NonNullable<DocumentTypeDecoration<TResult, TVariables>['__apiType']>;
  private value: string;
  public __meta__?: Record<string, any> | undefined;

  constructor(value: string, __meta__?: Record<string, any> | undefined) {
    super(value);
    this.value = value;
    this.__meta__ = __meta__;
  }

  override toString(): string & DocumentTypeDecoration<TResult, TVariables> {
    return this.value;
  }
}
export const PersonFragmentDoc = new TypedDocumentString(`
    fragment Person on User {
  id
  username
  displayName
}
    `, {"fragmentName":"Person"}) as unknown as TypedDocumentString<PersonFragment, unknown>;
export const MessagePartsFragmentDoc = new TypedDocumentString(`
    fragment MessageParts on Message {
  id
  number
  revision
  clientMessageId
  text
  sentAt
  editedAt
  deletedAt
  mentionsRoom
  mentions {
    ...Person
  }
  author {
    ...Person
  }
}
    fragment Person on User {
  id
  username
  displayName
}`, {"fragmentName":"MessageParts"}) as unknown as TypedDocumentString<MessagePartsFragment, unknown>;
export const EventPartsFragmentDoc = new TypedDocumentString(`
    fragment EventParts on ConversationEvent {
  __typename
  cursor
  revision
  occurredAt
  actor {
    ...Person
  }
  ... on MessageSent {
    message {
      ...MessageParts
    }
  }
  ... on DMSent {
    message {
      ...MessageParts
    }
  }
  ... on MessageEdited {
    message {
      ...MessageParts
    }
  }
  ... on MessageDeleted {
    message {
      ...MessageParts
    }
  }
  ... on UserJoined {
    user {
      ...Person
    }
  }
  ... on UserLeft {
    user {
      ...Person
    }
  }
  ... on UserInvited {
    user {
      ...Person
    }
  }
  ... on MemberRemoved {
    reason
    user {
      ...Person
    }
  }
  ... on MemberRoleChanged {
    role
    user {
      ...Person
    }
  }
  ... on EventsSkipped {
    throughRevision
  }
}
    fragment Person on User {
  id
  username
  displayName
}
fragment MessageParts on Message {
  id
  number
  revision
  clientMessageId
  text
  sentAt
  editedAt
  deletedAt
  mentionsRoom
  mentions {
    ...Person
  }
  author {
    ...Person
  }
}`, {"fragmentName":"EventParts"}) as unknown as TypedDocumentString<EventPartsFragment, unknown>;
export const ConversationFeedDocument = new TypedDocumentString(`
    subscription ConversationFeed($conversationId: ID!, $after: FeedCursor) {
  conversationFeed(conversationId: $conversationId, after: $after) {
    cursor
    caughtUp
    reset {
      reason
    }
    events {
      ...EventParts
    }
  }
}
    fragment Person on User {
  id
  username
  displayName
}
fragment MessageParts on Message {
  id
  number
  revision
  clientMessageId
  text
  sentAt
  editedAt
  deletedAt
  mentionsRoom
  mentions {
    ...Person
  }
  author {
    ...Person
  }
}
fragment EventParts on ConversationEvent {
  __typename
  cursor
  revision
  occurredAt
  actor {
    ...Person
  }
  ... on MessageSent {
    message {
      ...MessageParts
    }
  }
  ... on DMSent {
    message {
      ...MessageParts
    }
  }
  ... on MessageEdited {
    message {
      ...MessageParts
    }
  }
  ... on MessageDeleted {
    message {
      ...MessageParts
    }
  }
  ... on UserJoined {
    user {
      ...Person
    }
  }
  ... on UserLeft {
    user {
      ...Person
    }
  }
  ... on UserInvited {
    user {
      ...Person
    }
  }
  ... on MemberRemoved {
    reason
    user {
      ...Person
    }
  }
  ... on MemberRoleChanged {
    role
    user {
      ...Person
    }
  }
  ... on EventsSkipped {
    throughRevision
  }
}`) as unknown as TypedDocumentString<ConversationFeedSubscription, ConversationFeedSubscriptionVariables>;
export const InboxFeedDocument = new TypedDocumentString(`
    subscription InboxFeed($after: FeedCursor, $detail: InboxDetail!) {
  inboxFeed(after: $after, detail: $detail) {
    cursor
    caughtUp
    reset {
      reason
    }
    events {
      __typename
      cursor
      occurredAt
      ... on ConversationEvent {
        ...EventParts
        conversation {
          id
        }
      }
      ... on ConversationAdded {
        conversation {
          id
        }
      }
      ... on ConversationRemoved {
        conversationId
      }
      ... on ReadMarkerAdvanced {
        number
        conversation {
          id
        }
      }
      ... on InvitationReceived {
        invitation {
          id
          roomId
          roomName
          invitedAt
          invitedBy {
            ...Person
          }
        }
      }
    }
  }
}
    fragment Person on User {
  id
  username
  displayName
}
fragment MessageParts on Message {
  id
  number
  revision
  clientMessageId
  text
  sentAt
  editedAt
  deletedAt
  mentionsRoom
  mentions {
    ...Person
  }
  author {
    ...Person
  }
}
fragment EventParts on ConversationEvent {
  __typename
  cursor
  revision
  occurredAt
  actor {
    ...Person
  }
  ... on MessageSent {
    message {
      ...MessageParts
    }
  }
  ... on DMSent {
    message {
      ...MessageParts
    }
  }
  ... on MessageEdited {
    message {
      ...MessageParts
    }
  }
  ... on MessageDeleted {
    message {
      ...MessageParts
    }
  }
  ... on UserJoined {
    user {
      ...Person
    }
  }
  ... on UserLeft {
    user {
      ...Person
    }
  }
  ... on UserInvited {
    user {
      ...Person
    }
  }
  ... on MemberRemoved {
    reason
    user {
      ...Person
    }
  }
  ... on MemberRoleChanged {
    role
    user {
      ...Person
    }
  }
  ... on EventsSkipped {
    throughRevision
  }
}`) as unknown as TypedDocumentString<InboxFeedSubscription, InboxFeedSubscriptionVariables>;
export const ConversationEventsDocument = new TypedDocumentString(`
    query ConversationEvents($conversationId: ID!, $after: FeedCursor, $first: Int!) {
  conversation(id: $conversationId) {
    events(first: $first, after: $after) {
      cursor
      caughtUp
      reset {
        reason
      }
      events {
        ...EventParts
      }
    }
  }
}
    fragment Person on User {
  id
  username
  displayName
}
fragment MessageParts on Message {
  id
  number
  revision
  clientMessageId
  text
  sentAt
  editedAt
  deletedAt
  mentionsRoom
  mentions {
    ...Person
  }
  author {
    ...Person
  }
}
fragment EventParts on ConversationEvent {
  __typename
  cursor
  revision
  occurredAt
  actor {
    ...Person
  }
  ... on MessageSent {
    message {
      ...MessageParts
    }
  }
  ... on DMSent {
    message {
      ...MessageParts
    }
  }
  ... on MessageEdited {
    message {
      ...MessageParts
    }
  }
  ... on MessageDeleted {
    message {
      ...MessageParts
    }
  }
  ... on UserJoined {
    user {
      ...Person
    }
  }
  ... on UserLeft {
    user {
      ...Person
    }
  }
  ... on UserInvited {
    user {
      ...Person
    }
  }
  ... on MemberRemoved {
    reason
    user {
      ...Person
    }
  }
  ... on MemberRoleChanged {
    role
    user {
      ...Person
    }
  }
  ... on EventsSkipped {
    throughRevision
  }
}`) as unknown as TypedDocumentString<ConversationEventsQuery, ConversationEventsQueryVariables>;
export const ConversationStartDocument = new TypedDocumentString(`
    query ConversationStart($conversationId: ID!) {
  conversation(id: $conversationId) {
    feedCursor
    revision
  }
}
    `) as unknown as TypedDocumentString<ConversationStartQuery, ConversationStartQueryVariables>;
export const MessagePageDocument = new TypedDocumentString(`
    query MessagePage($conversationId: ID!, $last: Int!, $before: String) {
  conversation(id: $conversationId) {
    feedCursor
    revision
    messages(last: $last, before: $before) {
      pageInfo {
        hasPreviousPage
        startCursor
      }
      nodes {
        ...MessageParts
      }
    }
  }
}
    fragment Person on User {
  id
  username
  displayName
}
fragment MessageParts on Message {
  id
  number
  revision
  clientMessageId
  text
  sentAt
  editedAt
  deletedAt
  mentionsRoom
  mentions {
    ...Person
  }
  author {
    ...Person
  }
}`) as unknown as TypedDocumentString<MessagePageQuery, MessagePageQueryVariables>;
export const InboxStartDocument = new TypedDocumentString(`
    query InboxStart {
  viewer {
    feedCursor
  }
}
    `) as unknown as TypedDocumentString<InboxStartQuery, InboxStartQueryVariables>;
export const WhoAmIDocument = new TypedDocumentString(`
    query WhoAmI {
  viewer {
    user {
      ...Person
    }
  }
}
    fragment Person on User {
  id
  username
  displayName
}`) as unknown as TypedDocumentString<WhoAmIQuery, WhoAmIQueryVariables>;
export const SendMessageDocument = new TypedDocumentString(`
    mutation SendMessage($input: SendMessageInput!) {
  sendMessage(input: $input) {
    __typename
    ... on SendMessagePayload {
      duplicate
      message {
        ...MessageParts
      }
    }
    ... on Error {
      code
      detail
    }
    ... on RateLimitedError {
      retryAfterSeconds
    }
  }
}
    fragment Person on User {
  id
  username
  displayName
}
fragment MessageParts on Message {
  id
  number
  revision
  clientMessageId
  text
  sentAt
  editedAt
  deletedAt
  mentionsRoom
  mentions {
    ...Person
  }
  author {
    ...Person
  }
}`) as unknown as TypedDocumentString<SendMessageMutation, SendMessageMutationVariables>;
export const CreateGuestDocument = new TypedDocumentString(`
    mutation CreateGuest($input: CreateGuestInput!) {
  createGuest(input: $input) {
    __typename
    ... on CreateGuestPayload {
      token
      user {
        ...Person
      }
    }
    ... on Error {
      code
      detail
    }
  }
}
    fragment Person on User {
  id
  username
  displayName
}`) as unknown as TypedDocumentString<CreateGuestMutation, CreateGuestMutationVariables>;
export const LoginDocument = new TypedDocumentString(`
    mutation Login($input: LoginInput!) {
  login(input: $input) {
    __typename
    ... on LoginPayload {
      token
      user {
        ...Person
      }
    }
    ... on Error {
      code
      detail
    }
  }
}
    fragment Person on User {
  id
  username
  displayName
}`) as unknown as TypedDocumentString<LoginMutation, LoginMutationVariables>;
export const LogoutDocument = new TypedDocumentString(`
    mutation Logout {
  logout {
    __typename
    ... on LogoutPayload {
      endedSessions
    }
    ... on Error {
      code
      detail
    }
  }
}
    `) as unknown as TypedDocumentString<LogoutMutation, LogoutMutationVariables>;