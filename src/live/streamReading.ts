// What feeds read of the stream of a conversation.

import type { EventStore, Position } from '../eventstore/port.ts'
import { anchorOf, beforeFirst, type FeedPlace } from './cursor.ts'
import { type FeedEvent, feedEvent, weightOf } from './event.ts'
import { frameBytes, frameEvents } from './frame.ts'

/** Reads events of one stream, from a revision on, that the node has handled. */
export async function readFrame(
  store: EventStore,
  stream: string,
  from: number,
  handled: Position,
  limit = frameEvents,
): Promise<{ readonly events: readonly FeedEvent[]; readonly more: boolean }> {
  const events: FeedEvent[] = []
  let bytes = 0
  for await (const page of store.readStream(stream, { from, limit: limit + 1, pageSize: limit + 1 }))
    for (const stored of page) {
      // What the node has not handled yet may stand after the end of somebody's access.
      if (stored.position > handled) return { events, more: false }
      const event = feedEvent(stored, false)
      bytes += weightOf(event)
      if (events.length === limit || (events.length > 0 && bytes > frameBytes)) return { events, more: true }
      events.push(event)
    }
  return { events, more: false }
}

/** The newest event of a stream that the node has handled. */
export async function newestPlace(store: EventStore, stream: string, handled: Position): Promise<FeedPlace> {
  for await (const page of store.readStream(stream, { direction: 'backwards', pageSize: 8 }))
    for (const { position, revision, id } of page) if (position <= handled) return { revision, anchor: anchorOf(id) }
  return beforeFirst
}

/** What the event at a revision is known again by, if there is one. */
export async function anchorAt(store: EventStore, stream: string, revision: number): Promise<string | undefined> {
  for await (const page of store.readStream(stream, { from: revision, limit: 1 }))
    return page[0]?.revision === revision ? anchorOf(page[0].id) : undefined
  return undefined
}

/** Whether the log still holds the event that a cursor names. */
export const stillThere = async (
  store: EventStore,
  stream: string,
  { revision, anchor }: FeedPlace,
): Promise<boolean> => revision === beforeFirst.revision || (await anchorAt(store, stream, revision)) === anchor
