// What the feed of a conversation gives at once, and how much of what is new goes into it.

import type { ConversationId } from '../domain/ids.ts'
import type { Position } from '../eventstore/port.ts'
import { type FeedEvent, weightOf } from './event.ts'
import type { MadeFrame } from './madeFrame.ts'

/** Events and bytes of a frame, at most; a single larger event is a frame by itself. */
export const frameEvents = 250
export const frameBytes = 262_144

export interface Frame {
  readonly conversationId: ConversationId
  readonly events: readonly FeedEvent[]
  /** Where the feed stands after this frame. */
  readonly cursor: string
  /** False while more is known to follow at once. */
  readonly caughtUp: boolean
  readonly reset?: { readonly reason: 'LOG_REPLACED' }
  /** It is to show people as they are once `atLeast` can be read, and not just as they are known. */
  readonly lasts?: true
  /** What the read models must hold to show these events. */
  readonly atLeast?: Position
  /**
   * The conversations that may no longer be shown as they are now, beyond what these events say: asked once the frame has been
   * made, since access may have ended while it was.
   */
  readonly lost?: () => ReadonlySet<ConversationId>
  /** Where the frame has been made already, for many. */
  readonly made?: MadeFrame
}

/** As many as a frame takes. */
export function cut(events: readonly FeedEvent[]): { readonly events: readonly FeedEvent[]; readonly more: boolean } {
  let bytes = 0
  for (let index = 0; index < events.length; index++) {
    const event = events[index]
    if (!event) break
    bytes += weightOf(event)
    if (index === frameEvents || (index > 0 && bytes > frameBytes))
      return { events: events.slice(0, index), more: true }
  }
  return { events, more: false }
}
