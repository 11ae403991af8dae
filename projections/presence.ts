// Who is there, what they say of it, and when they were last seen.

import type { DateTime, UserId } from '../src/domain/ids.ts'
import { userId } from '../src/domain/ids.ts'
import { evolve, initial, type PresenceStatus, statusOf } from '../src/domain/presence.ts'
import { projection } from './projection.ts'

export interface PresenceDocument {
  /** Of all devices on all nodes, and of what was set by hand. */
  readonly status: PresenceStatus
  readonly statusText?: string
  /** Absent while online, and for those who have never been. */
  readonly lastSeenAt?: DateTime
}

export const ofPresence = (event: { readonly stream: string }): UserId => userId(event.stream.slice('presence-'.length))

/** By the person's id. Streams of presence keep only their newest event: each says everything. */
export const presence = projection<PresenceDocument>({
  name: 'presence',
  version: 1,
  indexes: [{ status: 1 }],
  documentOf: { PresenceChanged: ofPresence },
  evolve: {
    PresenceChanged: (_, event) => {
      const state = evolve(initial, event)
      const status = statusOf(state)
      return {
        status,
        ...(state.statusText !== undefined && { statusText: state.statusText }),
        ...(status === 'OFFLINE' && state.lastSeenAt !== undefined && { lastSeenAt: state.lastSeenAt }),
      }
    },
  },
})
