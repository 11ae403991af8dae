// The viewer's invitations to rooms, while they wait for an answer.

import { bans } from '../../projections/bans.ts'
import { type InvitationDocument, invitationId, invitations } from '../../projections/invitations.ts'
import { memberships } from '../../projections/memberships.ts'
import type { RoomDocument } from '../../projections/rooms.ts'
import type { StoredDocument } from '../documents/port.ts'
import { membershipId, type RoomId } from '../domain/ids.ts'
import type { ReadModels } from '../projecting/readModels.ts'
import type { Asking } from './asking.ts'
import type { Found } from './loaders.ts'

/** An invitation, with what may be seen of the room before it is accepted. */
export type InvitationToRoom = Found<InvitationDocument> & { readonly room: Found<RoomDocument> }

/** Invitations shown, at most. */
const shown = 100

/** Newest first. */
export async function waitingInvitations(
  models: ReadModels,
  asking: Asking,
  limit = shown,
): Promise<readonly InvitationToRoom[]> {
  await asking.consistency.ready()
  const filter = { userId: asking.viewer }
  return await withRooms(models, asking, await models.find(invitations, { filter, sort: { invitedAt: -1 }, limit }))
}

export async function waitingInvitation(
  models: ReadModels,
  asking: Asking,
  room: RoomId,
): Promise<InvitationToRoom | undefined> {
  await asking.consistency.ready()
  const found = await models.get(invitations, [invitationId(room, asking.viewer)])
  return (await withRooms(models, asking, found))[0]
}

async function withRooms(
  models: ReadModels,
  { viewer, loaders }: Asking,
  found: readonly StoredDocument<InvitationDocument>[],
): Promise<readonly InvitationToRoom[]> {
  const own = found.map(({ document }) => membershipId(document.roomId, viewer))
  const [banned, joined] = await Promise.all([models.get(bans, own), models.get(memberships, own)])
  // Joining answers an invitation; that it does is noted in the invitation only a moment later.
  const settled = new Set([...banned, ...joined].map(({ document }) => document.conversationId))
  const toRooms = await loaders.rooms.loadMany(found.map(({ document }) => document.roomId))
  return found.flatMap(({ id, document }, index) => {
    const room = toRooms[index]
    // What came of a room since is not in the invitation.
    if (!room || room instanceof Error || room.archived || settled.has(document.roomId)) return []
    return [{ ...document, id, room }]
  })
}
