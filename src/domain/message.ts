// src/domain/message.ts: sending, editing and deleting messages in a conversation.

import { type Decision, happened, nothing, refuse } from './decision.ts'
import type { MessageDeleted, MessageEdited, MessageEvent, MessageSent } from './events.ts'
import { type MessageId, messageId, rawId, type UserId } from './ids.ts'
import { type Actor, mayRead, moderates, noSuchRoom, type Room } from './room.ts'

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

/** A key that has sent before sends nothing more, whatever has happened to the room since. */
export function send(room: Room, command: SendMessage, known: MessageFact | undefined): Decision<MessageSent> {
  const { actor, clientMessageId, mentions } = command
  if (room.status === 'none' || !mayRead(room, actor.user)) return noSuchRoom
  if (known) {
    if (known.deleted || known.contentHash === command.contentHash) return nothing
    return refuse(
      'CONFLICT',
      'This key has sent another message already. Use a new key for a new message.',
      'clientMessageId',
    )
  }
  if (!room.members.has(actor.user)) return refuse('FORBIDDEN', 'Join this room before you write in it.')
  if (room.archived) return refuse('ARCHIVED', 'This room is archived; its history can still be read.')
  const mentionsRoom = command.mentionsRoom && (room.members.size <= smallRoom || moderates(room, actor))
  const told = room.visibility === 'PUBLIC' ? mentions : mentions.filter((user) => room.members.has(user))
  return happened({
    type: 'MessageSent',
    id: rawId(command.messageId),
    data: {
      number: room.lastNumber + 1,
      ...(clientMessageId === undefined ? undefined : { clientMessageId }),
      ...(told.length === 0 ? undefined : { mentions: told }),
      ...(mentionsRoom ? { mentionsRoom } : undefined),
    },
    body: { text: command.text, contentHash: command.contentHash },
  })
}

export interface EditMessage {
  readonly actor: Actor
  readonly messageId: MessageId
  readonly text: string
  readonly mentions: readonly UserId[]
  readonly mentionsRoom: boolean
}

export const noSuchMessage = refuse('NOT_FOUND', 'There is no such message, or you may not see it.')

/** Only the author edits, and only while a member. Editing to the present text changes nothing. */
export function edit(room: Room, command: EditMessage, known: MessageFact | undefined): Decision<MessageEdited> {
  const { actor, messageId, mentions } = command
  if (room.status === 'none' || !mayRead(room, actor.user) || !known) return noSuchMessage
  if (known.authorId !== actor.user) return refuse('FORBIDDEN', 'Only its author can edit a message.')
  if (known.deleted) return refuse('CONFLICT', 'This message was deleted; it cannot be edited any more.')
  if (known.text === command.text) return nothing
  if (!room.members.has(actor.user)) return refuse('FORBIDDEN', 'Join this room before you edit in it.')
  if (room.archived) return refuse('ARCHIVED', 'This room is archived; its history can still be read.')
  const mentionsRoom = command.mentionsRoom && (room.members.size <= smallRoom || moderates(room, actor))
  return happened({
    type: 'MessageEdited',
    data: {
      messageId,
      subjectRevision: known.revision,
      mentions: room.visibility === 'PUBLIC' ? mentions : mentions.filter((user) => room.members.has(user)),
      mentionsRoom,
    },
    body: { text: command.text },
  })
}

export interface DeleteMessage {
  readonly actor: Actor
  readonly messageId: MessageId
  readonly reason?: string | undefined
}

/** The author and moderators delete, in archived rooms too. Deleting twice changes nothing. */
export function remove(room: Room, command: DeleteMessage, known: MessageFact | undefined): Decision<MessageDeleted> {
  const { actor, messageId, reason } = command
  if (room.status === 'none' || !mayRead(room, actor.user) || !known) return noSuchMessage
  const isAuthor = known.authorId === actor.user
  if (!isAuthor && !moderates(room, actor))
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
