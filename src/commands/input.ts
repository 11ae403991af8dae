// Checking what came in with a command: the first value that cannot be accepted refuses it.

import { DocumentsUnavailable } from '../documents/port.ts'
import { type Refusal, refuse } from '../domain/decision.ts'
import { parseId, type RoomId, type UserId } from '../domain/ids.ts'
import type { Checked } from '../domain/text.ts'
import { StoreUnavailable } from '../eventstore/port.ts'

/** A value that was accepted, or the refusal that names its field. */
export const accepted = (checked: Checked, field: string): string | Refusal =>
  checked.ok ? checked.value : refuse(checked.code, checked.detail, field)

export const isRefusal = (value: unknown): value is Refusal =>
  typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'refused'

/** Undefined for anything but the id of a room. */
export function roomIdOf(text: string): RoomId | undefined {
  const parsed = parseId(text)
  return parsed?.type === 'room' ? parsed.id : undefined
}

/** Undefined for anything but the id of a person. */
export function userIdOf(text: string): UserId | undefined {
  const parsed = parseId(text)
  return parsed?.type === 'user' ? parsed.id : undefined
}

/** Code points of the reason for a removal or deletion, at most. */
export const reasonLength = 500

/** What clients are told: the reasons, with the names of files and servers, are in the log and in /readyz?verbose. */
export const storesAway: Refusal = refuse(
  'UNAVAILABLE',
  'The server can store nothing at the moment, and has stored nothing of this. Try again later; whoever runs it finds the reason in its log.',
)

/** A command whose stores cannot be reached is refused, like one whose append fails. */
export async function unlessUnavailable<T>(command: () => Promise<T>): Promise<T | Refusal> {
  try {
    return await command()
  } catch (error) {
    if (error instanceof StoreUnavailable || error instanceof DocumentsUnavailable) return storesAway
    throw error
  }
}
