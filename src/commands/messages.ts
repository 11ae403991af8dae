// Sending, editing and deleting messages, and reading up to one.

import { noSuchConversation } from '../domain/access.ts'
import type { Conversation } from '../domain/conversation.ts'
import type { Decision, Refusal } from '../domain/decision.ts'
import type { ConversationEvent } from '../domain/events.ts'
import {
  type ConversationId,
  keyedMessageId,
  type MessageId,
  messageId as messageIdOf,
  parseId,
  type UserId,
} from '../domain/ids.ts'
import {
  edit,
  type MessageFact,
  noSuchMessage,
  remove,
  type Sending,
  type SendMessage,
  send,
} from '../domain/message.ts'
import { checkIdempotencyKey } from '../domain/names.ts'
import { conversationStream } from '../domain/streams.ts'
import { checkMessageText, contentHash, mentionsIn } from '../domain/text.ts'
import { conversations } from './aggregate.ts'
import type { Commands } from './commands.ts'
import type { Done } from './deciding.ts'
import { accepted, isRefusal, reasonLength } from './input.ts'
import { type By, newUuid } from './occasion.ts'

/** What a command about a message answers with. */
export interface AboutMessage extends Done<Conversation, ConversationEvent> {
  readonly messageId: MessageId
  readonly conversationId: ConversationId
}

interface MessageCommandsOptions {
  readonly commands: Commands
  /** The longest text, in code points. */
  readonly messageLength: number
}

export interface Content {
  readonly text?: string | null | undefined
  readonly clientMessageId?: string | null | undefined
}

export interface SendInput extends Content {
  readonly conversationId: string
}

export class MessageCommands {
  readonly #commands: Commands
  readonly #messageLength: number

  constructor({ commands, messageLength }: MessageCommandsOptions) {
    this.#commands = commands
    this.#messageLength = messageLength
  }

  /** With a key it is safe to repeat, for ever: `events` is empty where the key had sent already. */
  async send({ actor, requester }: By, input: SendInput): Promise<Refusal | AboutMessage> {
    const conversation = parseId(input.conversationId)
    if (conversation?.type !== 'room' && conversation?.type !== 'dm') return noSuchConversation
    return await this.sendTo(conversation.id, { actor, requester }, input, send)
  }

  /** @param decide the rule that sends, and does whatever else is to be in the same append */
  async sendTo(
    conversationId: ConversationId,
    { actor, requester }: By,
    input: Content,
    decide: (conversation: Conversation, message: SendMessage, sending: Sending) => Decision<ConversationEvent>,
  ): Promise<Refusal | AboutMessage> {
    const text = accepted(checkMessageText(input.text ?? '', this.#messageLength), 'text')
    if (isRefusal(text)) return text
    const key = input.clientMessageId ?? undefined
    const checkedKey = key === undefined ? undefined : accepted(checkIdempotencyKey(key), 'clientMessageId')
    if (isRefusal(checkedKey)) return checkedKey
    const { mentions, mentionsRoom } = await this.#mentions(text)
    const id = key === undefined ? messageIdOf(newUuid()) : keyedMessageId(conversationId, actor.user, key)
    const message = {
      actor,
      messageId: id,
      clientMessageId: key,
      text,
      contentHash: contentHash({ text }),
      mentions,
      mentionsRoom,
    }
    const outcome = await this.#commands.run(conversations, conversationStream(conversationId), {
      requester,
      messages: key === undefined ? [] : [id],
      presumedNew: true,
      decide: (conversation, known) =>
        decide(conversation, message, { known: key === undefined ? undefined : known.message(id), now: known.now }),
    })
    return outcome.kind === 'refused' ? outcome : { ...outcome, messageId: id, conversationId }
  }

  async edit({ actor, requester }: By, input: { readonly messageId: string; readonly text: string }) {
    const text = accepted(checkMessageText(input.text, this.#messageLength), 'text')
    if (isRefusal(text)) return text
    const { mentions, mentionsRoom } = await this.#mentions(text)
    return await this.#about(input.messageId, requester, (room, known, id) =>
      edit(room, { actor, messageId: id, text, mentions, mentionsRoom }, known),
    )
  }

  async delete(
    { actor, requester }: By,
    input: { readonly messageId: string; readonly reason?: string | null | undefined },
  ) {
    const reason = input.reason ?? undefined
    const checked = reason === undefined ? undefined : accepted(checkMessageText(reason, reasonLength), 'reason')
    if (isRefusal(checked)) return checked
    return await this.#about(input.messageId, requester, (room, known, id) =>
      remove(room, { actor, messageId: id, reason }, known),
    )
  }

  async #about(
    messageId: string,
    requester: By['requester'],
    decide: (
      room: Conversation,
      known: MessageFact | undefined,
      id: MessageId,
    ) => ReturnType<typeof edit | typeof remove>,
  ): Promise<Refusal | AboutMessage> {
    const parsed = parseId(messageId)
    if (parsed?.type !== 'message') return noSuchMessage
    const place = await this.#commands.facts.message(parsed.id)
    if (!place) return noSuchMessage
    const { conversationId } = place.document
    const outcome = await this.#commands.run<Conversation, ConversationEvent>(
      conversations,
      conversationStream(conversationId),
      {
        requester,
        messages: [parsed.id],
        decide: (room, known) => decide(room, known.message(parsed.id), parsed.id),
      },
    )
    return outcome.kind === 'refused' ? outcome : { ...outcome, messageId: parsed.id, conversationId }
  }

  /** Who is mentioned: each mention is the longest of its candidates that is somebody's name. */
  async #mentions(text: string): Promise<{ readonly mentions: readonly UserId[]; readonly mentionsRoom: boolean }> {
    const { mentions, mentionsRoom } = mentionsIn(text)
    if (mentions.length === 0) return { mentions: [], mentionsRoom }
    const people = await this.#commands.facts.usersByName(mentions.flatMap(({ candidates }) => candidates))
    const meant = mentions.flatMap(({ candidates }) => {
      const name = candidates.find((candidate) => people.has(candidate))
      const user = name === undefined ? undefined : people.get(name)
      return user === undefined ? [] : [user]
    })
    return { mentions: [...new Set(meant)], mentionsRoom }
  }
}
