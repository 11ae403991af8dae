// What feeds deliver: frames, and the events in them. They carry the names of the events in the log.

import type { GraphQLResolveInfo } from 'graphql'
import { sentMessage } from '../projections/messages.ts'
import type { EventOf, EventType } from '../src/domain/events.ts'
import { type ConversationId, messageId, type UserId } from '../src/domain/ids.ts'
import type { ConversationRecord, FeedEvent, ShownEvent } from '../src/live/event.ts'
import type { InboxReset } from '../src/live/inboxFeed.ts'
import type { InboxItem } from '../src/live/inboxItems.ts'
import type { FoundConversation, Loaders } from '../src/queries/loaders.ts'
import { builder, type Types } from './builder.ts'
import { type Context, present, signedIn } from './context.ts'
import { RoomRoleType } from './conversation.ts'
import { asksOnlyForId } from './onlyId.ts'
import { Conversation, ConversationFeedPayload, Message } from './refs.ts'
import { shared } from './shared.ts'
import { User } from './user.ts'

const FeedResetReason = builder.enumType('FeedResetReason', {
  description: 'Why a feed cannot be continued from a cursor.',
  values: {
    LOG_REPLACED: {
      description: 'The log no longer holds the event that the cursor names (an older backup was restored).',
    },
    TOO_FAR: {
      description: 'More than 10,000 events behind on inboxFeed, in all streams it merges, whatever the detail.',
    },
  },
})

const FeedReset = builder.objectRef<{ readonly reason: InboxReset }>('FeedReset').implement({
  description: 'Read a fresh page, and go on from the cursor of this frame.',
  fields: (t) => ({
    reason: t.field({
      extensions: shared,
      type: FeedResetReason,
      description: 'Why.',
      resolve: ({ reason }) => reason,
    }),
  }),
})

/** What every frame of a feed that can be resumed says. */
interface FeedFrame {
  readonly cursor: string
  readonly caughtUp: boolean
  readonly reset?: { readonly reason: InboxReset }
}

/** @param onReset what the client does when it cannot go on from its cursor */
export const frameFields = <F extends FeedFrame>(
  t: PothosSchemaTypes.ObjectFieldBuilder<Types, F>,
  onReset: string,
) => ({
  cursor: t.field({
    extensions: shared,
    type: 'FeedCursor',
    description: 'Where the feed stands after this frame.',
    resolve: (frame) => frame.cursor,
  }),
  caughtUp: t.boolean({
    extensions: shared,
    description:
      'False while history is being replayed. The first frame with true ends the replay; it may hold no event.',
    resolve: (frame) => frame.caughtUp,
  }),
  reset: t.field({
    extensions: shared,
    type: FeedReset,
    nullable: true,
    description: `Set when \`after\` cannot be continued from; ${onReset}.`,
    resolve: (frame) => frame.reset,
  }),
})

export const InboxEvent = builder.interfaceRef<InboxItem>('InboxEvent').implement({
  description: 'Something that a feed of all conversations delivers.',
  resolveType: typeOf,
  fields: (t) => ({
    cursor: t.field({
      extensions: shared,
      type: 'FeedCursor',
      description:
        'Where the feed stands once this event is received. Two that tell of one change have the same, and come in one frame.',
      resolve: ({ cursor }) => cursor,
    }),
    occurredAt: t.field({
      extensions: shared,
      type: 'DateTime',
      description: 'When it happened. Times within a conversation never go back.',
      resolve: (item, _, { app }) => {
        if (item.kind === 'skipped') return new Date(app.server.now()).toISOString()
        return item.kind === 'shown' ? item.event.occurredAt : item.occurredAt
      },
    }),
  }),
})

function typeOf(item: InboxItem): string {
  switch (item.kind) {
    case 'shown':
      return item.event.type
    case 'skipped':
      return 'EventsSkipped'
    case 'added':
      return 'ConversationAdded'
    case 'removed':
      return 'ConversationRemoved'
    case 'marker':
      return 'ReadMarkerAdvanced'
    case 'invitation':
      return 'InvitationReceived'
    default:
      return item satisfies never
  }
}

const ConversationEvent = builder.interfaceRef<FeedEvent>('ConversationEvent').implement({
  description:
    'A durable change of a conversation. Replayed events show messages as they are now. `message` and `conversation` are null only if they could not be read in time; the event and its cursor are never lost.',
  interfaces: [InboxEvent],
  resolveType: (event) => (event.kind === 'shown' ? event.event.type : 'EventsSkipped'),
  fields: (t) => ({
    revision: t.exposeInt('revision', {
      extensions: shared,
      description: 'Where it stands in the conversation: 0, 1, 2 … without holes.',
    }),
    actor: t.field({
      extensions: shared,
      type: User,
      nullable: true,
      description: 'Who did it; null where the server did.',
      resolve: (event, _, { loaders }) =>
        event.kind === 'shown' && event.event.actor ? loaders.users.load(event.event.actor) : undefined,
    }),
    conversation: t.field({
      extensions: shared,
      type: Conversation,
      nullable: true,
      description: 'The conversation as it is now.',
      resolve: ({ conversationId }, _, { loaders }, info) => conversationOf(conversationId, loaders, info),
    }),
  }),
})

/** Without a read where only its id is asked for: an event is then not held up until the read models have it. */
function conversationOf(id: ConversationId, loaders: Loaders, info: GraphQLResolveInfo) {
  if (!asksOnlyForId(info)) return loaders.conversations.load(id)
  const found: { readonly id: string } | undefined = loaders.isWithheld(id) ? undefined : { id }
  // Nothing but the id is asked of it.
  return found as FoundConversation | undefined
}

type Of<T extends EventType> = ShownEvent & {
  readonly event: ConversationRecord & Pick<EventOf<T>, 'type' | 'data' | 'body'>
}

/** A type whose events are told from the rest by the interfaces' `resolveType`. */
const eventRef = <T extends EventType>(type: T) => builder.objectRef<Of<T>>(type)

const interfaces = [ConversationEvent, InboxEvent]

const plain = (type: EventType, description: string) => eventRef(type).implement({ description, interfaces })

plain('RoomCreated', 'The room was made.')
plain('RoomUpdated', 'Its name, slug, topic or settings changed.')
plain('RoomArchived', 'It can only be read from here on.')
plain('RoomUnarchived', 'It can be written in again.')
plain('DMOpened', 'The direct conversation was opened.')

const messageDescription = 'The message as it is now.'

const messageSent = (type: 'MessageSent' | 'DMSent', description: string) =>
  eventRef(type).implement({
    description,
    interfaces,
    fields: (t) => ({
      message: t.field({
        extensions: shared,
        type: Message,
        nullable: true,
        description: messageDescription,
        resolve: ({ event, fresh }, _, { loaders }) => {
          const id = messageId(event.id)
          // What was just sent is shown from the event: no read is needed.
          const isSending = event.type === 'MessageSent' || event.type === 'DMSent'
          const sent = fresh && isSending ? sentMessage(event) : undefined
          return sent ? { ...sent, id } : loaders.messages.load(id)
        },
      }),
    }),
  })
messageSent('MessageSent', 'A message was sent in a room.')
messageSent('DMSent', 'A message was sent in a direct conversation.')

const aboutMessage = (type: 'MessageEdited' | 'MessageDeleted', description: string) =>
  eventRef(type).implement({
    description,
    interfaces,
    fields: (t) => ({
      message: t.field({
        extensions: shared,
        type: Message,
        nullable: true,
        description: messageDescription,
        resolve: ({ event }, _, { loaders }) => loaders.messages.load(event.data.messageId),
      }),
    }),
  })
aboutMessage('MessageEdited', 'The text of a message was changed.')
aboutMessage('MessageDeleted', 'A message was deleted.')

/** Read from the log itself where the read models are behind: a failing field would take the event and its cursor with it. */
export async function userOf(id: UserId, { app, loaders }: Context) {
  const user = await loaders.users.load(id).catch(() => undefined)
  if (user) return user
  const person = await app.live.person(id)
  return present(person && { ...person, id })
}

const aboutUser = (type: 'UserJoined' | 'UserLeft' | 'UserInvited', description: string) =>
  eventRef(type).implement({
    description,
    interfaces,
    fields: (t) => ({
      user: t.field({
        extensions: shared,
        type: User,
        description: 'Who.',
        resolve: ({ event }, _, context) => userOf(event.data.userId, context),
      }),
    }),
  })
aboutUser('UserJoined', 'Somebody joined.')
aboutUser('UserLeft', 'Somebody left.')
aboutUser('UserInvited', 'Somebody was invited.')

eventRef('MemberRemoved').implement({
  description: 'Somebody was removed.',
  interfaces,
  fields: (t) => ({
    user: t.field({
      extensions: shared,
      type: User,
      description: 'Who.',
      resolve: ({ event }, _, context) => userOf(event.data.userId, context),
    }),
    reason: t.string({
      extensions: shared,
      nullable: true,
      description: 'Why, if it was said.',
      resolve: ({ event }) => event.body?.reason,
    }),
  }),
})

eventRef('MemberRoleChanged').implement({
  description: 'Somebody has another role.',
  interfaces,
  fields: (t) => ({
    user: t.field({
      extensions: shared,
      type: User,
      description: 'Who.',
      resolve: ({ event }, _, context) => userOf(event.data.userId, context),
    }),
    role: t.field({
      extensions: shared,
      type: RoomRoleType,
      description: 'What they are now.',
      resolve: ({ event }) => event.data.role,
    }),
  }),
})

builder.objectRef<Extract<FeedEvent, { kind: 'skipped' }>>('EventsSkipped').implement({
  description:
    'Changes up to throughRevision that the viewer may not see, or that cannot be read: the numbering stays provable. occurredAt is the time of delivery, actor null.',
  interfaces,
  fields: (t) => ({
    throughRevision: t.exposeInt('throughRevision', {
      extensions: shared,
      description: 'Revision of the last one; `revision` is that of the first.',
    }),
  }),
})

ConversationFeedPayload.implement({
  description: 'One frame of a feed: some events in order, then where it stands.',
  fields: (t) => ({
    events: t.field({
      extensions: shared,
      type: [ConversationEvent],
      description: 'In order; none may be there.',
      resolve: ({ events }) => [...events],
    }),
    ...frameFields(t, 'the client then reads a fresh page and goes on from `cursor`'),
  }),
})

builder.subscriptionFields((t) => ({
  conversationFeed: t.field({
    extensions: shared,
    type: ConversationFeedPayload,
    description:
      'Every durable change of one conversation, in order, each exactly once. Without `after` it begins now; with it, right after that point.',
    args: {
      conversationId: t.arg.id({ required: true, description: 'Which conversation.' }),
      after: t.arg({ type: 'FeedCursor', description: 'Where to go on.' }),
    },
    subscribe: (_, { conversationId, after }, context) =>
      context.app.live.conversationFeed(signedIn(context), conversationId, after),
    resolve: (frame) => frame,
  }),
}))
