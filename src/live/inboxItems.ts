// What a feed of all conversations tells of each event: nothing, one thing, or two.

import type { ConversationId, DateTime, RoomId, UserId } from '../domain/ids.ts'
import { decode, isDecoded } from '../eventstore/decode.ts'
import type { RecordedEvent } from '../eventstore/port.ts'
import type { Channel, Sight } from './channel.ts'
import { anchorOf } from './cursor.ts'
import { type ConversationRecord, type FeedEvent, seenFrom } from './event.ts'
import { encodeInboxCursor, type InboxPlace } from './inboxCursor.ts'

/** MESSAGES: what is sent, edited and deleted; EVERYTHING: every change of every conversation. */
export type InboxDetail = 'MESSAGES' | 'EVERYTHING'

interface Placed {
  /** Where the feed stands once this is received. */
  readonly cursor: string
  readonly occurredAt: DateTime
}
export type InboxItem =
  | FeedEvent
  | (Placed & { readonly kind: 'added' | 'removed'; readonly conversationId: ConversationId })
  | (Placed & { readonly kind: 'marker'; readonly conversationId: ConversationId; readonly number: number })
  | (Placed & { readonly kind: 'invitation'; readonly roomId: RoomId })

/** Where a viewer stands in one conversation; moved on with what they are told. */
export interface Standing {
  readonly channel: Channel
  /** The first revision that has not been received. */
  next: number
  member: boolean
  /** The first revision that they see, or saw when they could read last. */
  visibleFrom: number
  /** What was answered when it was last asked what they may see. */
  sight?: Sight | undefined
}

interface Viewer {
  readonly user: UserId
  readonly detail: InboxDetail
}

const messageTypes: ReadonlySet<string> = new Set(['MessageSent', 'DMSent', 'MessageEdited', 'MessageDeleted'])

/** Whether an event is told in inboxes of this detail. */
export const isShownIn = (detail: InboxDetail, event: FeedEvent): boolean =>
  detail === 'EVERYTHING' || (event.kind === 'shown' && messageTypes.has(event.event.type))

/** Adds what the viewer is told of one event of a conversation, whose cursor is the feed's already. */
export function tell(items: InboxItem[], standing: Standing, event: FeedEvent, viewer: Viewer): void {
  const { cursor } = event
  standing.next = event.revision + 1
  const { conversationId } = event
  const occurred = event.kind === 'shown' ? event.event : event.hidden
  const begins = occurred !== undefined && !standing.member && makesMember(occurred, viewer.user)
  if (begins) {
    standing.member = true
    items.push({ kind: 'added', conversationId, cursor, occurredAt: occurred.occurredAt })
  }
  if (!standing.member) return
  show(items, standing, event, viewer)
  if (occurred === undefined || !endsMembership(occurred, viewer.user)) return
  standing.member = false
  items.push({ kind: 'removed', conversationId, cursor, occurredAt: occurred.occurredAt })
}

function show(items: InboxItem[], standing: Standing, event: FeedEvent, { user, detail }: Viewer): void {
  const { channel } = standing
  const readable = channel.mayRead(user)
  if (readable) standing.visibleFrom = channel.visibleFrom(user)
  // What was replayed is shown as it is now, which whoever has lost the conversation may not see.
  const shown =
    readable || (event.kind === 'shown' && event.fresh)
      ? seenFrom(event, standing.visibleFrom)
      : seenFrom(event, Number.POSITIVE_INFINITY)
  if (!isShownIn(detail, shown)) return
  const before = items.at(-1)
  // What was told beside another thing keeps the cursor of both: whoever goes on from the other would miss it.
  const mayGrow = before?.kind === 'skipped' && items.at(-2)?.cursor !== before.cursor
  if (mayGrow && shown.kind === 'skipped' && before.conversationId === shown.conversationId)
    items[items.length - 1] = { ...shown, revision: before.revision }
  else items.push(shown)
}

/** Adds what is told of an event in a stream of the viewer's own. @returns where the feed stands then */
export function tellOwn(items: InboxItem[], place: InboxPlace, stored: RecordedEvent): InboxPlace {
  const event = decode(stored)
  const { position, stream } = stored
  const lasts = stream.startsWith('invitations-')
  const now = { position, anchor: lasts ? { position, id: anchorOf(stored.id) } : place.anchor }
  if (!isDecoded(event)) return now
  const placed = { cursor: encodeInboxCursor(now), occurredAt: event.occurredAt }
  if (event.type === 'InvitationReceived') items.push({ kind: 'invitation', roomId: event.data.roomId, ...placed })
  if (event.type === 'ReadMarkerAdvanced') {
    // `read-<raw user>-<conversation>`: a raw id has 36 characters.
    const conversationId = stream.slice('read-'.length + 37) as ConversationId
    items.push({ kind: 'marker', conversationId, number: event.data.number, ...placed })
  }
  return now
}

const makesMember = (event: ConversationRecord, user: UserId): boolean =>
  (event.type === 'UserJoined' && event.data.userId === user) ||
  (event.type === 'DMOpened' && event.data.members.includes(user))

const endsMembership = (event: ConversationRecord, user: UserId): boolean =>
  (event.type === 'UserLeft' || event.type === 'MemberRemoved' || event.type === 'MemberBanned') &&
  event.data.userId === user
