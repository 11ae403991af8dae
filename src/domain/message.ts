// src/domain/message.ts: sending, editing and deleting messages in a conversation.

import { type Actor, archivedRoom, may, mayRead, noSuchConversation, rankIn, roomRanks, visibleFrom } from './access.ts'
import type { Conversation, OpenConversation } from './conversation.ts'
import { type Decision, happened, nothing, type Refusal, refuse } from './decision.ts'
import type { DMSent, MessageDeleted, MessageEdited, MessageEvent, MessageSent, SentBody, SentData } from './events.ts'
import { type DateTime, type MessageId, messageId, rawId, type UserId } from './ids.ts'

/** What rules must know of one message. It is not part of the conversation's state: there are too many. */
export interface MessageFact {
  readonly authorId: UserId
  /** The revision that sent it. */
  readonly revision: number
  readonly deleted: boolean
  /** Undefined once deleted. */
  readonly contentHash: string | undefined
  /** Undefined once deleted: its present text. */
  readonly text: string | undefined
  /** Ids of the events whose bodies hold its texts. */
  readonly bodies: readonly string[]
}

interface Stored {
  readonly id: string
  readonly revision: number
  readonly actor?: UserId
}

/** Which message an event is about. */
export const messageOf = (event: MessageEvent & Stored): MessageId =>
  event.type === 'MessageSent' || event.type === 'DMSent' ? messageId(event.id) : event.data.messageId

export function evolveFact(fact: MessageFact | undefined, event: MessageEvent & Stored): MessageFact | undefined {
  switch (event.type) {
    case 'MessageSent':
    case 'DMSent':
      // Only people send messages: the actor is always there.
      if (event.actor === undefined) return fact
      return {
        authorId: event.actor,
        revision: event.revision,
        deleted: false,
        contentHash: event.body?.contentHash,
        text: event.body?.text,
        bodies: [event.id],
      }
    case 'MessageEdited':
      return fact && { ...fact, text: event.body?.text, bodies: [...fact.bodies, event.id] }
    case 'MessageDeleted':
      return fact && { ...fact, deleted: true, contentHash: undefined, text: undefined, bodies: [] }
    default:
      return event satisfies never
  }
}

export interface SendMessage {
  readonly actor: Actor
  /** Derived from the key, or new. */
  readonly messageId: MessageId
  readonly clientMessageId?: string | undefined
  readonly text: string
  readonly contentHash: string
  /** People mentioned by name who exist. */
  readonly mentions: readonly UserId[]
  /** Whether the text asks for everyone in the room. */
  readonly mentionsRoom: boolean
}

/** Members up to which everyone may call the whole room. */
const smallRoom = 50

/** What is said of everyone and of people in a text, as far as it counts in this conversation. */
function calledIn(conversation: OpenConversation, actor: Actor, asked: Pick<SendMessage, 'mentions' | 'mentionsRoom'>) {
  const mayCallAll =
    may(conversation, actor, 'mentionRoom') &&
    (conversation.members.size <= smallRoom || rankIn(conversation, actor) >= roomRanks.MODERATOR)
  return {
    mentions:
      conversation.visibility === 'PUBLIC'
        ? asked.mentions
        : asked.mentions.filter((user) => conversation.members.has(user)),
    mentionsRoom: asked.mentionsRoom && mayCallAll,
  }
}

/** What the rule must know of the key that was used, and of the time. */
export interface Sending {
  readonly known: MessageFact | undefined
  readonly now: DateTime
}

/** A key that has sent before sends nothing more, whatever has happened to the conversation since. */
export function send(
  conversation: Conversation,
  command: SendMessage,
  { known, now }: Sending,
): Decision<MessageSent | DMSent> {
  const { actor, clientMessageId } = command
  if (conversation.status === 'none' || !mayRead(conversation, actor.user)) return noSuchConversation
  if (known) {
    if (known.deleted || known.contentHash === command.contentHash) return nothing
    return refuse(
      'CONFLICT',
      'This key has sent another message already. Use a new key for a new message.',
      'clientMessageId',
    )
  }
  if (!may(conversation, actor, 'send')) return refuse('FORBIDDEN', 'Join this room before you write in it.')
  if (conversation.archived) return archivedRoom
  const slow = tooFast(conversation, actor, now)
  if (slow) return slow
  const { mentions, mentionsRoom } = calledIn(conversation, actor, command)
  const data: SentData = {
    number: conversation.lastNumber + 1,
    ...(clientMessageId === undefined ? undefined : { clientMessageId }),
    ...(mentions.length === 0 ? undefined : { mentions }),
    ...(mentionsRoom ? { mentionsRoom } : undefined),
  }
  const body: SentBody = { text: command.text, contentHash: command.contentHash }
  const id = rawId(command.messageId)
  return happened<MessageSent | DMSent>({
    type: conversation.kind === 'ROOM' ? 'MessageSent' : 'DMSent',
    id,
    data,
    body,
  })
}

/** Slow mode: a plain member waits between two messages. */
function tooFast(conversation: OpenConversation, actor: Actor, now: DateTime): Refusal | undefined {
  const { slowModeSeconds } = conversation
  const sentAt = conversation.sentAt.get(actor.user)
  if (slowModeSeconds === 0 || sentAt === undefined || rankIn(conversation, actor) >= roomRanks.MODERATOR)
    return undefined
  const left = slowModeSeconds - (Date.parse(now) - Date.parse(sentAt)) / 1_000
  if (left <= 0) return undefined
  const retryAfterSeconds = Math.ceil(left)
  const detail = `Slow mode is on: one message in ${slowModeSeconds} s. Send the next one in ${retryAfterSeconds} s.`
  return { ...refuse('RATE_LIMITED', detail), retryAfterSeconds }
}

export interface EditMessage {
  readonly actor: Actor
  readonly messageId: MessageId
  readonly text: string
  readonly mentions: readonly UserId[]
  readonly mentionsRoom: boolean
}

export const noSuchMessage = refuse('NOT_FOUND', 'There is no such message, or you may not see it.', 'messageId')

/** Whether the message can be seen at all; with SINCE_JOINED only what was sent since. */
const sees = (conversation: Conversation, user: UserId, known: MessageFact): conversation is OpenConversation =>
  conversation.status === 'exists' && mayRead(conversation, user) && known.revision >= visibleFrom(conversation, user)

/** Only the author edits, and only while a member. Editing to the present text changes nothing. */
export function edit(
  conversation: Conversation,
  command: EditMessage,
  known: MessageFact | undefined,
): Decision<MessageEdited> {
  const { actor, messageId } = command
  if (!known || !sees(conversation, actor.user, known)) return noSuchMessage
  if (known.authorId !== actor.user) return refuse('FORBIDDEN', 'Only its author can edit a message.')
  if (known.deleted) return refuse('CONFLICT', 'This message was deleted; it cannot be edited any more.')
  if (known.text === command.text) return nothing
  if (!may(conversation, actor, 'edit')) return refuse('FORBIDDEN', 'Join this room before you edit in it.')
  if (conversation.archived) return archivedRoom
  return happened({
    type: 'MessageEdited',
    data: { messageId, subjectRevision: known.revision, ...calledIn(conversation, actor, command) },
    body: { text: command.text },
  })
}

export interface DeleteMessage {
  readonly actor: Actor
  readonly messageId: MessageId
  readonly reason?: string | undefined
}

/** The author and moderators delete, in archived rooms too. Deleting twice changes nothing. */
export function remove(
  conversation: Conversation,
  command: DeleteMessage,
  known: MessageFact | undefined,
): Decision<MessageDeleted> {
  const { actor, messageId, reason } = command
  if (!known || !sees(conversation, actor.user, known)) return noSuchMessage
  const isAuthor = known.authorId === actor.user
  if (!may(conversation, actor, isAuthor ? 'deleteOwn' : 'deleteOthers'))
    return refuse('FORBIDDEN', 'Only its author or a moderator can delete a message.')
  if (known.deleted) return nothing
  return happened({
    type: 'MessageDeleted',
    data: {
      messageId,
      subjectRevision: known.revision,
      forgets: known.bodies,
      cause: isAuthor ? 'AUTHOR' : 'MODERATOR',
    },
    ...(reason === undefined ? undefined : { body: { reason } }),
  })
}
