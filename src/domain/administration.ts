// src/domain/administration.ts: what is done to the accounts of others. Who may do it stands in permissions.ts.

import { type Account, type ExistingAccount, passwordChanged } from './account.ts'
import { type Decision, happened, nothing, type Refusal, refuse } from './decision.ts'
import type { PasswordChanged, ServerRole, ServerRoleChanged, UserDisabled, UserEnabled } from './events.ts'
import { mayOnServer, serverRanks } from './permissions.ts'

/** Who does it. Absent for the operator at the command line, who may do everything. */
interface Administrator {
  readonly actorRole?: ServerRole | undefined
}

export interface SetServerRole extends Administrator {
  readonly role: ServerRole
  /** Whether nobody else owns the server. */
  readonly lastOwner: boolean
}

export function setServerRole(
  account: Account,
  { actorRole, role, lastOwner }: SetServerRole,
): Decision<ServerRoleChanged> {
  if (account.status === 'none') return noSuchPerson
  if (role === 'GUEST')
    return refuse('BAD_INPUT', 'Nobody is made a guest: choose owner, admin, moderator or member.', 'role')
  const forbidden = refusedTo(actorRole, account)
  if (forbidden) return forbidden
  if (actorRole !== undefined && actorRole !== 'OWNER' && serverRanks[role] >= serverRanks[actorRole])
    return refuse('FORBIDDEN', 'You may give roles below your own only. Ask an owner of the server.', 'role')
  if (account.serverRole === role) return nothing
  if (account.disabled && role === 'OWNER')
    return refuse('CONFLICT', 'This account is disabled, and cannot own the server. Enable it first.')
  if (account.kind === 'GUEST')
    return refuse('CONFLICT', 'A guest has no other role. The account must be claimed with a password first.')
  if (account.serverRole === 'OWNER' && lastOwner)
    return refuse('CONFLICT', 'This is the last owner of the server. Make another one first.')
  return happened({ type: 'ServerRoleChanged', data: { role } })
}

export interface DisableUser extends Administrator {
  readonly reason?: string | undefined
  /** Whether nobody else owns the server. */
  readonly lastOwner: boolean
}

/** Every session of the account ends with it. */
export function disable(account: Account, { actorRole, reason, lastOwner }: DisableUser): Decision<UserDisabled> {
  if (account.status === 'none') return noSuchPerson
  const forbidden = refusedTo(actorRole, account)
  if (forbidden) return forbidden
  if (account.disabled) return nothing
  if (account.serverRole === 'OWNER' && lastOwner)
    return refuse('CONFLICT', 'This is the last owner of the server. Make another one first.')
  return happened({ type: 'UserDisabled', data: {}, ...(reason === undefined ? undefined : { body: { reason } }) })
}

/** Its sessions do not come back: the person signs in again. */
export function enable(account: Account, { actorRole }: Administrator): Decision<UserEnabled> {
  if (account.status === 'none') return noSuchPerson
  const forbidden = refusedTo(actorRole, account)
  if (forbidden) return forbidden
  return account.disabled ? happened({ type: 'UserEnabled', data: {} }) : nothing
}

/** A new password for somebody who has lost theirs; every session of the account ends. */
export function resetPassword(
  account: Account,
  { passwordHash }: { readonly passwordHash: string },
): Decision<PasswordChanged> {
  if (account.status === 'none') return noSuchPerson
  if (account.kind === 'GUEST')
    return refuse('CONFLICT', 'A guest has no password. The account must be claimed by its own person first.')
  return happened(passwordChanged(account, passwordHash))
}

export const noSuchPerson = refuse('NOT_FOUND', 'There is no such person.')

function refusedTo(actorRole: ServerRole | undefined, { serverRole }: ExistingAccount): Refusal | undefined {
  if (actorRole === undefined || actorRole === 'OWNER') return undefined
  if (!mayOnServer(actorRole, 'administer'))
    return refuse('FORBIDDEN', 'Only administrators of the server may do this. Ask one.')
  if (serverRanks[serverRole] < serverRanks[actorRole]) return undefined
  return refuse('FORBIDDEN', 'You may do this to accounts below your own role only. Ask an owner of the server.')
}
