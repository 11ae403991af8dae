// All that happens in one conversation, in order, each once: checked by its revisions, continued from a stored cursor.

import type { Clock } from './clock.ts'
import type { Connection } from './connection.ts'
import { RefusedError } from './errors.ts'
import { Frames } from './frames.ts'
import {
  ConversationEventsDocument,
  ConversationFeedDocument,
  type ConversationFeedSubscription,
  ConversationStartDocument,
  type EventPartsFragment,
} from './generated/documents.ts'
import type { Notices } from './notices.ts'
import type { Requests } from './requests.ts'
import { Revisions } from './revisions.ts'
import { type Storage, storedJson } from './storage.ts'

/** What feeds are made of. */
export interface FeedParts {
  readonly connection: Connection
  readonly requests: Requests
  readonly notices: Notices
  readonly clock: Clock
  /** Of this account. */
  readonly storage: Storage
}

/** Where a feed of a conversation stands. */
export interface Place {
  readonly cursor: string
  /** The revision that comes next, where it is known. */
  readonly next?: number | undefined
}

/** An event as the server shows it. A newer server may have types that are not listed. */
export type ConversationEvent = EventPartsFragment

export interface ConversationUpdate {
  /** In order; none may be there. */
  readonly events: readonly ConversationEvent[]
  /** False while history is being replayed. */
  readonly caughtUp: boolean
  /** The feed could not be continued: what was kept is to be read afresh, and these events come after that. */
  readonly reset: 'LOG_REPLACED' | 'TOO_FAR' | undefined
  /** Where the feed stands now. */
  readonly place: Place
}

export interface ConversationFeedOptions {
  readonly conversationId: string
  readonly signal: AbortSignal
  /** Where it goes on: at the stored place, or now where there is none, unless said. */
  readonly from?: Place | undefined
  /** Whether its place is stored. */
  readonly stored: boolean
}

/**
 * An update counts as taken care of when the next one is asked for; then its place is stored. So after a crash the last one may
 * come again, and none is missing.
 * @throws {RefusedError} the conversation cannot be read (any more)
 * @throws {SessionEndedError}
 */
export async function* conversationFeed(
  parts: FeedParts,
  { conversationId, signal, from, stored }: ConversationFeedOptions,
): AsyncGenerator<ConversationUpdate, void, undefined> {
  const key = `cursor/${conversationId}`
  const storedPlace = stored ? asPlace(await storedJson(parts.storage, key)) : undefined
  const place = from ?? storedPlace ?? (await startOf(parts, conversationId, signal))
  const revisions = new Revisions(place.next)
  const reading: Reading = { parts, conversationId, signal, revisions, cursor: place.cursor }
  const frames = new Frames<ConversationEvent>({
    ...parts,
    feed: conversationId,
    after: place.cursor,
    signal,
    subscribe: (link, after, sink) =>
      link.subscribe(ConversationFeedDocument, { conversationId, after: after ?? null }, sink),
    // The server has answered the document that was sent.
    frameOf: (data) => (data as ConversationFeedSubscription).conversationFeed,
  })
  for await (const frame of frames) {
    const reset = frame.reset?.reason
    if (reset) {
      parts.notices.report({ name: reset, feed: conversationId })
      revisions.forget()
      reading.cursor = frame.cursor
    }
    const events = await proven(reading, frame.events)
    // Of the last event, not of the frame: what a frame lacks may be missing after it too.
    const reached: Place = { cursor: reading.cursor, next: revisions.next }
    yield { events, caughtUp: frame.caughtUp, reset, place: reached }
    if (stored) await parts.storage.set(key, JSON.stringify(reached))
  }
}

interface Reading {
  readonly parts: FeedParts
  readonly conversationId: string
  readonly signal: AbortSignal
  readonly revisions: Revisions
  /** After the last event that was in order. */
  cursor: string
}

/** The events that follow what is known without a hole: what is missing among them is fetched, what came before is dropped. */
async function proven(reading: Reading, events: readonly ConversationEvent[]): Promise<readonly ConversationEvent[]> {
  const { parts, conversationId, revisions } = reading
  const inOrder: ConversationEvent[] = []
  for (const event of events) {
    let seen = revisions.see(event)
    if (seen.kind === 'hole') {
      const { from, through } = seen
      const fetched = await fetchHole(reading, through)
      inOrder.push(...fetched)
      const left = revisions.next ?? event.revision
      if (left > through) {
        parts.notices.report({ name: 'HOLE_FILLED', conversationId, from, through, events: fetched.length })
      } else {
        parts.notices.report({ name: 'HOLE_LEFT', conversationId, from: left, through })
        revisions.skipTo(event.revision)
      }
      seen = revisions.see(event)
    }
    if (seen.kind === 'next') {
      inOrder.push(event)
      reading.cursor = event.cursor
    } else {
      parts.notices.report({ name: 'REPEATED', conversationId, revision: event.revision })
    }
  }
  return inOrder
}

/** With all that is asked of each, a server takes no larger page for one question. */
const fetchedAtOnce = 50

/** What the log holds after the last event in order, up to a revision. */
async function fetchHole(reading: Reading, through: number): Promise<readonly ConversationEvent[]> {
  const { parts, conversationId, revisions, signal } = reading
  const fetched: ConversationEvent[] = []
  while ((revisions.next ?? through + 1) <= through) {
    const first = Math.min(fetchedAtOnce, through + 1 - (revisions.next ?? 0))
    const variables = { conversationId, after: reading.cursor, first }
    const page = await parts.requests.ask(ConversationEventsDocument, variables, { signal }).then(
      ({ conversation }) => conversation?.events,
      (error: unknown) => {
        // It will not be had, and what follows is there already: the feed goes on without it, and says so.
        if (error instanceof RefusedError) return undefined
        throw error
      },
    )
    if (!page || page.reset || page.events.length === 0) break
    for (const event of page.events) {
      if (revisions.see(event).kind !== 'next') continue
      fetched.push(event)
      reading.cursor = event.cursor
    }
    if (reading.cursor === variables.after) break
  }
  return fetched
}

/** Now: the cursor, and the revision that comes next, which belong together. @throws {RefusedError} it cannot be read */
async function startOf({ requests }: FeedParts, conversationId: string, signal: AbortSignal): Promise<Place> {
  const { conversation } = await requests.ask(ConversationStartDocument, { conversationId }, { signal })
  if (!conversation) throw new RefusedError('NOT_FOUND', 'There is no such conversation, or you may not read it.')
  return { cursor: conversation.feedCursor, next: conversation.revision }
}

/** What was stored, if it still says where. */
function asPlace(value: unknown): Place | undefined {
  if (typeof value !== 'object' || value === null || !('cursor' in value) || typeof value.cursor !== 'string')
    return undefined
  const next = 'next' in value && typeof value.next === 'number' ? value.next : undefined
  return { cursor: value.cursor, next }
}
