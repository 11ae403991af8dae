// All conversations of the viewer in one feed, and what else concerns them.

import type { InboxFrame } from '../src/live/inboxFeed.ts'
import type { InboxDetail, InboxItem } from '../src/live/inboxItems.ts'
import { builder } from './builder.ts'
import { asking, signedIn } from './context.ts'
import { frameFields, InboxEvent } from './feed.ts'
import { Invitation } from './invitation.ts'
import { Conversation } from './refs.ts'
import { own, shared } from './shared.ts'
import { Viewer } from './user.ts'

type Of<K extends InboxItem['kind']> = InboxItem & { readonly kind: K }

const interfaces = [InboxEvent]

builder.objectRef<Of<'added'>>('ConversationAdded').implement({
  extensions: own,
  description: 'The viewer joined, was added, or was written to for the first time.',
  interfaces,
  fields: (t) => ({
    conversation: t.field({
      type: Conversation,
      nullable: true,
      description: 'The conversation as it is now; null where it was lost again.',
      resolve: ({ conversationId }, _, context) => context.app.queries.conversation(asking(context), conversationId),
    }),
  }),
})

builder.objectRef<Of<'removed'>>('ConversationRemoved').implement({
  extensions: own,
  description: 'The viewer left, was removed or was banned; only the id can be named.',
  interfaces,
  fields: (t) => ({ conversationId: t.exposeID('conversationId', { description: 'Which conversation.' }) }),
})

builder.objectRef<Of<'marker'>>('ReadMarkerAdvanced').implement({
  extensions: own,
  description: 'The viewer has read further, perhaps on another device.',
  interfaces,
  fields: (t) => ({
    conversation: t.field({
      type: Conversation,
      nullable: true,
      description: 'The conversation as it is now; null where it was lost since.',
      resolve: ({ conversationId }, _, context) => context.app.queries.conversation(asking(context), conversationId),
    }),
    number: t.exposeInt('number', { description: 'Number of the newest message read.' }),
  }),
})

builder.objectRef<Of<'invitation'>>('InvitationReceived').implement({
  extensions: own,
  description: 'The viewer was invited to a room.',
  interfaces,
  fields: (t) => ({
    invitation: t.field({
      type: Invitation,
      nullable: true,
      description: 'The invitation; null once it is answered.',
      resolve: ({ roomId }, _, context) => context.app.queries.invitation(asking(context), roomId),
    }),
  }),
})

const InboxFeedPayload = builder.objectRef<InboxFrame>('InboxFeedPayload').implement({
  description:
    "The same for every member of a conversation; unread counts follow from lastNumber and the viewer's read markers.",
  fields: (t) => ({
    events: t.field({
      extensions: shared,
      type: [InboxEvent],
      description: 'In the order of the log; none may be there.',
      resolve: ({ events }) => [...events],
    }),
    ...frameFields(t, 'the client then reads a fresh page and goes on from `cursor`'),
  }),
})

const details = {
  MESSAGES: { description: 'Messages sent, edited and deleted, and what InboxEvent lists beside them.' },
  EVERYTHING: { description: 'Every ConversationEvent too.' },
} satisfies Record<InboxDetail, unknown>

const InboxDetailType = builder.enumType('InboxDetail', {
  description:
    'MESSAGES: messages sent, edited and deleted, and what InboxEvent lists beside them. EVERYTHING: every ConversationEvent too, for bots and clients that keep all conversations up to date.',
  values: details,
})

builder.subscriptionFields((t) => ({
  inboxFeed: t.field({
    extensions: shared,
    type: InboxFeedPayload,
    description:
      'All conversations of the viewer in one feed, own messages included, and what else concerns the viewer: conversations gained and lost, invitations, own read markers from other devices. Resumes over at most 10,000 events; beyond that it says `reset: TOO_FAR`.',
    args: {
      after: t.arg({ type: 'FeedCursor', description: 'Where to go on.' }),
      detail: t.arg({
        type: InboxDetailType,
        required: true,
        defaultValue: 'MESSAGES',
        description: 'How much of each conversation.',
      }),
    },
    subscribe: (_, args, context) => context.app.live.inboxFeed(signedIn(context), args),
    resolve: (frame) => frame,
  }),
}))

builder.objectFields(Viewer, (t) => ({
  feedCursor: t.field({
    type: 'FeedCursor',
    description: 'Where inboxFeed begins so that nothing is missed; what this query already shows may come again.',
    resolve: (_, __, { app, consistency }) => app.live.inboxCursor(consistency.began),
  }),
}))
