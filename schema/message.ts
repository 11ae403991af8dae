// Messages: what they show, sending, editing, deleting, reading up to one.

import type { MessageDocument } from '../projections/messages.ts'
import { sentMessage } from '../projections/messages.ts'
import type { AboutMessage } from '../src/commands/messages.ts'
import type { Marked } from '../src/commands/readMarkers.ts'
import type { Refusal } from '../src/domain/decision.ts'
import type { ConversationId } from '../src/domain/ids.ts'
import { messageId } from '../src/domain/ids.ts'
import type { Found, Loaders } from '../src/queries/loaders.ts'
import { builder } from './builder.ts'
import { carryOut, mutation, positionDescription } from './command.ts'
import { by, type Context, present } from './context.ts'
import { resultType } from './errors.ts'
import { Node } from './node.ts'
import { Conversation, Message } from './refs.ts'
import { shared } from './shared.ts'
import { User } from './user.ts'

Message.implement({
  description: 'A message as it is now.',
  interfaces: [Node],
  fields: (t) => ({
    conversation: t.field({
      extensions: shared,
      type: Conversation,
      description: 'Where it was sent.',
      resolve: async ({ conversationId }, _, { loaders }) => present(await loaders.conversations.load(conversationId)),
    }),
    number: t.exposeInt('number', {
      extensions: shared,
      description: '1, 2, 3 … within its timeline. Unread = newest number − number read.',
    }),
    revision: t.exposeInt('sentRevision', {
      extensions: shared,
      description: 'The revision of the event that sent it.',
    }),
    author: t.field({
      extensions: shared,
      type: User,
      nullable: true,
      description: "Null once the author's account is erased.",
      resolve: ({ authorId }, _, { loaders }) => loaders.users.load(authorId),
    }),
    text: t.exposeString('text', {
      extensions: shared,
      nullable: true,
      description: 'Markdown source, at most 8,000 characters; null once deleted.',
    }),
    sentAt: t.expose('sentAt', { extensions: shared, type: 'DateTime', description: 'When it was sent.' }),
    editedAt: t.expose('editedAt', {
      extensions: shared,
      type: 'DateTime',
      nullable: true,
      description: 'When it was last edited.',
    }),
    deletedAt: t.expose('deletedAt', {
      extensions: shared,
      type: 'DateTime',
      nullable: true,
      description: 'When it was deleted.',
    }),
    deletedBy: t.field({
      extensions: shared,
      type: User,
      nullable: true,
      description: 'Who deleted it.',
      resolve: ({ deletedBy }, _, { loaders }) => (deletedBy ? loaders.users.load(deletedBy) : undefined),
    }),
    clientMessageId: t.exposeID('clientMessageId', {
      extensions: shared,
      nullable: true,
      description: 'The key its sender gave, so that a client can merge its own local echo.',
    }),
    mentions: t.field({
      extensions: shared,
      type: [User],
      description: 'Who is mentioned in it.',
      resolve: async ({ mentions = [] }, _, { loaders }) =>
        (await loaders.users.loadMany(mentions)).flatMap((user) => (user && !(user instanceof Error) ? [user] : [])),
    }),
    mentionsRoom: t.boolean({
      extensions: shared,
      description: 'Whether everyone in the room is mentioned in it.',
      resolve: ({ mentionsRoom }) => mentionsRoom ?? false,
    }),
  }),
})

// ── commands ──

export interface MessagePayload extends Pick<AboutMessage, 'position' | 'messageId' | 'conversationId'> {
  readonly kind: 'done'
  /** Known from the event that sent it: no read is needed. */
  readonly sent?: Found<MessageDocument> | undefined
  readonly duplicate: boolean
}

const fieldDescriptions = {
  message: 'The message as it is now.',
  conversation: 'Where it is.',
}

export const messageField = async ({ sent, messageId: id }: MessagePayload, { loaders }: Context) =>
  sent ?? (await ownOrSeen(present(await loaders.messages.load(id)), loaders))

/** A key may have sent a message that its sender sees no more, having left and come back: of it is shown what they know. */
async function ownOrSeen(message: Found<MessageDocument>, { access }: Loaders): Promise<Found<MessageDocument>> {
  const granted = await access.load(message.conversationId)
  if (granted && message.sentRevision >= granted.visibleFrom) return message
  const { id, conversationId, number, sentRevision, authorId, sentAt, clientMessageId } = message
  return {
    id,
    conversationId,
    number,
    sentRevision,
    authorId,
    sentAt,
    bodies: [],
    ...(clientMessageId === undefined ? undefined : { clientMessageId }),
  }
}

const conversationField = async (
  { conversationId }: { readonly conversationId: ConversationId },
  { loaders }: Context,
) => present(await loaders.conversations.load(conversationId))

const SendMessagePayload = builder.objectRef<MessagePayload>('SendMessagePayload').implement({
  description: 'The message is stored.',
  fields: (t) => ({
    position: t.expose('position', { type: 'Position', description: positionDescription }),
    message: t.field({
      type: Message,
      description: fieldDescriptions.message,
      resolve: (payload, _, context) => messageField(payload, context),
    }),
    conversation: t.field({
      type: Conversation,
      description: fieldDescriptions.conversation,
      resolve: (payload, _, context) => conversationField(payload, context),
    }),
    duplicate: t.exposeBoolean('duplicate', { description: 'True when this key had already sent it.' }),
  }),
})

const changedPayload = (name: string, description: string) =>
  builder.objectRef<MessagePayload>(name).implement({
    description,
    fields: (t) => ({
      position: t.expose('position', { type: 'Position', description: positionDescription }),
      message: t.field({
        type: Message,
        description: fieldDescriptions.message,
        resolve: (payload, _, context) => messageField(payload, context),
      }),
    }),
  })

const MarkReadPayload = builder.objectRef<Marked>('MarkReadPayload').implement({
  description: 'Read up to there, or further before.',
  fields: (t) => ({
    position: t.expose('position', { type: 'Position', description: positionDescription }),
    conversation: t.field({
      type: Conversation,
      description: fieldDescriptions.conversation,
      resolve: (payload, _, context) => conversationField(payload, context),
    }),
    number: t.exposeInt('number', { description: 'Number of the newest message read.' }),
  }),
})

const errorsOfMessages = [
  'ValidationError',
  'NotFoundError',
  'ForbiddenError',
  'ConflictError',
  'RateLimitedError',
  'UnavailableError',
] as const

const SendMessageResult = resultType('SendMessageResult', SendMessagePayload, errorsOfMessages)
const EditMessageResult = resultType(
  'EditMessageResult',
  changedPayload('EditMessagePayload', 'The text is changed.'),
  errorsOfMessages,
)
const DeleteMessageResult = resultType(
  'DeleteMessageResult',
  changedPayload('DeleteMessagePayload', 'The text is gone.'),
  errorsOfMessages,
)
const MarkReadResult = resultType('MarkReadResult', MarkReadPayload, [
  'NotFoundError',
  'ForbiddenError',
  'RateLimitedError',
  'UnavailableError',
])

const SendMessageInput = builder.inputType('SendMessageInput', {
  description:
    'clientMessageId makes the send safe to repeat, for ever: the same author and key in a conversation send once. Without it each call sends. A text must be there.',
  fields: (t) => ({
    conversationId: t.id({ required: true, description: 'Where to.' }),
    text: t.string({ description: 'Markdown source, kept as it is; at most 8,000 characters.' }),
    clientMessageId: t.id({ description: '1 to 64 characters, compared byte by byte.' }),
  }),
})
const EditMessageInput = builder.inputType('EditMessageInput', {
  description: 'A new text for a message of one’s own.',
  fields: (t) => ({
    messageId: t.id({ required: true, description: 'Which message.' }),
    text: t.string({ required: true, description: 'The whole new text.' }),
  }),
})
const DeleteMessageInput = builder.inputType('DeleteMessageInput', {
  description: 'A message whose text is to go, everywhere and for ever.',
  fields: (t) => ({
    messageId: t.id({ required: true, description: 'Which message.' }),
    reason: t.string({ description: 'Why, for the log; at most 500 characters.' }),
  }),
})
const MarkReadInput = builder.inputType('MarkReadInput', {
  description: 'How far was read.',
  fields: (t) => ({ messageId: t.id({ required: true, description: 'The newest message read.' }) }),
})

/** A command about a message, and its payload. */
const aboutMessage = async (context: Context, command: () => Promise<Refusal | AboutMessage>) =>
  toMessagePayload(await carryOut(context, command))

export function toMessagePayload(outcome: Refusal | AboutMessage): Refusal | MessagePayload {
  if (outcome.kind === 'refused') return outcome
  const { position, messageId: id, conversationId, events } = outcome
  const event = events.find((happened) => happened.type === 'MessageSent' || happened.type === 'DMSent')
  const document = event && sentMessage(event)
  const sent = event && document && { ...document, id: messageId(event.id) }
  return { kind: 'done', position, messageId: id, conversationId, sent, duplicate: events.length === 0 }
}

mutation('sendMessage', {
  type: SendMessageResult,
  description: 'Sends a message to a conversation.',
  input: SendMessageInput,
  inputIs: 'What to send.',
  run: (context, input) => aboutMessage(context, () => context.app.commands.messages.send(by(context), input)),
})
mutation('editMessage', {
  type: EditMessageResult,
  description: "Changes the text of one's own message.",
  input: EditMessageInput,
  inputIs: 'What to change.',
  run: (context, input) => aboutMessage(context, () => context.app.commands.messages.edit(by(context), input)),
})
mutation('deleteMessage', {
  type: DeleteMessageResult,
  description: 'Deletes a message: its text can then be read nowhere, the log included.',
  input: DeleteMessageInput,
  inputIs: 'What to delete.',
  run: (context, input) => aboutMessage(context, () => context.app.commands.messages.delete(by(context), input)),
})
mutation('markRead', {
  type: MarkReadResult,
  description: 'Reads up to and including this message. Never moves back.',
  input: MarkReadInput,
  inputIs: 'How far.',
  run: (context, input) => carryOut(context, () => context.app.commands.readMarkers.markRead(by(context), input)),
})
