// Who may read a conversation, as the read models know it. Asked after the content was read: what was lost meanwhile is not shown.

import { bans } from '../../projections/bans.ts'
import { type DirectDocument, directs } from '../../projections/directs.ts'
import { memberships } from '../../projections/memberships.ts'
import { type RoomDocument, rooms } from '../../projections/rooms.ts'
import { type ConversationId, membershipId, type UserId } from '../domain/ids.ts'
import type { ReadModels } from '../projecting/readModels.ts'

export interface Access {
  /** The first revision that the viewer sees; what is earlier, and what later happens to it, is hidden. */
  readonly visibleFrom: number
}

/** What a viewer may read of these conversations; undefined where it is nothing. The rules are those of domain/access.ts. */
export async function accessTo(
  models: ReadModels,
  viewer: UserId,
  ids: readonly ConversationId[],
): Promise<readonly (Access | undefined)[]> {
  const own = ids.map((id) => membershipId(id, viewer))
  const [roomsFound, directsFound, banned] = await Promise.all([
    models.get(rooms, ids.filter(isRoom)),
    models.get(
      directs,
      ids.filter((id) => !isRoom(id)),
    ),
    models.get(bans, own),
  ])
  const known = new Map<string, RoomDocument | DirectDocument>(
    [...roomsFound, ...directsFound].map(({ id, document }) => [id, document]),
  )
  const joined = await models.get(
    memberships,
    ids.filter((id) => !isPublic(known.get(id))).map((id) => membershipId(id, viewer)),
  )
  const stays = new Map(joined.map(({ id, document }) => [id, document.joinedRevision]))
  const bannedFrom = new Set(banned.map(({ id }) => id))
  return ids.map((id) => {
    const conversation = known.get(id)
    const membership = membershipId(id, viewer)
    if (!conversation || bannedFrom.has(membership)) return undefined
    const joinedAt = stays.get(membership)
    if ('participants' in conversation) return joinedAt === undefined ? undefined : everything
    if (isPublic(conversation)) return everything
    if (joinedAt === undefined) return undefined
    return conversation.historyVisibility === 'SINCE_JOINED' ? { visibleFrom: joinedAt } : everything
  })
}

export const everything: Access = { visibleFrom: 0 }
/** Who may read it is told without its members. */
const isPublic = (conversation: RoomDocument | DirectDocument | undefined): boolean =>
  conversation === undefined || ('visibility' in conversation && conversation.visibility === 'PUBLIC')
const isRoom = (id: ConversationId): boolean => id.startsWith('room_')
