// How far each person has read each conversation.

import { type ConversationId, type DateTime, type MessageId, type UserId, userId } from '../src/domain/ids.ts'
import { projection } from './projection.ts'

export interface ReadMarkerDocument {
  readonly conversationId: ConversationId
  readonly userId: UserId
  readonly number: number
  readonly messageId: MessageId
  readonly at: DateTime
}

/** `read-<raw user>-<conversation>`: a raw id has 36 characters. */
const parts = (stream: string) => {
  const raw = stream.slice('read-'.length, 'read-'.length + 36)
  return { user: userId(raw), conversation: stream.slice('read-'.length + 37) as ConversationId }
}

export const readMarkerId = (conversation: ConversationId, user: UserId): string => `${conversation}_${user}`

export const readMarkers = projection<ReadMarkerDocument>({
  name: 'readMarkers',
  version: 2,
  indexes: [
    { conversationId: 1, number: -1 },
    { userId: 1, _position: 1 },
  ],
  documentOf: {
    ReadMarkerAdvanced: (event) => {
      const { user, conversation } = parts(event.stream)
      return readMarkerId(conversation, user)
    },
  },
  evolve: {
    ReadMarkerAdvanced: (_, event) => {
      const { user, conversation } = parts(event.stream)
      return {
        conversationId: conversation,
        userId: user,
        number: event.data.number,
        messageId: event.data.messageId,
        at: event.occurredAt,
      }
    },
  },
})
