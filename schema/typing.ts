// Who types: saying it, seeing it, following it.

import type { ConversationId, UserId } from '../src/domain/ids.ts'
import type { Position } from '../src/eventstore/port.ts'
import type { TypingFrame } from '../src/live/typing.ts'
import { builder } from './builder.ts'
import { carryOut, mutation } from './command.ts'
import { by, type Context, present, signedIn } from './context.ts'
import { resultType } from './errors.ts'
import { Conversation } from './refs.ts'
import { shared } from './shared.ts'
import { User } from './user.ts'

async function people(ids: readonly UserId[], { loaders }: Context) {
  const found = await loaders.users.loadMany(ids)
  return found.flatMap((user) => (user && !(user instanceof Error) ? [user] : []))
}

builder.interfaceFields(Conversation, (t) => ({
  typing: t.field({
    type: [User],
    description: 'Who types there now: at most 100, those who began first.',
    resolve: async ({ id }, _, context) => {
      // The ids of these documents are those of conversations.
      const conversation = id as ConversationId
      const typing = context.app.typing.in(conversation)
      return typing.length > 0 && (await context.loaders.access.load(conversation)) ? await people(typing, context) : []
    },
  }),
}))

const SetTypingPayload = builder
  .objectRef<{ readonly kind: 'done'; readonly position: Position; readonly conversationId: ConversationId }>(
    'SetTypingPayload',
  )
  .implement({
    description: 'Others are told.',
    fields: (t) => ({
      conversation: t.field({
        type: Conversation,
        description: 'Where.',
        resolve: async ({ conversationId }, _, { loaders }) =>
          present(await loaders.conversations.load(conversationId)),
      }),
    }),
  })
const SetTypingResult = resultType('SetTypingResult', SetTypingPayload, [
  'NotFoundError',
  'ForbiddenError',
  'RateLimitedError',
  'UnavailableError',
])
const SetTypingInput = builder.inputType('SetTypingInput', {
  description: 'Whether the viewer types, and where.',
  fields: (t) => ({
    conversationId: t.id({ required: true, description: 'Which conversation.' }),
    typing: t.boolean({ required: true, description: 'false when it is over.' }),
  }),
})

mutation('setTyping', {
  type: SetTypingResult,
  description: 'Shown to others for 6 s; repeat while typing. Not stored.',
  input: SetTypingInput,
  inputIs: 'Where.',
  run: (context, input) => carryOut(context, () => context.app.commands.typing.setTyping(by(context), input)),
})

const TypingPayload = builder.objectRef<TypingFrame>('TypingPayload').implement({
  description: 'Everyone who types now.',
  fields: (t) => ({
    users: t.field({
      extensions: shared,
      type: [User],
      description: 'Who: at most 100, those who began first.',
      resolve: ({ users }, _, context) => people(users, context),
    }),
  }),
})

builder.subscriptionFields((t) => ({
  typing: t.field({
    extensions: shared,
    type: TypingPayload,
    description:
      'First who types now, then the same at every change. Not resumable: a new subscription starts with the state again.',
    args: { conversationId: t.arg.id({ required: true, description: 'Which conversation.' }) },
    subscribe: (_, { conversationId }, context) => context.app.typing.feed(signedIn(context), conversationId),
    resolve: (frame) => frame,
  }),
}))
