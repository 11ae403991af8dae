// Direct conversations: what they show, opening them, writing to people.

import type { DirectDocument } from '../projections/directs.ts'
import type { DirectId } from '../src/domain/ids.ts'
import type { Position } from '../src/eventstore/port.ts'
import type { Found } from '../src/queries/loaders.ts'
import { builder } from './builder.ts'
import { carryOut, mutation, positionDescription } from './command.ts'
import { asking, by, type Context, present } from './context.ts'
import { resultType } from './errors.ts'
import { type MessagePayload, messageField, toMessagePayload } from './message.ts'
import { Node } from './node.ts'
import { Conversation, Message } from './refs.ts'
import { passing } from './shared.ts'
import { User } from './user.ts'

const DirectConversation = builder.objectRef<Found<DirectDocument>>('DirectConversation').implement({
  description: 'A conversation of 1 to 20 people who never change.',
  interfaces: [Conversation, Node],
  fields: (t) => ({
    participants: t.field({
      extensions: passing,
      type: [User],
      description: 'Everyone who is in it.',
      resolve: async ({ participants }, _, { loaders }) =>
        (await loaders.users.loadMany(participants)).flatMap((user) =>
          user && !(user instanceof Error) ? [user] : [],
        ),
    }),
  }),
})

builder.queryFields((t) => ({
  directConversation: t.field({
    type: DirectConversation,
    nullable: true,
    description: "The viewer's direct conversation with exactly these people, if there is one.",
    args: {
      with: t.arg.idList({ required: true, description: 'Ids of 1 to 19 others; the own id alone for notes.' }),
    },
    resolve: (_, args, context) => context.app.queries.directConversation(asking(context), args.with),
  }),
}))

// ── commands ──

interface DirectPayload {
  readonly kind: 'done'
  readonly position: Position
  readonly conversationId: DirectId
}

const conversationField = async ({ conversationId }: { readonly conversationId: string }, { loaders }: Context) => {
  const found = present(await loaders.conversations.load(conversationId))
  return present('participants' in found ? found : undefined)
}

const OpenDMPayload = builder.objectRef<DirectPayload>('OpenDMPayload').implement({
  description: 'The conversation is there.',
  fields: (t) => ({
    position: t.expose('position', { type: 'Position', description: positionDescription }),
    conversation: t.field({
      type: DirectConversation,
      description: 'The conversation.',
      resolve: (payload, _, context) => conversationField(payload, context),
    }),
  }),
})

const SendDMPayload = builder.objectRef<MessagePayload>('SendDMPayload').implement({
  description: 'The message is stored.',
  fields: (t) => ({
    position: t.expose('position', { type: 'Position', description: positionDescription }),
    message: t.field({
      type: Message,
      description: 'The message as it is now.',
      resolve: (payload, _, context) => messageField(payload, context),
    }),
    conversation: t.field({
      type: DirectConversation,
      description: 'Where it is.',
      resolve: (payload, _, context) => conversationField(payload, context),
    }),
    duplicate: t.exposeBoolean('duplicate', { description: 'True when this key had already sent it.' }),
  }),
})

const OpenDMResult = resultType('OpenDMResult', OpenDMPayload, [
  'ValidationError',
  'NotFoundError',
  'ForbiddenError',
  'RateLimitedError',
  'UnavailableError',
])
const SendDMResult = resultType('SendDMResult', SendDMPayload, [
  'ValidationError',
  'NotFoundError',
  'ForbiddenError',
  'ConflictError',
  'RateLimitedError',
  'UnavailableError',
])

const toDescription = 'Ids of those it is for.'
const toUsernamesDescription = 'Usernames of those it is for; upper and lower case are the same.'

const OpenDMInput = builder.inputType('OpenDMInput', {
  description: '1 to 19 other people, by id or by name; oneself alone is a place for notes.',
  fields: (t) => ({
    to: t.idList({ description: toDescription }),
    toUsernames: t.stringList({ description: toUsernamesDescription }),
  }),
})
const SendDMInput = builder.inputType('SendDMInput', {
  description: '1 to 19 other people, by id or by name; oneself alone is a place for notes.',
  fields: (t) => ({
    to: t.idList({ description: toDescription }),
    toUsernames: t.stringList({ description: toUsernamesDescription }),
    text: t.string({ description: 'Markdown, at most 8,000 characters.' }),
    clientMessageId: t.id({ description: 'Makes the send safe to repeat, for ever; 1 to 64 characters.' }),
  }),
})

mutation('openDM', {
  type: OpenDMResult,
  description: 'Opens (or finds) the direct conversation with these people, without writing to it.',
  input: OpenDMInput,
  inputIs: 'With whom.',
  run: (context, input) => carryOut(context, () => context.app.commands.directs.open(by(context), input)),
})
mutation('sendDM', {
  type: SendDMResult,
  description: 'Opens the direct conversation with these people if there is none yet, and sends to it.',
  input: SendDMInput,
  inputIs: 'To whom, and what.',
  run: async (context, input) =>
    toMessagePayload(await carryOut(context, () => context.app.commands.directs.send(by(context), input))),
})
