// src/domain/validity.ts: until when an account lets its sessions live.

import type { AccountEvent } from './events.ts'
import type { SessionId } from './ids.ts'

/** Which sessions the account lets live: those verified at `after` or later, and the one that was kept. */
export interface Validity {
  /** Revision of the last event that ended sessions; −1 before the first. */
  readonly after: number
  readonly kept?: SessionId | undefined
}

export const everyone: Validity = { after: -1 }

/** The session that somebody acts through. */
export interface SessionRef {
  readonly id: SessionId
  readonly userRevision: number
}

/** The fold of what ends sessions. Whoever is kept was valid when it was decided. */
export function evolveValidity(validity: Validity, event: AccountEvent & { readonly revision: number }): Validity {
  switch (event.type) {
    case 'PasswordChanged':
    case 'AllSessionsEnded':
      return { after: event.revision, kept: event.data.keptSessionId }
    case 'UserDisabled':
      return { after: event.revision }
    default:
      return validity
  }
}

/** Whether a session that was verified against this revision of the account still holds. */
export const holds = (validity: Validity, session: SessionRef): boolean =>
  session.userRevision >= validity.after || session.id === validity.kept
