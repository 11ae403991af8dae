// src/domain/typing.ts: who may show that they type.

import { type Actor, may, mayRead, noSuchConversation } from './access.ts'
import type { Conversation } from './conversation.ts'
import { type Decision, nothing, refuse } from './decision.ts'

/** How long it is shown unless it is said again, in ms. */
export const typingMs = 6_000

/** Nothing of it is stored: it is refused, or nothing happens. In an archived room it can still be ended. */
export function setTyping(
  conversation: Conversation,
  { actor, typing }: { readonly actor: Actor; readonly typing: boolean },
): Decision<never> {
  if (conversation.status === 'none' || !mayRead(conversation, actor.user)) return noSuchConversation
  if (!may(conversation, actor, 'setTyping'))
    return refuse('FORBIDDEN', 'Only members write here. Join the room first.', 'conversationId')
  if (typing && conversation.archived)
    return refuse('FORBIDDEN', 'This room is archived: nobody writes in it any more.', 'conversationId')
  return nothing
}
