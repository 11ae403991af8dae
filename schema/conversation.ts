// What rooms and direct conversations have in common: messages, members, read markers, and the log behind them.

import type { ReadMarkerDocument } from '../projections/readMarkers.ts'
import type { RoomRole } from '../src/domain/events.ts'
import type { ConversationId } from '../src/domain/ids.ts'
import { anchorOf, encodeCursor } from '../src/live/cursor.ts'
import type { Found, FoundConversation } from '../src/queries/loaders.ts'
import { pageSize } from '../src/queries/page.ts'
import { builder } from './builder.ts'
import { afterDescription, connectionType, firstDescription } from './connection.ts'
import { asking, present, signedIn } from './context.ts'
import { Node } from './node.ts'
import { Conversation, ConversationFeedPayload, Membership, Message } from './refs.ts'
import { passing } from './shared.ts'
import { User, Viewer } from './user.ts'

/** The id of a document in the collection of conversations. */
const idOf = ({ id }: FoundConversation) => id as ConversationId

const roomRoles = {
  OWNER: { description: 'May do everything in the room.' },
  MODERATOR: { description: 'May change its topic, delete messages and remove people below.' },
  MEMBER: { description: 'May read and write.' },
} satisfies Record<RoomRole, unknown>

export const RoomRoleType = builder.enumType('RoomRole', {
  description: 'What somebody is in a room.',
  values: roomRoles,
})

const MessageConnection = connectionType('Message', Message)
const MembershipConnection = connectionType('Membership', Membership)
export const ConversationConnection = connectionType('Conversation', Conversation)

const ReadMarker = builder.objectRef<Found<ReadMarkerDocument>>('ReadMarker').implement({
  description: 'How far somebody has read a conversation.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Of the marker; the same while it moves.' }),
    user: t.field({
      type: User,
      description: 'Who has read.',
      resolve: async ({ userId }, _, { loaders }) => present(await loaders.users.load(userId)),
    }),
    number: t.exposeInt('number', { description: 'Number of the newest message read.' }),
    at: t.expose('at', { type: 'DateTime', description: 'When the marker came here.' }),
  }),
})

Conversation.implement({
  description: 'A room or a direct conversation.',
  interfaces: [Node],
  resolveType: ({ id }) => (id.startsWith('room_') ? 'Room' : 'DirectConversation'),
  fields: (t) => ({
    messages: t.field({
      type: MessageConnection,
      description:
        'Oldest to newest; without arguments the newest 50. `around` a message, or `since` a time, opens the page there instead of at an end.',
      args: {
        first: t.arg.int({ description: firstDescription }),
        after: t.arg.string({ description: afterDescription }),
        last: t.arg.int({ description: firstDescription }),
        before: t.arg.string({ description: 'The page before this cursor.' }),
        around: t.arg.id({
          description: 'Id of a message: it stands in the middle of the page, and `first` is the whole page.',
        }),
        since: t.arg({
          type: 'DateTime',
          description: 'The page begins with the first message of this time or later.',
        }),
      },
      resolve: (conversation, args, context) => context.app.queries.history(asking(context), idOf(conversation), args),
    }),
    members: t.field({
      type: MembershipConnection,
      description: 'Who is in it, in the order of joining.',
      args: {
        first: t.arg.int({ description: firstDescription }),
        after: t.arg.string({ description: afterDescription }),
        online: t.arg.boolean({ description: 'true: only those who are there; false: only the others.' }),
      },
      resolve: (conversation, { online, ...args }, context) =>
        online == null
          ? context.app.queries.members(asking(context), idOf(conversation), args)
          : context.app.people.members(asking(context), idOf(conversation), { ...args, online }),
    }),
    lastMessage: t.field({
      type: Message,
      nullable: true,
      description: 'The newest message; null where the viewer may not see it.',
      resolve: ({ lastMessageId }, _, context) =>
        lastMessageId ? context.app.queries.message(asking(context), lastMessageId) : undefined,
    }),
    lastNumber: t.exposeInt('lastNumber', {
      extensions: passing,
      description: 'Number of the newest message; 0 before the first.',
    }),
    viewerMembership: t.field({
      type: Membership,
      nullable: true,
      description: 'Per viewer: their membership, if they have one.',
      resolve: (conversation, _, context) => {
        const { viewer } = asking(context)
        return context.app.queries.membership(asking(context), idOf(conversation), viewer)
      },
    }),
    unreadCount: t.int({
      description:
        'Per viewer: lastNumber − readNumber, never negative; 0 without membership. Joining and sending read up to there.',
      resolve: async (conversation, _, context) => {
        const read = await context.app.queries.readNumber(asking(context), idOf(conversation))
        return read === undefined ? 0 : Math.max(0, conversation.lastNumber - read)
      },
    }),
    mentionCount: t.int({
      description: 'Per viewer: mentions not read yet; 0 without membership.',
      resolve: (conversation, _, context) => context.app.queries.mentionCount(asking(context), idOf(conversation)),
    }),
    readMarkers: t.field({
      type: [ReadMarker],
      description: 'How far people have read, furthest first.',
      args: { first: t.arg.int({ defaultValue: 20, description: 'How many, 1 to 100.' }) },
      resolve: async (conversation, { first }, context) => [
        ...(await context.app.queries.readMarkersOf(asking(context), idOf(conversation), pageSize(first))),
      ],
    }),
    revision: t.int({
      extensions: passing,
      description: 'Number of durable changes so far: one more than the revision of the newest.',
      resolve: ({ lastRevision }) => lastRevision + 1,
    }),
    feedCursor: t.field({
      extensions: passing,
      type: 'FeedCursor',
      description:
        'Where conversationFeed begins so that nothing is missed; what the page already shows may come again, with the same ids.',
      resolve: (conversation) =>
        encodeCursor(idOf(conversation), {
          revision: conversation.lastRevision,
          anchor: anchorOf(conversation.lastEventId),
        }),
    }),
    events: t.field({
      type: ConversationFeedPayload,
      description: 'The log itself, page by page, from any point: for bots, auditors and exports.',
      args: {
        first: t.arg.int({ description: firstDescription }),
        after: t.arg({
          type: 'FeedCursor',
          description: 'Events after this point; from the first one where it is left out.',
        }),
      },
      resolve: async (conversation, { first, after }, context) => {
        const options = { after, first: pageSize(first) }
        const frame = await context.app.live.events(signedIn(context), idOf(conversation), options)
        if (frame.atLeast) context.consistency.raise(frame.atLeast)
        return frame
      },
    }),
    createdAt: t.expose('createdAt', { extensions: passing, type: 'DateTime', description: 'When it began.' }),
  }),
})

Membership.implement({
  description: "One person's membership of one conversation.",
  interfaces: [Node],
  fields: (t) => ({
    user: t.field({
      type: User,
      description: 'Who.',
      resolve: async ({ userId }, _, { loaders }) => present(await loaders.users.load(userId)),
    }),
    conversation: t.field({
      type: Conversation,
      description: 'Of what.',
      resolve: async ({ conversationId }, _, { loaders }) => present(await loaders.conversations.load(conversationId)),
    }),
    role: t.expose('role', { type: RoomRoleType, description: 'As what.' }),
    joinedAt: t.expose('joinedAt', { type: 'DateTime', description: 'Since when, this time.' }),
    readNumber: t.int({
      description: 'Read up to here.',
      resolve: async ({ conversationId, userId, readNumber }, _, context) =>
        (await context.app.queries.readNumber({ ...asking(context), viewer: userId }, conversationId)) ?? readNumber,
    }),
  }),
})

builder.objectFields(Viewer, (t) => ({
  conversations: t.field({
    type: ConversationConnection,
    description: 'What the viewer has joined, most recently active first.',
    args: {
      first: t.arg.int({ description: firstDescription }),
      after: t.arg.string({ description: afterDescription }),
    },
    resolve: (_, args, context) => context.app.queries.conversationPage(asking(context), args),
  }),
}))

builder.queryFields((t) => ({
  conversation: t.field({
    type: Conversation,
    nullable: true,
    description: 'A room or direct conversation by id.',
    args: { id: t.arg.id({ required: true, description: 'Its id.' }) },
    resolve: (_, { id }, context) => context.app.queries.conversation(asking(context), id),
  }),
}))
