// What a feed delivers: an event of the log, or a place where one may not or cannot be shown.

import { conversations } from '../commands/aggregate.ts'
import type { ConversationEvent, EventType, Recorded } from '../domain/events.ts'
import type { ConversationId } from '../domain/ids.ts'
import { conversationOf } from '../domain/streams.ts'
import { decode, isDecoded } from '../eventstore/decode.ts'
import type { Position, RecordedEvent } from '../eventstore/port.ts'
import { anchorOf, encodeCursor } from './cursor.ts'

export type ConversationRecord = Recorded<ConversationEvent> & { readonly conversationId: ConversationId }

interface Place {
  readonly conversationId: ConversationId
  readonly revision: number
  readonly position: Position
  /** Of its id: what the log is known again by. */
  readonly anchor: string
  /** Where the feed stands once this is received. */
  readonly cursor: string
}

export interface ShownEvent extends Place {
  readonly kind: 'shown'
  readonly event: ConversationRecord
  /**
   * True while what the event says is still so: it can then be shown from the event alone. Replayed ones, and messages that
   * were edited or deleted since, are read as they are now.
   */
  readonly fresh: boolean
}

/** Cannot be read, or may not be seen: the numbering stays provable. */
export interface SkippedEvents extends Place {
  readonly kind: 'skipped'
  readonly throughRevision: number
  /** What it was, where it can be read: for those who must know, never to be shown. */
  readonly hidden?: ConversationRecord
}

export type FeedEvent = ShownEvent | SkippedEvents

/** Size of a stored event in memory, in bytes, roughly. */
export const weightOf = (event: FeedEvent): number => {
  if (event.kind === 'skipped') return 200
  const body = event.event.body
  return 600 + (body && 'text' in body ? 2 * body.text.length : 0)
}

/** An event of a conversation's stream, as a feed delivers it. */
export function feedEvent(stored: RecordedEvent, fresh: boolean): FeedEvent {
  const conversationId = conversationOf(stored.stream)
  if (conversationId === undefined) throw new Error(`${stored.stream} is no conversation's stream.`)
  const { revision, position } = stored
  const anchor = anchorOf(stored.id)
  const cursor = encodeCursor(conversationId, { revision, anchor })
  const place = { conversationId, revision, position, anchor, cursor }
  const decoded = decode(stored)
  if (!isDecoded(decoded) || !isConversationRecord(decoded))
    return { kind: 'skipped', throughRevision: revision, ...place }
  return shownTypes.has(decoded.type)
    ? { kind: 'shown', event: decoded, fresh, ...place }
    : { kind: 'skipped', throughRevision: revision, hidden: decoded, ...place }
}

/** Events of a room for which the API has no type yet; they are skipped until it has. */
const notShown: ReadonlySet<EventType> = new Set<ConversationEvent['type']>(['MemberBanned', 'MemberUnbanned'])

/** The types that clients are shown. */
export const shownTypes: ReadonlySet<EventType> = conversations.types.difference(notShown)

const isConversationRecord = (event: Recorded): event is ConversationRecord =>
  event.conversationId !== undefined && conversations.types.has(event.type)

/** What somebody sees of an event who sees the conversation only from a revision on: nothing of or about what is earlier. */
export function seenFrom(event: FeedEvent, from: number): FeedEvent {
  if (event.kind === 'skipped' || earliest(event.event) >= from) return event
  const { conversationId, revision, position, anchor, cursor } = event
  return { kind: 'skipped', throughRevision: revision, conversationId, revision, position, anchor, cursor }
}

/** The earliest revision that an event tells something of. */
const earliest = (event: ConversationRecord): number =>
  'subjectRevision' in event.data ? event.data.subjectRevision : event.revision

/** The earliest revision that it tells something of to everyone; infinity where it tells of none. */
export const tellsFrom = (event: FeedEvent): number =>
  event.kind === 'shown' ? earliest(event.event) : Number.POSITIVE_INFINITY

/** The earliest revision that any of them tells something of. */
export const earliestOf = (events: readonly FeedEvent[]): number =>
  events.reduce((first, event) => Math.min(first, tellsFrom(event)), Number.POSITIVE_INFINITY)

/** Neighbouring skipped events as one. */
export function merged(events: readonly FeedEvent[]): readonly FeedEvent[] {
  const result: FeedEvent[] = []
  for (const event of events) {
    const before = result.at(-1)
    if (event.kind === 'skipped' && before?.kind === 'skipped')
      result[result.length - 1] = { ...event, revision: before.revision }
    else result.push(event)
  }
  return result
}
