// src/domain/account.ts: a person's account, and until when their sessions hold.

import { type Decision, happened, nothing, refuse } from './decision.ts'
import type {
  AccountEvent,
  AllSessionsEnded,
  GuestClaimed,
  GuestCreated,
  PasswordChanged,
  ProfileUpdated,
  ServerRole,
  UserRegistered,
} from './events.ts'
import type { SessionId } from './ids.ts'
import { usernameKey } from './names.ts'
import { everyone, evolveValidity, holds, type SessionRef, type Validity } from './validity.ts'

export interface ExistingAccount {
  readonly status: 'exists'
  readonly kind: 'HUMAN' | 'GUEST'
  readonly username: string
  readonly serverRole: ServerRole
  readonly disabled: boolean
  readonly validity: Validity
  /** Raw id of the event that holds the hash of the present password; undefined for guests, who have none. */
  readonly passwordEventId: string | undefined
  /** Undefined where it has been forgotten. */
  readonly displayName: string | undefined
  readonly bio: string | undefined
}
export type Account = { readonly status: 'none' } | ExistingAccount

export const initial: Account = { status: 'none' }

/** What the fold wants of an event's context. */
interface Placed {
  readonly id: string
  readonly revision: number
}

export function evolve(account: Account, event: AccountEvent & Placed): Account {
  if (account.status === 'none') {
    switch (event.type) {
      case 'UserRegistered':
        return {
          ...fresh('HUMAN', event.data.username, event.data.serverRole, event.body?.displayName),
          passwordEventId: event.id,
        }
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
      return {
        ...account,
        validity: evolveValidity(account.validity, event),
        passwordEventId: event.id,
        displayName: event.body?.displayName ?? account.displayName,
      }
    case 'AllSessionsEnded':
      return { ...account, validity: evolveValidity(account.validity, event) }
    case 'GuestClaimed':
      return {
        ...account,
        kind: 'HUMAN',
        username: event.data.username,
        serverRole: event.data.serverRole,
        displayName: event.body?.displayName,
        passwordEventId: event.id,
      }
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
  passwordEventId: undefined,
  displayName,
  bio: undefined,
})

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

export interface ClaimGuest {
  /** Claimed before. */
  readonly username: string
  readonly passwordHash: string
  /** The account goes by a name that leads to somebody else: it may choose another one, whatever it is. */
  readonly lostName?: boolean
  /** The session that asks for it. */
  readonly session: SessionRef
}

/** The account, its conversations and its sessions go on. */
export function claimGuest(
  account: Account,
  { username, passwordHash, lostName = false, session }: ClaimGuest,
): Decision<GuestClaimed> {
  if (account.status === 'none' || !acts(account, session))
    return refuse('FORBIDDEN', 'This session has ended meanwhile. Begin again as a new guest, or register.')
  if (account.kind !== 'GUEST' && !lostName)
    return account.username === username
      ? nothing
      : refuse('CONFLICT', `This account is no guest any more: it goes by the name ${account.username}.`)
  const displayName = account.displayName ?? username
  return happened({
    type: 'GuestClaimed',
    data: { username, serverRole: 'MEMBER' },
    body: { displayName, passwordHash },
  })
}

/** Whether somebody may still act through this session. */
const acts = (account: ExistingAccount, session: SessionRef): boolean =>
  !account.disabled && holds(account.validity, session)

/** Whether a name leads to this account, given that the name's reservation says so. Claims of names it had before do not. */
export const goesBy = (account: Account, username: string): account is ExistingAccount =>
  account.status === 'exists' && usernameKey(account.username) === usernameKey(username)

export interface ChangePassword {
  readonly passwordHash: string
  /** The event that holds the hash that the current password was compared with. */
  readonly verified: string
  /** The session that asks for it, which goes on. */
  readonly session: SessionRef
}

/** Ends every other session. */
export function changePassword(
  account: Account,
  { passwordHash, verified, session }: ChangePassword,
): Decision<PasswordChanged> {
  if (account.status === 'none' || !acts(account, session))
    return refuse('UNAUTHENTICATED', 'This session has ended meanwhile. Sign in again.')
  // Somebody else was faster: what was compared is not the current password any more.
  if (account.passwordEventId !== verified) return wrongPassword
  return happened(passwordChanged(account, passwordHash, session.id))
}

export const wrongPassword = refuse('UNAUTHENTICATED', 'The current password is wrong.', 'currentPassword')

/** Says again what is forgotten with the old hash. */
export function passwordChanged(
  { displayName, passwordEventId }: ExistingAccount,
  passwordHash: string,
  keptSessionId?: SessionId,
): PasswordChanged {
  return {
    type: 'PasswordChanged',
    data: {
      ...(keptSessionId === undefined ? undefined : { keptSessionId }),
      forgets: passwordEventId === undefined ? [] : [passwordEventId],
    },
    body: { passwordHash, ...(displayName === undefined ? undefined : { displayName }) },
  }
}

/** Ends every session that there is, the one that asks for it too. */
export function endAllSessions(account: Account): Decision<AllSessionsEnded> {
  if (account.status === 'none') return refuse('NOT_FOUND', 'There is no such account.')
  return happened({ type: 'AllSessionsEnded', data: {} })
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
