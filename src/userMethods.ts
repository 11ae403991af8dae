// What the command line can ask about accounts.

import { z } from 'zod'
import { usernames } from '../projections/reservations.ts'
import { users } from '../projections/users.ts'
import { LoginAttempts } from './accounts/attempts.ts'
import { Passwords } from './accounts/passwords.ts'
import { type AboutAccount, AdministrationCommands } from './commands/administration.ts'
import type { Commands } from './commands/commands.ts'
import { Credentials } from './commands/credentials.ts'
import { unlessUnavailable } from './commands/input.ts'
import { newUuid } from './commands/occasion.ts'
import type { Filter } from './documents/port.ts'
import type { Refusal } from './domain/decision.ts'
import type { ReadModels } from './projecting/readModels.ts'

type Method = (params: unknown) => Promise<unknown>

export interface UserMethodsOptions {
  readonly commands: Commands
  readonly readModels: ReadModels
}

const role = z.enum(['OWNER', 'ADMIN', 'MODERATOR', 'MEMBER'])
const named = z.object({ user: z.string() })
const created = z.object({
  username: z.string(),
  displayName: z.string().optional(),
  role,
  password: z.string(),
})
const listed = z.object({
  query: z.string().optional(),
  from: z.string().optional(),
  limit: z.number().int().min(1).max(1_000).default(50),
})

export function userMethodsOf({ commands, readModels }: UserMethodsOptions): Readonly<Record<string, Method>> {
  const now = commands.clock.now
  const credentials = new Credentials({
    commands,
    passwords: new Passwords(),
    // Nobody is guessing here: the operator knows no current password.
    attempts: new LoginAttempts({ now, enabled: false }),
  })
  const administration = new AdministrationCommands({ commands, credentials })
  /** Events that the operator makes have no actor. */
  const operator = () => ({ requester: { correlationId: newUuid() } })

  const list: Method = async (params) => {
    const { query = '', from, limit } = listed.parse(params)
    const text = query.toLowerCase()
    const beginning: Filter[] = text === '' ? [] : [{ usernameKey: { $gte: text, $lt: `${text}\u{10ffff}` } }]
    const further: Filter[] = from === undefined ? [] : [{ usernameKey: { $gte: from.toLowerCase() } }]
    const conditions = [...beginning, ...further]
    const found = await readModels.find(users, {
      ...(conditions.length === 0 ? undefined : { filter: { $and: conditions } }),
      sort: { usernameKey: 1 },
      limit: limit + 1,
    })
    const page = found.slice(0, limit)
    const claims = await readModels.get(
      usernames,
      page.map(({ document }) => document.usernameKey),
    )
    const leadsTo = new Map(claims.map(({ id, document }) => [id, document.userId as string]))
    return {
      users: page
        // An account that its name does not lead to does not exist.
        .filter(({ id, document }) => leadsTo.get(document.usernameKey) === id)
        .map(({ id, document: { username, displayName, kind, serverRole, disabled, createdAt } }) => ({
          ...{ id, username, displayName: displayName ?? username, kind, serverRole, disabled, createdAt },
        })),
      next: found[limit]?.document.username ?? null,
    }
  }

  return {
    'users.list': list,
    'users.create': (params) => told(() => administration.create(operator(), created.parse(params))),
    'users.disable': (params) => {
      const { user, reason } = named.extend({ reason: z.string().optional() }).parse(params)
      return told(() => administration.disable(operator(), user, reason))
    },
    'users.enable': (params) => told(() => administration.enable(operator(), named.parse(params).user)),
    'users.resetPassword': (params) => {
      const { user, password } = named.extend({ password: z.string() }).parse(params)
      return told(() => administration.resetPassword(operator(), user, password))
    },
    'users.setRole': (params) => {
      const asked = named.extend({ role }).parse(params)
      return told(() => administration.setRole(operator(), asked.user, asked.role))
    },
  }
}

/** The account as it is after, or why not. */
async function told(command: () => Promise<AboutAccount | Refusal>) {
  const outcome = await unlessUnavailable(command)
  if (outcome.kind === 'refused') return { refused: { code: outcome.code, detail: outcome.detail } }
  const { state, userId, events } = outcome
  // A command that was carried out leaves an account.
  if (state.status === 'none') throw new Error('There is no account after the command.')
  const { username, serverRole, kind, disabled, displayName } = state
  return {
    user: { id: userId, username, displayName: displayName ?? username, kind, serverRole, disabled },
    changed: events.length > 0,
  }
}
