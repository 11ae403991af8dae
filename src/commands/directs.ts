// Writing to people directly: by id or by name, to one or to several.

import type { Conversation } from '../domain/conversation.ts'
import { type Refusal, refuse } from '../domain/decision.ts'
import { directSize, type OpenDirect, open, openAndSend, type Recipient } from '../domain/direct.ts'
import type { ConversationEvent } from '../domain/events.ts'
import { type DirectId, directIdOf, type UserId } from '../domain/ids.ts'
import { usernameKey } from '../domain/names.ts'
import { conversationStream } from '../domain/streams.ts'
import { conversations } from './aggregate.ts'
import type { Commands } from './commands.ts'
import type { Done } from './deciding.ts'
import { isRefusal, userIdOf } from './input.ts'
import type { AboutMessage, Content, MessageCommands } from './messages.ts'
import type { By } from './occasion.ts'

export interface AboutDirect extends Done<Conversation, ConversationEvent> {
  readonly conversationId: DirectId
}

/** Whom it is for: the union of both lists. */
export interface Recipients {
  readonly to?: readonly string[] | null | undefined
  readonly toUsernames?: readonly string[] | null | undefined
}

interface DirectCommandsOptions {
  readonly commands: Commands
  readonly messages: MessageCommands
}

export class DirectCommands {
  readonly #commands: Commands
  readonly #messages: MessageCommands

  constructor({ commands, messages }: DirectCommandsOptions) {
    this.#commands = commands
    this.#messages = messages
  }

  /** Opening it again finds it. */
  async open(by: By, input: Recipients): Promise<Refusal | AboutDirect> {
    const opening = await this.#opening(by, input)
    if (isRefusal(opening)) return opening
    const conversationId = directIdOf(opening.members)
    const outcome = await this.#commands.run(conversations, conversationStream(conversationId), {
      requester: by.requester,
      decide: (conversation) => open(conversation, opening),
    })
    return outcome.kind === 'refused' ? outcome : { ...outcome, conversationId }
  }

  /** Opens the conversation if there is none yet, and sends to it in the same append. */
  async send(
    by: By,
    input: Recipients & Content,
  ): Promise<Refusal | (AboutMessage & { readonly conversationId: DirectId })> {
    const opening = await this.#opening(by, input)
    if (isRefusal(opening)) return opening
    const conversationId = directIdOf(opening.members)
    const sent = await this.#messages.sendTo(conversationId, by, input, (conversation, message, sending) =>
      openAndSend(conversation, opening, message, sending),
    )
    return sent.kind === 'refused' ? sent : { ...sent, conversationId }
  }

  async #opening({ actor }: By, { to, toUsernames }: Recipients): Promise<Refusal | OpenDirect> {
    const fields = [
      ...(to ?? []).map((text, index) => ({ text, field: `to.${index}`, byName: false })),
      ...(toUsernames ?? []).map((text, index) => ({ text, field: `toUsernames.${index}`, byName: true })),
    ]
    if (fields.length === 0)
      return refuse(
        'BAD_INPUT',
        'Say to whom: give at least one id or username; your own makes a place for notes.',
        'to',
      )
    // Counted before anyone is looked up; the same person may be named twice.
    if (fields.length > 2 * directSize) return tooMany()
    const recipients = new Map<UserId, Recipient>()
    for (const { text, field, byName } of fields) {
      const user = byName ? await this.#commands.facts.userByName(usernameKey(text)) : userIdOf(text)
      if (user === actor.user || (user && recipients.has(user))) continue
      const person = user && (await this.#commands.facts.user(user))
      if (!user || !person) return refuse('NOT_FOUND', 'There is no such person.', field)
      const sharesRoom = actor.serverRole === 'GUEST' && (await this.#commands.facts.shareRoom(actor.user, user))
      recipients.set(user, { user, disabled: person.disabled, sharesRoom, field })
    }
    if (recipients.size >= directSize) return tooMany()
    return { actor, members: [actor.user, ...recipients.keys()].sort(), recipients: [...recipients.values()] }
  }
}

const tooMany = (): Refusal =>
  refuse('TOO_LARGE', `Write to at most ${directSize - 1} others at once. Make a room for more.`, 'to')
