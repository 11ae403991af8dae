// The feed of what concerns the whole server.

import type { Coming, ServerFrame } from '../src/live/serverFeed.ts'
import { builder } from './builder.ts'
import { signedIn } from './context.ts'
import { frameFields, userOf } from './feed.ts'
import { User } from './user.ts'

const ServerEvent = builder.interfaceRef<Coming>('ServerEvent').implement({
  description: 'Something that concerns the whole server.',
  resolveType: ({ type }) => type,
  fields: (t) => ({
    cursor: t.field({
      type: 'FeedCursor',
      description: 'Where the feed stands once this event is received.',
      resolve: ({ cursor }) => cursor,
    }),
    occurredAt: t.field({
      type: 'DateTime',
      description: 'When it happened.',
      resolve: ({ occurredAt }) => occurredAt,
    }),
  }),
})

const coming = (name: Coming['type'], description: string) =>
  builder.objectRef<Coming>(name).implement({
    description,
    interfaces: [ServerEvent],
    fields: (t) => ({
      user: t.field({
        type: User,
        description: 'Who.',
        resolve: async ({ userId }, _, context) => {
          // Whether somebody is disabled must be as new as the event.
          await context.consistency.ready()
          return await userOf(userId, context)
        },
      }),
      onlineCount: t.exposeInt('onlineCount', { description: 'How many people are there after it.' }),
    }),
  })
coming('UserConnected', 'Somebody is there who was not. Told of live only: it is not in a replay.')
coming('UserDisconnected', 'Somebody is there no more. Told of live only: it is not in a replay.')

const ServerFeedPayload = builder.objectRef<ServerFrame>('ServerFeedPayload').implement({
  description: 'One frame of the feed: some events in order, then where it stands.',
  fields: (t) => ({
    events: t.field({
      type: [ServerEvent],
      description: 'In order; none may be there.',
      resolve: ({ events }) => [...events],
    }),
    ...frameFields(t, 'the client then goes on from `cursor`'),
  }),
})

builder.subscriptionFields((t) => ({
  serverFeed: t.field({
    type: ServerFeedPayload,
    description: 'What concerns the whole server, resumable; people coming and going, live only.',
    args: {
      after: t.arg({ type: 'FeedCursor', description: 'Where to go on; now where it is left out.' }),
      types: t.arg.stringList({ description: 'Names of the events that are wanted; all where it is left out.' }),
    },
    subscribe: (_, { after, types }, context) => {
      signedIn(context)
      return context.app.serverFeeds.feed(after, types)
    },
    resolve: (frame) => frame,
  }),
}))
