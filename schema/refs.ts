// The types that refer to each other, by name: each is described in the file of its topic.

import type { MembershipDocument } from '../projections/memberships.ts'
import type { MessageDocument } from '../projections/messages.ts'
import type { Frame } from '../src/live/frame.ts'
import type { Found, FoundConversation } from '../src/queries/loaders.ts'
import { builder } from './builder.ts'

export const Conversation = builder.interfaceRef<FoundConversation>('Conversation')
export const Membership = builder.objectRef<Found<MembershipDocument>>('Membership')
export const Message = builder.objectRef<Found<MessageDocument>>('Message')
export const ConversationFeedPayload = builder.objectRef<Frame>('ConversationFeedPayload')
