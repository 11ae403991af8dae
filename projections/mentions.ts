// Who was mentioned by which message, when it was sent: what mention counts are made of.

import type { EventOf, Recorded } from '../src/domain/events.ts'
import { type ConversationId, rawId, type UserId } from '../src/domain/ids.ts'
import { projection } from './projection.ts'

export interface MentionDocument {
  readonly conversationId: ConversationId
  /** Who; `everyone` where the whole room was. */
  readonly target: UserId | 'everyone'
  /** Number of the message. */
  readonly number: number
  /** Only on a person's: the message mentions the whole room as well, and is counted there. */
  readonly withRoom?: true
}

/** The target of a mention of the whole room. */
export const wholeRoom = 'everyone'

type Sent = Recorded<EventOf<'MessageSent'>> | Recorded<EventOf<'DMSent'>>

const idsOf = ({ id, data }: Sent): readonly string[] | undefined => {
  if (!data.mentions && !data.mentionsRoom) return undefined
  const people = (data.mentions ?? []).map((user) => `${id}_${rawId(user)}`)
  return data.mentionsRoom ? [...people, `${id}_${wholeRoom}`] : people
}

const mention = (_: MentionDocument | undefined, event: Sent, id: string): MentionDocument | undefined => {
  const whom = id.slice(id.indexOf('_') + 1)
  const { conversationId, data } = event
  if (conversationId === undefined) return undefined
  if (whom === wholeRoom) return { conversationId, target: wholeRoom, number: data.number }
  const target = `user_${whom}` as UserId
  return { conversationId, target, number: data.number, ...(data.mentionsRoom ? { withRoom: true } : undefined) }
}

export const mentions = projection<MentionDocument>({
  name: 'mentions',
  version: 2,
  indexes: [{ conversationId: 1, target: 1, number: 1 }],
  documentOf: { MessageSent: idsOf, DMSent: idsOf },
  begins: ['MessageSent', 'DMSent'],
  evolve: { MessageSent: mention, DMSent: mention },
})
