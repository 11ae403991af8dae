// What a command about a room answers with.

import type { Conversation } from '../domain/conversation.ts'
import type { ConversationEvent } from '../domain/events.ts'
import type { RoomId } from '../domain/ids.ts'
import type { Done } from './deciding.ts'

export interface AboutRoom extends Done<Conversation, ConversationEvent> {
  readonly roomId: RoomId
}
