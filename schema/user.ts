// People and the viewer: what others see of somebody, and what concerns whoever is signed in.

import type { SessionDocument } from '../projections/sessions.ts'
import type { UserDocument } from '../projections/users.ts'
import type { ServerRole } from '../src/domain/events.ts'
import { parseId, type SessionId, type UserId } from '../src/domain/ids.ts'
import type { Found } from '../src/queries/loaders.ts'
import { BadInput } from '../src/queries/page.ts'
import { builder } from './builder.ts'
import { asking, type Context, present } from './context.ts'
import { Node } from './node.ts'
import { shared } from './shared.ts'

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
    username: t.exposeString('username', {
      extensions: shared,
      description: 'Unique; as it was written when the account was made.',
    }),
    displayName: t.string({
      extensions: shared,
      description: 'What others see; the username where none was given.',
      resolve: ({ displayName, username }) => displayName ?? username,
    }),
    kind: t.field({
      extensions: shared,
      type: UserKind,
      description: 'What kind of account it is.',
      resolve: ({ kind }) => kind,
    }),
    serverRole: t.expose('serverRole', {
      extensions: shared,
      type: ServerRoleType,
      description: 'What they are on the server.',
    }),
    bio: t.exposeString('bio', { extensions: shared, nullable: true, description: 'What they say of themselves.' }),
    createdAt: t.expose('createdAt', {
      extensions: shared,
      type: 'DateTime',
      description: 'When the account was made.',
    }),
  }),
})

type FoundSession = Found<Omit<SessionDocument, 'userId' | 'userRevision' | 'tokenHash' | 'ended'>> & {
  readonly fresh?: boolean
}

export const Session = builder.objectRef<FoundSession>('Session').implement({
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
    sessions: t.field({
      type: [Session],
      description: 'Those that hold now, newest first.',
      resolve: async ({ id }, _, { app, consistency }) => {
        await consistency.ready()
        return [...(await app.sessions.held(id))]
      },
    }),
    unreadCount: t.int({
      description: 'Messages not read yet, over all conversations.',
      resolve: async (_, __, context) => sum((await unread(context)).map(({ count }) => count)),
    }),
    mentionCount: t.int({
      description: 'Mentions not read yet, over all conversations.',
      resolve: (_, __, context) => mentioned(context),
    }),
  }),
})

const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0)

/** Kept for the rest of the operation, or until it writes: an alias must not ask for the same thousands of reads again. */
function oncePerOperation<T>(ask: (context: Context) => Promise<T>): (context: Context) => Promise<T> {
  const answers = new WeakMap<Context, Promise<T>>()
  return (context) => {
    const known = answers.get(context)
    if (known) return known
    const answer = ask(context)
    answers.set(context, answer)
    context.consistency.onRaise(() => answers.delete(context))
    return answer
  }
}

/** Every conversation with something unread. */
const unread = oncePerOperation(async (context) => {
  const joined = await context.app.queries.conversations(asking(context))
  const counts = joined.map(async ({ id, lastNumber }) => ({
    id,
    // A marker that has just moved may be ahead of what was read of the room.
    count: Math.max(0, lastNumber - ((await readNumber(context, id)) ?? lastNumber)),
  }))
  return (await Promise.all(counts)).filter(({ count }) => count > 0)
})

/** Conversations whose mentions are counted at the same time: what others ask for comes in between. */
const countedTogether = 50

const mentioned = oncePerOperation(async (context) => {
  const conversations = await unread(context)
  let total = 0
  for (let first = 0; first < conversations.length; first += countedTogether) {
    const some = conversations.slice(first, first + countedTogether)
    total += sum(await Promise.all(some.map(({ id }) => mentionCount(context, id))))
  }
  return total
})

const readNumber = async (context: Context, id: string) => {
  const parsed = parseId(id)
  return parsed?.type === 'room' || parsed?.type === 'dm'
    ? await context.app.queries.readNumber(asking(context), parsed.id)
    : undefined
}
const mentionCount = async (context: Context, id: string) => {
  const parsed = parseId(id)
  return parsed?.type === 'room' || parsed?.type === 'dm'
    ? await context.app.queries.mentionCount(asking(context), parsed.id)
    : 0
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
