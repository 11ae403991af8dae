// src/domain/account.ts: a person's account, and until when their sessions hold.

import { type Decision, happened, nothing, refuse } from './decision.ts'
import type { AccountEvent, GuestCreated, ProfileUpdated, ServerRole, UserRegistered } from './events.ts'
import type { SessionId } from './ids.ts'

export interface ExistingAccount {
  readonly status: 'exists'
  readonly kind: 'HUMAN' | 'GUEST'
  readonly username: string
  readonly serverRole: ServerRole
  readonly disabled: boolean
  readonly validity: Validity
  /** Undefined where it has been forgotten. */
  readonly displayName: string | undefined
  readonly bio: string | undefined
}
export type Account = { readonly status: 'none' } | ExistingAccount

/** Which sessions the account lets live: those verified at `after` or later, and the one that was kept. */
export interface Validity {
  /** Revision of the last event that ended sessions; −1 before the first. */
  readonly after: number
  readonly kept?: SessionId | undefined
}

export const initial: Account = { status: 'none' }
export const everyone: Validity = { after: -1 }

export function evolve(account: Account, event: AccountEvent & { readonly revision: number }): Account {
  if (account.status === 'none') {
    switch (event.type) {
      case 'UserRegistered':
        return fresh('HUMAN', event.data.username, event.data.serverRole, event.body?.displayName)
      case 'GuestCreated':
        return fresh('GUEST', event.data.username, 'GUEST', event.body?.displayName)
      default:
        return account
    }
  }
  switch (event.type) {
    case 'ServerRoleChanged':
      return { ...account, serverRole: event.data.role }
    case 'UserDisabled':
      return { ...account, disabled: true, validity: evolveValidity(account.validity, event) }
    case 'UserEnabled':
      return { ...account, disabled: false }
    case 'PasswordChanged':
    case 'AllSessionsEnded':
      return { ...account, validity: evolveValidity(account.validity, event) }
    case 'ProfileUpdated':
      return {
        ...account,
        ...(event.data.fields.includes('displayName') ? { displayName: event.body?.displayName } : undefined),
        ...(event.data.fields.includes('bio') ? { bio: event.body?.bio ?? undefined } : undefined),
      }
    case 'UserRegistered':
    case 'GuestCreated':
      return account
    default:
      return event satisfies never
  }
}

const fresh = (
  kind: ExistingAccount['kind'],
  username: string,
  serverRole: ServerRole,
  displayName: string | undefined,
): ExistingAccount => ({
  status: 'exists',
  kind,
  username,
  serverRole,
  disabled: false,
  validity: everyone,
  displayName,
  bio: undefined,
})

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
export const holds = (
  validity: Validity,
  session: { readonly id: SessionId; readonly userRevision: number },
): boolean => session.userRevision >= validity.after || session.id === validity.kept

export interface Register {
  readonly username: string
  readonly displayName: string
  readonly passwordHash: string
  readonly serverRole: Exclude<ServerRole, 'GUEST'>
}

/** The name has been claimed before; an account is made once. */
export function register(account: Account, command: Register): Decision<UserRegistered> {
  if (account.status === 'exists')
    return account.username === command.username
      ? nothing
      : refuse('CONFLICT', 'This account exists under another name.')
  const { username, serverRole, displayName, passwordHash } = command
  return happened({ type: 'UserRegistered', data: { username, serverRole }, body: { displayName, passwordHash } })
}

export interface CreateGuest {
  readonly username: string
  readonly displayName: string
}

export function createGuest(account: Account, { username, displayName }: CreateGuest): Decision<GuestCreated> {
  if (account.status === 'exists')
    return account.username === username ? nothing : refuse('CONFLICT', 'This account exists under another name.')
  return happened({ type: 'GuestCreated', data: { username }, body: { displayName } })
}

export interface UpdateProfile {
  /** `undefined` keeps; `null` goes back to the username. */
  readonly displayName?: string | null | undefined
  /** `undefined` keeps, `null` clears. */
  readonly bio?: string | null | undefined
}

/** Changing something to what it is already changes nothing. */
export function updateProfile(account: Account, { displayName, bio }: UpdateProfile): Decision<ProfileUpdated> {
  if (account.status === 'none') return refuse('NOT_FOUND', 'There is no such account.')
  const name = displayName === null ? account.username : displayName
  const fields: ('displayName' | 'bio')[] = []
  if (name !== undefined && name !== account.displayName) fields.push('displayName')
  if (bio !== undefined && (bio ?? undefined) !== account.bio) fields.push('bio')
  if (fields.length === 0) return nothing
  return happened({
    type: 'ProfileUpdated',
    data: { fields },
    body: {
      ...(fields.includes('displayName') ? { displayName: name ?? account.username } : undefined),
      ...(fields.includes('bio') ? { bio: bio ?? null } : undefined),
    },
  })
}
