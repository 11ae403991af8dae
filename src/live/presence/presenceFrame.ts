// What those who follow presence get at once.

import type { UserId } from '../../domain/ids.ts'
import { type Position, start } from '../../eventstore/port.ts'
import type { OnlinePeople } from './online.ts'

/** People in a frame, and people that can be named, at most. */
export const framePeople = 500

export interface PresenceFrame {
  readonly users: readonly UserId[]
  readonly initial: boolean
  /** What the read models must hold to show them. */
  readonly atLeast?: Position
  /** Where it is set, frames with the very same object here show the same to everyone. */
  readonly shared?: object
}

export function presenceFrame(
  users: readonly UserId[],
  {
    initial,
    online,
    shared,
  }: { readonly initial: boolean; readonly online: Pick<OnlinePeople, 'position'>; readonly shared: boolean },
): PresenceFrame {
  const { position } = online
  return {
    users,
    initial,
    ...(position === start ? undefined : { atLeast: position }),
    ...(shared ? { shared: users } : undefined),
  }
}
