// Who is there: the presence of people, counts of those who are there, and following them.

import type { UserId } from '../src/domain/ids.ts'
import { parseId } from '../src/domain/ids.ts'
import type { PresenceStatus } from '../src/domain/presence.ts'
import type { Position } from '../src/eventstore/port.ts'
import { framePeople, type PresenceFrame } from '../src/live/presence/presenceFrame.ts'
import { builder } from './builder.ts'
import { carryOut, mutation, positionDescription } from './command.ts'
import { afterDescription, connectionType, firstDescription } from './connection.ts'
import { asking, by, type Context, present, signedIn } from './context.ts'
import { resultType } from './errors.ts'
import { Room } from './room.ts'
import { Server } from './server.ts'
import { passing, shared } from './shared.ts'
import { User } from './user.ts'

const statuses = {
  ONLINE: { description: 'There, on at least one device.' },
  AWAY: { description: 'There, but nothing has been asked on any device for ten minutes; or set by hand.' },
  BUSY: { description: 'There, and not to be disturbed. Set by hand.' },
  OFFLINE: { description: 'Not connected.' },
} satisfies Record<PresenceStatus, unknown>

const PresenceStatusType = builder.enumType('PresenceStatus', {
  description: 'Whether somebody is there.',
  values: statuses,
})

const presenceOf = async ({ id, disabled }: { readonly id: string; readonly disabled: boolean }, context: Context) =>
  disabled ? undefined : await context.loaders.presence.load(id)

builder.objectFields(User, (t) => ({
  presence: t.field({
    extensions: passing,
    type: PresenceStatusType,
    description: 'Whether they are there, on any of their devices. What they set by hand wins while one is connected.',
    resolve: async (user, _, context) => (await presenceOf(user, context))?.status ?? 'OFFLINE',
  }),
  statusText: t.string({
    extensions: passing,
    nullable: true,
    description: 'What they say of it.',
    resolve: async (user, _, context) => (await presenceOf(user, context))?.statusText,
  }),
  lastSeenAt: t.field({
    extensions: passing,
    type: 'DateTime',
    nullable: true,
    description: 'When their last device went. Null while online, and for those who have never been.',
    resolve: async (user, _, { loaders }) => {
      const presence = await loaders.presence.load(user.id)
      return presence?.status === 'OFFLINE' ? presence.lastSeenAt : undefined
    },
  }),
}))

builder.objectFields(Server, (t) => ({
  onlineCount: t.int({
    description: 'People who are there, guests too, on all nodes.',
    resolve: (_, __, context) => signedIn(context) && context.app.presence.online.size,
  }),
}))

builder.objectFields(Room, (t) => ({
  onlineCount: t.int({
    description: 'Members who are there.',
    resolve: async ({ id }, _, context) => {
      const parsed = parseId(id)
      if (parsed?.type !== 'room') return 0
      const count = await context.app.people.onlineCount(parsed.id)
      // Content first, access last.
      return (await context.loaders.access.load(parsed.id)) ? count : 0
    },
  }),
}))

const UserConnection = connectionType('User', User)

builder.queryFields((t) => ({
  users: t.field({
    type: UserConnection,
    description: 'People by username. Disabled accounts are left out.',
    args: {
      first: t.arg.int({ description: firstDescription }),
      after: t.arg.string({ description: afterDescription }),
      query: t.arg.string({ description: 'The beginning of a username or a display name.' }),
      online: t.arg.boolean({ description: 'true: only those who are there; false: only the others.' }),
    },
    resolve: (_, args, context) => context.app.people.people(asking(context), args),
  }),
}))

const SetPresencePayload = builder
  .objectRef<{ readonly kind: 'done'; readonly position: Position; readonly userId: UserId }>('SetPresencePayload')
  .implement({
    description: 'It is set.',
    fields: (t) => ({
      position: t.expose('position', { type: 'Position', description: positionDescription }),
      user: t.field({
        type: User,
        description: 'The account as it is now.',
        resolve: async ({ userId }, _, { loaders }) => present(await loaders.users.load(userId)),
      }),
    }),
  })
const SetPresenceResult = resultType('SetPresenceResult', SetPresencePayload, [
  'ValidationError',
  'RateLimitedError',
  'UnavailableError',
])
const SetPresenceInput = builder.inputType('SetPresenceInput', {
  description: 'What is to change; null clears, leaving out keeps.',
  fields: (t) => ({
    status: t.field({
      type: PresenceStatusType,
      description: 'ONLINE, AWAY or BUSY, until it is cleared; null goes by the devices again.',
    }),
    statusText: t.string({ description: 'At most 100 characters on one line.' }),
  }),
})

mutation('setPresence', {
  type: SetPresenceResult,
  description: 'Sets by hand what others see while the viewer is connected.',
  input: SetPresenceInput,
  inputIs: 'What is to change.',
  run: (context, input) => carryOut(context, () => context.app.commands.presence.setPresence(by(context), input)),
})

const PresencePayload = builder.objectRef<PresenceFrame>('PresencePayload').implement({
  description: 'People whose presence has changed, as they are now.',
  fields: (t) => ({
    users: t.field({
      extensions: shared,
      type: [User],
      description: `At most ${framePeople} in a frame.`,
      resolve: async ({ users }, _, { loaders, consistency }) => {
        // Whether somebody is disabled must be as new as the change that the frame tells of.
        await consistency.ready()
        const found = await loaders.users.loadMany(users)
        return found.flatMap((user) => (user && !(user instanceof Error) ? [user] : []))
      },
    }),
    initial: t.exposeBoolean('initial', {
      extensions: shared,
      description:
        'True on the first frame, which holds everyone asked for: the online members of a conversation, or the users named; at most 500.',
    }),
  }),
})

builder.subscriptionFields((t) => ({
  presence: t.field({
    extensions: shared,
    type: PresencePayload,
    description:
      'First the present state, then every change. Not resumable: a new subscription starts with the state again. Give exactly one argument.',
    args: {
      conversationId: t.arg.id({
        description: 'Its members who are there, then those who change; at most one frame a second.',
      }),
      userIds: t.arg.idList({
        description: `These people, at most ${framePeople}. Ids that lead to nobody are left out.`,
      }),
    },
    subscribe: (_, args, context) => context.app.presenceFeeds.feed(signedIn(context), args),
    resolve: (frame) => frame,
  }),
}))
