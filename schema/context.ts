// What resolvers can reach: the parts of the server, who asks, and what lives for one operation only.

import { GraphQLError } from 'graphql'
import type { Identity, Sessions } from '../src/accounts/sessions.ts'
import type { AccountCommands } from '../src/commands/accounts.ts'
import type { DirectCommands } from '../src/commands/directs.ts'
import type { InvitationCommands } from '../src/commands/invitations.ts'
import type { MessageCommands } from '../src/commands/messages.ts'
import type { By } from '../src/commands/occasion.ts'
import type { OwnershipCommands } from '../src/commands/ownership.ts'
import type { PresenceCommands } from '../src/commands/presence.ts'
import type { ReadMarkerCommands } from '../src/commands/readMarkers.ts'
import type { RoomCommands } from '../src/commands/rooms.ts'
import type { SigningCommands } from '../src/commands/signing.ts'
import type { TypingCommands } from '../src/commands/typing.ts'
import type { ConversationId } from '../src/domain/ids.ts'
import type { Live } from '../src/live/live.ts'
import type { Presence } from '../src/live/presence/presence.ts'
import type { PresenceFeeds } from '../src/live/presence/presenceFeeds.ts'
import type { ServerFeeds } from '../src/live/serverFeed.ts'
import type { Typing } from '../src/live/typing.ts'
import type { Asking } from '../src/queries/asking.ts'
import { Consistency } from '../src/queries/consistency.ts'
import { type Loaders, loadersFor } from '../src/queries/loaders.ts'
import type { PeopleQueries } from '../src/queries/people.ts'
import type { Queries } from '../src/queries/queries.ts'

/** The parts of a running server that the API is made of. */
export interface App {
  readonly commands: {
    readonly directs: DirectCommands
    readonly invitations: InvitationCommands
    readonly accounts: AccountCommands
    readonly signing: SigningCommands
    readonly ownership: OwnershipCommands
    readonly rooms: RoomCommands
    readonly messages: MessageCommands
    readonly readMarkers: ReadMarkerCommands
    readonly presence: PresenceCommands
    readonly typing: TypingCommands
  }
  readonly queries: Queries
  readonly people: PeopleQueries
  readonly live: Live
  readonly presence: Presence
  readonly presenceFeeds: PresenceFeeds
  readonly typing: Typing
  readonly serverFeeds: ServerFeeds
  readonly sessions: Sessions
  readonly server: ServerFacts
}

/** What the server says of itself. */
export interface ServerFacts {
  readonly name: string
  readonly version: string
  /** ms since 1970. */
  readonly startedAt: number
  readonly messageLength: number
  readonly attachmentBytes: number
  /** ms since 1970. */
  now(): number
  /** Open client connections: sockets and streams. */
  connectionCount(): number
  /** Whether this account may do one more thing now; false with a time when not. */
  allow(
    user: Identity['userId'],
  ): { readonly allowed: true } | { readonly allowed: false; readonly retryAfterSeconds: number }
}

/** Who asks, over what. */
export interface Caller {
  /** Absent for anonymous callers. */
  readonly identity?: Identity
  /** The client's address, behind trusted proxies too. */
  readonly address: string
  readonly userAgent?: string
  /** A socket keeps it for its life; plain HTTP gets one a request. */
  readonly connectionId: string
  /** Of this request or operation: kept with the events it causes. */
  readonly correlationId: string
}

/** Made anew for each operation, and for each frame of a subscription. */
export interface Context {
  readonly app: App
  readonly caller: Caller
  readonly consistency: Consistency
  readonly loaders: Loaders
  /** Set by an operation that signs somebody in: the session that has begun. */
  readonly began: { session?: Identity['id'] }
}

export interface ContextOptions {
  readonly app: App
  readonly caller: Caller
  /** What the reads must see at least. */
  readonly atLeast?: ConstructorParameters<typeof Consistency>[1]
  /** The log does not reach `atLeast`. */
  readonly unreachable?: boolean
  /** For a frame of a feed. */
  readonly frame?: boolean
  /** Nothing of these conversations as they are now: for the last frame of somebody who has lost them since. */
  readonly withheld?: ReadonlySet<ConversationId>
}

export function createContext({
  app,
  caller,
  atLeast,
  unreachable = false,
  frame = false,
  withheld,
}: ContextOptions): Context {
  const { models } = app.queries
  const consistency = new Consistency(models, atLeast, { unreachable })
  const viewer = caller.identity?.userId
  return { app, caller, consistency, loaders: loadersFor({ models, consistency, viewer, frame, withheld }), began: {} }
}

/** @throws GraphQLError UNAUTHENTICATED for anonymous callers */
export function signedIn({ caller }: Context): Identity {
  if (caller.identity) return caller.identity
  throw new GraphQLError(
    'Sign in first: send the token of register, login or createGuest as "Authorization: Bearer …".',
    {
      extensions: { code: 'UNAUTHENTICATED' },
    },
  )
}

/** Who does it, for a command. */
export function by(context: Context): By {
  const actor = context.app.sessions.actorOf(signedIn(context))
  return { actor, requester: { user: actor.user, correlationId: context.caller.correlationId } }
}

/** Who asks, for a query. @throws GraphQLError UNAUTHENTICATED for anonymous callers */
export function asking(context: Context): Asking {
  const { consistency, loaders } = context
  return { viewer: signedIn(context).userId, consistency, loaders }
}

/** What the log says must be there. @throws GraphQLError UNAVAILABLE when the read models could not show it in time */
export function present<T>(found: T | undefined | null): T {
  if (found != null) return found
  throw new GraphQLError('This is not readable yet: the read models are behind. Ask again in a moment.', {
    extensions: { code: 'UNAVAILABLE' },
  })
}
