// Who is banned from which room.

import type { ConversationId, DateTime, UserId } from '../src/domain/ids.ts'
import { membershipId } from '../src/domain/ids.ts'
import { projection, removed } from './projection.ts'

export interface BanDocument {
  readonly conversationId: ConversationId
  readonly userId: UserId
  readonly bannedBy?: UserId
  readonly bannedAt: DateTime
  /** Absent where none was given, and once it is forgotten. */
  readonly reason?: string
}

const of = ({
  conversationId,
  data,
}: {
  readonly conversationId?: ConversationId
  readonly data: { userId: UserId }
}) => conversationId && membershipId(conversationId, data.userId)

/** By the id that the membership would have. */
export const bans = projection<BanDocument>({
  name: 'bans',
  version: 1,
  access: true,
  indexes: [{ conversationId: 1, bannedAt: -1 }],
  documentOf: { MemberBanned: of, MemberUnbanned: of },
  evolve: {
    MemberBanned: (_, event) =>
      event.conversationId && {
        conversationId: event.conversationId,
        userId: event.data.userId,
        ...(event.actor === undefined ? undefined : { bannedBy: event.actor }),
        bannedAt: event.occurredAt,
        ...(event.body === undefined ? undefined : { reason: event.body.reason }),
      },
    MemberUnbanned: (ban) => ban && removed,
  },
})
