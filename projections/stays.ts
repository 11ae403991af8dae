// When somebody was in a conversation, from the first time to the present: what a feed of all conversations is merged by.

import type { EventOf, Recorded } from '../src/domain/events.ts'
import { type ConversationId, membershipId, type UserId, userId } from '../src/domain/ids.ts'
import { projection } from './projection.ts'

/** In revisions of the conversation. */
export interface Stay {
  /** Of the event that began it. */
  readonly from: number
  /** Of the event that ended it; absent while it lasts. */
  readonly to?: number
}

export interface StaysDocument {
  readonly conversationId: ConversationId
  readonly userId: UserId
  /** Oldest first; only the last one can last. */
  readonly stays: readonly Stay[]
}

/**
 * A feed is continued over no more events than this. Whoever was in it so long before has too many to make up for, so that such a
 * stay is asked for by nobody, however often they leave and come back.
 */
const farthest = 10_000

const of = (event: Recorded<EventOf<'UserJoined' | 'UserLeft' | 'MemberRemoved' | 'MemberBanned'>>) =>
  event.conversationId && membershipId(event.conversationId, event.data.userId)

const begun = (
  before: StaysDocument | undefined,
  conversationId: ConversationId | undefined,
  userId: UserId,
  from: number,
): StaysDocument | undefined => {
  if (!conversationId) return undefined
  const earlier = before ? ended(before, from).stays : []
  return { conversationId, userId, stays: [...earlier.filter(({ to = from }) => to >= from - farthest), { from }] }
}

function ended(document: StaysDocument, to: number): StaysDocument {
  const last = document.stays.at(-1)
  if (!last || last.to !== undefined) return document
  return { ...document, stays: [...document.stays.slice(0, -1), { ...last, to }] }
}

const end = (document: StaysDocument | undefined, event: { readonly revision: number }) =>
  document && ended(document, event.revision)

/** By the id that the membership has. */
export const stays = projection<StaysDocument>({
  name: 'stays',
  version: 2,
  access: true,
  indexes: [{ userId: 1, conversationId: 1 }],
  documentOf: {
    DMOpened: ({ conversationId, data }) =>
      conversationId && data.members.map((member) => membershipId(conversationId, member)),
    UserJoined: of,
    UserLeft: of,
    MemberRemoved: of,
    MemberBanned: of,
  },
  evolve: {
    DMOpened: (before, event, id) =>
      begun(before, event.conversationId, userId(id.slice(id.lastIndexOf('_') + 1)), event.revision),
    UserJoined: (before, event) => begun(before, event.conversationId, event.data.userId, event.revision),
    UserLeft: end,
    MemberRemoved: end,
    MemberBanned: end,
  },
})
