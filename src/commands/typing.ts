// Showing that one types. Only whether one may is asked of the log; it is told to the nodes, and stored nowhere.

import { noSuchConversation } from '../domain/access.ts'
import type { Refusal } from '../domain/decision.ts'
import { type ConversationId, parseId, type UserId } from '../domain/ids.ts'
import { conversationStream } from '../domain/streams.ts'
import { setTyping } from '../domain/typing.ts'
import type { Position } from '../eventstore/port.ts'
import { conversations } from './aggregate.ts'
import type { Commands } from './commands.ts'
import type { By } from './occasion.ts'

export interface TypingNotice {
  readonly conversationId: ConversationId
  readonly userId: UserId
  readonly typing: boolean
}

export class TypingCommands {
  readonly #commands: Commands
  readonly #announce: (notice: TypingNotice) => void

  /** @param announce tells all nodes */
  constructor(commands: Commands, announce: (notice: TypingNotice) => void) {
    this.#commands = commands
    this.#announce = announce
  }

  async setTyping(
    { actor, requester }: By,
    input: { readonly conversationId: string; readonly typing: boolean },
  ): Promise<
    Refusal | { readonly kind: 'done'; readonly position: Position; readonly conversationId: ConversationId }
  > {
    const parsed = parseId(input.conversationId)
    if (parsed?.type !== 'room' && parsed?.type !== 'dm') return noSuchConversation
    const { typing } = input
    // Goes through the conversation's line, so that a joining that was acknowledged before is known.
    const access = await this.#commands.run(conversations, conversationStream(parsed.id), {
      requester,
      decide: (conversation) => setTyping(conversation, { actor, typing }),
    })
    if (access.kind === 'refused') return { ...access, field: access.field ?? 'conversationId' }
    this.#announce({ conversationId: parsed.id, userId: actor.user, typing })
    return { kind: 'done', position: access.position, conversationId: parsed.id }
  }
}
