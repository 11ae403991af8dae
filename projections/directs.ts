// What a direct conversation is now: who is in it, its counts, and where its log ends.

import type { EventOf, EventType, Recorded } from '../src/domain/events.ts'
import { type ConversationId, type DateTime, type MessageId, messageId, type UserId } from '../src/domain/ids.ts'
import { projection } from './projection.ts'

export interface DirectDocument {
  /** Sorted; for ever the same. */
  readonly participants: readonly UserId[]
  readonly createdAt: DateTime
  /** Number of the newest message; 0 before the first. */
  readonly lastNumber: number
  readonly lastMessageId?: MessageId
  /** Time of the newest message, or of the beginning. */
  readonly activeAt: DateTime
  /** Revision and id of the newest event: where a feed begins. */
  readonly lastRevision: number
  readonly lastEventId: string
}

/** Rooms have documents of their own. */
const ofDirect = ({ conversationId }: { readonly conversationId?: ConversationId }) =>
  conversationId?.startsWith('dm_') ? conversationId : undefined

const moved = <T extends EventType>(direct: DirectDocument | undefined, event: Recorded<EventOf<T>>) =>
  direct && { ...direct, lastRevision: event.revision, lastEventId: event.id }

export const directs = projection<DirectDocument>({
  name: 'directs',
  version: 1,
  access: true,
  indexes: [],
  documentOf: {
    DMOpened: ofDirect,
    DMSent: ofDirect,
    MessageEdited: ofDirect,
    MessageDeleted: ofDirect,
  },
  evolve: {
    DMOpened: (_, event) => ({
      participants: event.data.members,
      createdAt: event.occurredAt,
      lastNumber: 0,
      activeAt: event.occurredAt,
      lastRevision: event.revision,
      lastEventId: event.id,
    }),
    DMSent: (direct, event) =>
      direct && {
        ...direct,
        lastNumber: event.data.number,
        lastMessageId: messageId(event.id),
        activeAt: event.occurredAt,
        lastRevision: event.revision,
        lastEventId: event.id,
      },
    MessageEdited: moved<'MessageEdited'>,
    MessageDeleted: moved<'MessageDeleted'>,
  },
})
