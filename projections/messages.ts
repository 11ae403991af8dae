// Messages as they are now.

import type { EventOf, Recorded, SentData } from '../src/domain/events.ts'
import { type ConversationId, type DateTime, messageId, type UserId } from '../src/domain/ids.ts'
import { projection } from './projection.ts'

export interface MessageDocument {
  readonly conversationId: ConversationId
  readonly number: number
  /** The revision of the event that sent it. */
  readonly sentRevision: number
  readonly authorId: UserId
  /** Absent once deleted. */
  readonly text?: string
  /** What a repeat with the same key is compared with; absent once deleted. */
  readonly contentHash?: string
  readonly sentAt: DateTime
  readonly editedAt?: DateTime
  readonly deletedAt?: DateTime
  readonly deletedBy?: UserId
  readonly clientMessageId?: string
  readonly mentions?: readonly UserId[]
  readonly mentionsRoom?: boolean
  /** Ids of the events that hold its texts; empty once deleted. */
  readonly bodies: readonly string[]
}

type Sent = Recorded<EventOf<'MessageSent'>> | Recorded<EventOf<'DMSent'>>

/** A message as its sending made it; also what a live event shows, without a read. */
export function sentMessage(event: Sent): MessageDocument | undefined {
  const { conversationId, actor, body } = event
  if (conversationId === undefined || actor === undefined) return undefined
  const { number, clientMessageId, mentions, mentionsRoom }: SentData = event.data
  return {
    conversationId,
    number,
    sentRevision: event.revision,
    authorId: actor,
    ...(body === undefined ? undefined : { text: body.text, contentHash: body.contentHash }),
    sentAt: event.occurredAt,
    ...(clientMessageId === undefined ? undefined : { clientMessageId }),
    ...(mentions === undefined ? undefined : { mentions }),
    ...(mentionsRoom ? { mentionsRoom } : undefined),
    bodies: [event.id],
  }
}

export const messages = projection<MessageDocument>({
  name: 'messages',
  version: 1,
  indexes: [{ conversationId: 1, sentRevision: 1 }],
  documentOf: {
    MessageSent: (event) => messageId(event.id),
    DMSent: (event) => messageId(event.id),
    MessageEdited: (event) => event.data.messageId,
    MessageDeleted: (event) => event.data.messageId,
  },
  begins: ['MessageSent', 'DMSent'],
  evolve: {
    MessageSent: (_, event) => sentMessage(event),
    DMSent: (_, event) => sentMessage(event),
    MessageEdited: (message, event) => {
      if (!message) return undefined
      const { mentions: _before, mentionsRoom: _roomBefore, text: _textBefore, ...rest } = message
      const { mentions, mentionsRoom } = event.data
      return {
        ...rest,
        ...(event.body === undefined ? undefined : { text: event.body.text }),
        editedAt: event.occurredAt,
        ...(mentions === undefined || mentions.length === 0 ? undefined : { mentions }),
        ...(mentionsRoom ? { mentionsRoom } : undefined),
        bodies: [...message.bodies, event.id],
      }
    },
    MessageDeleted: (message, event) => {
      if (!message) return undefined
      const { text: _text, contentHash: _hash, mentions: _mentions, mentionsRoom: _room, ...rest } = message
      return {
        ...rest,
        deletedAt: event.occurredAt,
        ...(event.actor === undefined ? undefined : { deletedBy: event.actor }),
        bodies: [],
      }
    },
  },
})
