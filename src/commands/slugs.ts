// The slugs of public rooms: which one a room gets, and the claims to them.

import type { Conversation, OpenRoom } from '../domain/conversation.ts'
import { type Refusal, refuse } from '../domain/decision.ts'
import type { RoomVisibility } from '../domain/events.ts'
import { type RoomId, rawId } from '../domain/ids.ts'
import { checkSlug, slugOf } from '../domain/names.ts'
import { claimSlug, releaseSlug } from '../domain/reservation.ts'
import { conversationStream, slugStream } from '../domain/streams.ts'
import { conversations } from './aggregate.ts'
import { Claims } from './claims.ts'
import type { Commands } from './commands.ts'
import { accepted } from './input.ts'

export const slugClaims = (commands: Commands): Claims<RoomId> =>
  new Claims(commands, {
    streamOf: slugStream,
    claim: claimSlug,
    release: releaseSlug,
    goesBy: async (room, slug) =>
      slugOfRoom((await commands.load(conversations, conversationStream(room))).state) === slug,
    takenMeanwhile: refuse('CONFLICT', 'This slug was taken by another room meanwhile. Choose another one.', 'slug'),
  })

export const slugOfRoom = (room: Conversation): string | undefined =>
  room.status === 'exists' && room.kind === 'ROOM' ? room.slug : undefined

/** The slug of a new room. Private rooms have none, and one that is asked for is refused with them. */
export function slugFor(
  { slug, visibility }: { readonly slug?: string | null | undefined; readonly visibility: RoomVisibility },
  name: string,
  id: RoomId,
): string | undefined | Refusal {
  if (visibility === 'PRIVATE' && slug == null) return undefined
  return accepted(checkSlug(slug ?? slugOf(name, rawId(id))), slug == null ? 'name' : 'slug')
}

/** A room that becomes public gets a slug of its name. */
export const defaultSlug = (
  before: OpenRoom | undefined,
  change: { readonly name?: string | undefined; readonly visibility?: RoomVisibility | undefined },
  id: RoomId,
): string | undefined =>
  change.visibility === 'PUBLIC' && before && before.slug === undefined
    ? slugOf(change.name ?? before.name, rawId(id))
    : undefined
