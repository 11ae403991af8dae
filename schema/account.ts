// People and the viewer: who is there, signing in and out, profiles.

import { GraphQLError } from 'graphql'
import type { SessionDocument } from '../projections/sessions.ts'
import type { UserDocument } from '../projections/users.ts'
import type { SignedIn } from '../src/commands/accounts.ts'
import { unlessUnavailable } from '../src/commands/input.ts'
import type { ServerRole } from '../src/domain/events.ts'
import { parseId, type SessionId, type UserId } from '../src/domain/ids.ts'
import type { Position } from '../src/eventstore/port.ts'
import type { Found } from '../src/queries/loaders.ts'
import { BadInput } from '../src/queries/page.ts'
import { builder } from './builder.ts'
import { asking, by, type Context, signedIn } from './context.ts'
import { resultType, tooMuch } from './errors.ts'
import { Node } from './node.ts'

const serverRoles = {
  OWNER: { description: 'Made the server theirs; may do everything.' },
  ADMIN: { description: 'Administers accounts, and acts as an owner in public rooms.' },
  MODERATOR: { description: 'Acts as a moderator in public rooms.' },
  MEMBER: { description: 'An ordinary account.' },
  GUEST: { description: 'Came without registering.' },
} satisfies Record<ServerRole, unknown>

const ServerRoleType = builder.enumType('ServerRole', {
  description: 'What somebody is on the server.',
  values: serverRoles,
})

const UserKind = builder.enumType('UserKind', {
  description: 'What kind of account it is.',
  values: {
    HUMAN: { description: 'A registered person.' },
    GUEST: { description: 'A person without a password.' },
    BOT: { description: 'A program.' },
    SYSTEM: { description: 'The server itself.' },
  },
})

export const User = builder.objectRef<Found<UserDocument>>('User').implement({
  description: 'A person, or a program, with an account.',
  interfaces: [Node],
  fields: (t) => ({
    username: t.exposeString('username', { description: 'Unique; as it was written when the account was made.' }),
    displayName: t.string({
      description: 'What others see; the username where none was given.',
      resolve: ({ displayName, username }) => displayName ?? username,
    }),
    kind: t.field({ type: UserKind, description: 'What kind of account it is.', resolve: ({ kind }) => kind }),
    serverRole: t.expose('serverRole', { type: ServerRoleType, description: 'What they are on the server.' }),
    bio: t.exposeString('bio', { nullable: true, description: 'What they say of themselves.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When the account was made.' }),
  }),
})

type FoundSession = Found<Omit<SessionDocument, 'userId' | 'userRevision' | 'tokenHash' | 'ended'>> & {
  readonly fresh?: boolean
}

const Session = builder.objectRef<FoundSession>('Session').implement({
  description: 'One sign-in, from its beginning to its end. Only its own person sees it.',
  interfaces: [Node],
  fields: (t) => ({
    createdAt: t.expose('startedAt', { type: 'DateTime', description: 'When it began.' }),
    lastUsedAt: t.expose('lastUsedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it was last used; noted at most once a day.',
    }),
    expiresAt: t.expose('expiresAt', {
      type: 'DateTime',
      nullable: true,
      description: 'The last moment at which it can hold; unused, it ends earlier.',
    }),
    userAgent: t.exposeString('userAgent', { nullable: true, description: 'What the client said it was.' }),
    current: t.boolean({
      description: 'Whether it is the one of this request, or has just begun with it.',
      resolve: ({ id, fresh }, _, { caller }) => fresh === true || caller.identity?.id === id,
    }),
  }),
})

interface ViewerBacking {
  readonly id: UserId
  readonly session: SessionId
}

export const Viewer = builder.objectRef<ViewerBacking>('Viewer').implement({
  description: 'The signed-in account, and what concerns it.',
  fields: (t) => ({
    id: t.exposeID('id', { description: "The account's id." }),
    user: t.field({
      type: User,
      description: 'The account as others see it.',
      resolve: async ({ id }, _, { loaders }) => present(await loaders.users.load(id)),
    }),
    session: t.field({
      type: Session,
      nullable: true,
      description: "The session of this request. Null for a bot's token.",
      resolve: ({ session }, _, { loaders }) => loaders.sessions.load(session),
    }),
    unreadCount: t.int({
      description: 'Messages not read yet, over all conversations.',
      resolve: async (_, __, context) => {
        const joined = await context.app.queries.conversations(asking(context))
        const counts = joined.map(
          // A marker that has just moved may be ahead of what was read of the room.
          async ({ id, lastNumber }) => Math.max(0, lastNumber - ((await readNumber(context, id)) ?? lastNumber)),
        )
        return sum(await Promise.all(counts))
      },
    }),
    mentionCount: t.int({
      description: 'Mentions not read yet, over all conversations.',
      resolve: async (_, __, context) => {
        const joined = await context.app.queries.conversations(asking(context))
        return sum(await Promise.all(joined.map(({ id }) => mentionCount(context, id))))
      },
    }),
  }),
})

const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0)

const readNumber = async (context: Context, id: string) => {
  const parsed = parseId(id)
  return parsed?.type === 'room' ? await context.app.queries.readNumber(asking(context), parsed.id) : undefined
}
const mentionCount = async (context: Context, id: string) => {
  const parsed = parseId(id)
  return parsed?.type === 'room' ? await context.app.queries.mentionCount(asking(context), parsed.id) : 0
}

/** What the log says must be there. @throws when the read models could not show it in time */
export function present<T>(found: T | undefined | null): T {
  if (found != null) return found
  throw new GraphQLError('This is not readable yet: the read models are behind. Ask again in a moment.', {
    extensions: { code: 'UNAVAILABLE' },
  })
}

builder.queryFields((t) => ({
  viewer: t.field({
    type: Viewer,
    nullable: true,
    description: 'The signed-in account; null for an anonymous caller.',
    resolve: (_, __, { caller: { identity } }) => identity && { id: identity.userId, session: identity.id },
  }),
  user: t.field({
    type: User,
    nullable: true,
    description: 'By exactly one of id and username.',
    args: {
      id: t.arg.id({ description: 'The id of an account.' }),
      username: t.arg.string({ description: 'A username; upper and lower case are the same.' }),
    },
    resolve: async (_, { id, username }, context) => {
      const viewer = asking(context)
      if ((id == null) === (username == null)) throw new BadInput('Give exactly one of "id" and "username".')
      if (username != null) return await context.app.queries.user(viewer, { username })
      const parsed = parseId(id ?? '')
      return parsed?.type === 'user' ? await context.app.queries.user(viewer, { id: parsed.id }) : undefined
    },
  }),
}))

// ── signing in and out ──

const signedInFields = {
  position: 'Where it stands in the log; send it back to read your own write.',
  token: 'Shown this once; send it as `Authorization: Bearer …`, or as `authorization` in connection_init.',
  user: 'Who is signed in now.',
  session: 'The session that has begun.',
}

const signedInPayload = (name: string, description: string) =>
  builder.objectRef<SignedIn>(name).implement({
    description,
    fields: (t) => ({
      position: t.expose('position', { type: 'Position', description: signedInFields.position }),
      token: t.exposeString('token', { description: signedInFields.token }),
      user: t.field({
        type: User,
        description: signedInFields.user,
        resolve: async ({ userId }, _, { loaders }) => present(await loaders.users.load(userId)),
      }),
      session: t.field({
        type: Session,
        description: signedInFields.session,
        resolve: ({ sessionId, startedAt, expiresAt, userAgent }) => ({
          id: sessionId,
          startedAt,
          lastUsedAt: startedAt,
          expiresAt,
          ...(userAgent === undefined ? undefined : { userAgent }),
          fresh: true,
        }),
      }),
    }),
  })

const RegisterResult = resultType(
  'RegisterResult',
  signedInPayload('RegisterPayload', 'An account was made, and is signed in.'),
  ['ValidationError', 'ForbiddenError', 'ConflictError', 'RateLimitedError', 'UnavailableError'],
)
const LoginResult = resultType('LoginResult', signedInPayload('LoginPayload', 'Signed in.'), [
  'ValidationError',
  'UnauthenticatedError',
  'RateLimitedError',
  'UnavailableError',
])
const CreateGuestResult = resultType(
  'CreateGuestResult',
  signedInPayload('CreateGuestPayload', 'A guest was made, and is signed in.'),
  ['ValidationError', 'ForbiddenError', 'RateLimitedError', 'UnavailableError'],
)

const LogoutPayload = builder
  .objectRef<{ readonly kind: 'done'; readonly position: Position; readonly ended: number }>('LogoutPayload')
  .implement({
    description: 'Signed out.',
    fields: (t) => ({
      position: t.expose('position', { type: 'Position', description: signedInFields.position }),
      endedSessions: t.exposeInt('ended', { description: 'How many sessions were ended by this.' }),
    }),
  })
const LogoutResult = resultType('LogoutResult', LogoutPayload, [
  'NotFoundError',
  'RateLimitedError',
  'UnavailableError',
])

const UpdateProfilePayload = builder
  .objectRef<{ readonly kind: 'done'; readonly position: Position; readonly userId: UserId }>('UpdateProfilePayload')
  .implement({
    description: 'The profile is as it was asked for.',
    fields: (t) => ({
      position: t.expose('position', { type: 'Position', description: signedInFields.position }),
      user: t.field({
        type: User,
        description: 'The account as it is now.',
        resolve: async ({ userId }, _, { loaders }) => present(await loaders.users.load(userId)),
      }),
    }),
  })
const UpdateProfileResult = resultType('UpdateProfileResult', UpdateProfilePayload, [
  'ValidationError',
  'NotFoundError',
  'RateLimitedError',
  'UnavailableError',
])

const RegisterInput = builder.inputType('RegisterInput', {
  description: 'A new account.',
  fields: (t) => ({
    username: t.string({
      required: true,
      description: '2 to 32 ASCII letters, digits, "_", "." and "-"; unique without regard to case.',
    }),
    password: t.string({ required: true, description: '8 to 128 characters; not one of those that are tried first.' }),
    displayName: t.string({ description: '1 to 64 characters; the username where it is left out.' }),
  }),
})
const LoginInput = builder.inputType('LoginInput', {
  description: 'Credentials.',
  fields: (t) => ({
    username: t.string({ required: true, description: 'Upper and lower case are the same.' }),
    password: t.string({ required: true, description: 'The password of the account.' }),
  }),
})
const CreateGuestInput = builder.inputType('CreateGuestInput', {
  description: 'A guest.',
  fields: (t) => ({ displayName: t.string({ description: '1 to 64 characters; made up where it is left out.' }) }),
})
const UpdateProfileInput = builder.inputType('UpdateProfileInput', {
  description: 'What is to change; null clears, leaving out keeps.',
  fields: (t) => ({
    displayName: t.string({ description: '1 to 64 characters; null goes back to the username.' }),
    bio: t.string({ description: 'At most 500 characters.' }),
  }),
})

const originOf = ({ caller: { address, userAgent, correlationId } }: Context) => ({ address, userAgent, correlationId })

/** Reads that follow in this operation see what was just written. */
function seen<T extends { readonly kind: string; readonly position?: Position; readonly sessionId?: SessionId }>(
  context: Context,
  outcome: T,
): T {
  if (outcome.position !== undefined) context.consistency.raise(outcome.position)
  if (outcome.sessionId !== undefined) context.began.session = outcome.sessionId
  return outcome
}

builder.mutationFields((t) => ({
  register: t.field({
    type: RegisterResult,
    description: 'Makes an account and signs it in.',
    args: { input: t.arg({ type: RegisterInput, required: true, description: 'The account.' }) },
    resolve: async (_, { input }, context) =>
      seen(context, await unlessUnavailable(() => context.app.commands.accounts.register(originOf(context), input))),
  }),
  login: t.field({
    type: LoginResult,
    description: 'Begins a session.',
    args: { input: t.arg({ type: LoginInput, required: true, description: 'The credentials.' }) },
    resolve: async (_, { input }, context) =>
      seen(context, await unlessUnavailable(() => context.app.commands.accounts.login(originOf(context), input))),
  }),
  createGuest: t.field({
    type: CreateGuestResult,
    description: 'An account with a generated name and no password, for quick access.',
    args: { input: t.arg({ type: CreateGuestInput, required: true, description: 'The guest.' }) },
    resolve: async (_, { input }, context) =>
      seen(context, await unlessUnavailable(() => context.app.commands.accounts.createGuest(originOf(context), input))),
  }),
  logout: t.field({
    type: LogoutResult,
    description: 'Ends the session of this request.',
    resolve: async (_, __, context) =>
      tooMuch(context) ??
      seen(
        context,
        await unlessUnavailable(() =>
          context.app.commands.accounts.logout(signedIn(context).id, by(context).requester),
        ),
      ),
  }),
  updateProfile: t.field({
    type: UpdateProfileResult,
    description: 'Changes what others see of the viewer.',
    args: { input: t.arg({ type: UpdateProfileInput, required: true, description: 'What is to change.' }) },
    resolve: async (_, { input }, context) =>
      tooMuch(context) ??
      seen(context, await unlessUnavailable(() => context.app.commands.accounts.updateProfile(by(context), input))),
  }),
}))
