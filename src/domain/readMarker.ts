// src/domain/readMarker.ts: how far a person has read a conversation.

import { type Decision, happened, nothing } from './decision.ts'
import type { ReadMarkerAdvanced } from './events.ts'
import type { MessageId } from './ids.ts'

export interface ReadMarker {
  /** Read up to and including the message of this number; 0 before the first. */
  readonly number: number
}

export const initial: ReadMarker = { number: 0 }

export const evolve = (_marker: ReadMarker, event: ReadMarkerAdvanced): ReadMarker => ({ number: event.data.number })

export interface Advance {
  readonly number: number
  readonly messageId: MessageId
}

/** Never moves back. */
export function advance(marker: ReadMarker, { number, messageId }: Advance): Decision<ReadMarkerAdvanced> {
  return number <= marker.number ? nothing : happened({ type: 'ReadMarkerAdvanced', data: { number, messageId } })
}
