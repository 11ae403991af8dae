// The commands about people on the inside of a node, as the process that has just been started would have them.

import { LoginAttempts } from '../../src/accounts/attempts.ts'
import { Passwords } from '../../src/accounts/passwords.ts'
import { RateLimits } from '../../src/accounts/rates.ts'
import { type Identity, Sessions } from '../../src/accounts/sessions.ts'
import { SessionWatch } from '../../src/accounts/sessionWatch.ts'
import { AccountCommands } from '../../src/commands/accounts.ts'
import { AdministrationCommands } from '../../src/commands/administration.ts'
import { reservations } from '../../src/commands/aggregate.ts'
import { Credentials } from '../../src/commands/credentials.ts'
import { newUuid } from '../../src/commands/occasion.ts'
import { OwnershipCommands } from '../../src/commands/ownership.ts'
import { SigningCommands } from '../../src/commands/signing.ts'
import type { UserId } from '../../src/domain/ids.ts'
import { usernameStream } from '../../src/domain/streams.ts'
import type { Node } from './node.ts'

export const origin = { address: '127.0.0.1', correlationId: newUuid() }
/** The operator at the command line. */
export const operator = { requester: { correlationId: newUuid() } }
export const goodPassword = 'correct horse battery'
export const otherPassword = 'another horse battery'

const ordinary = new Passwords()

/** @param passwords others than the ordinary ones, for tests of what happens while they are checked */
export function peopleOf({ commands, clock: { now }, projecting: { readModels } }: Node, passwords = ordinary) {
  const credentials = new Credentials({
    commands,
    passwords,
    attempts: new LoginAttempts({ now, enabled: false }),
  })
  const rates = new RateLimits({ now, enabled: false })
  const sessions = new Sessions({ commands, models: readModels, watch: new SessionWatch(), sessionDays: 30 })
  const signing = new SigningCommands({ commands, credentials, sessions })
  return {
    accounts: new AccountCommands({ commands, credentials, signing, rates, registration: 'open', guests: true }),
    signing,
    sessions,
    ownership: new OwnershipCommands({ commands, credentials, signing, rates }),
    administration: new AdministrationCommands({ commands, credentials }),
  }
}

/** The person behind a session that has just begun. @throws where it does not hold */
export async function identityOf(node: Node, begun: object): Promise<Identity> {
  const token = 'token' in begun && typeof begun.token === 'string' ? begun.token : ''
  const identity = await peopleOf(node).sessions.identify(token)
  if (!identity) throw new Error(`Nobody is signed in: ${JSON.stringify(begun)}`)
  return identity
}

/** Who has claimed a name. */
export async function claimantOf(node: Node, name: string): Promise<UserId | undefined> {
  const { state } = await node.commands.load(reservations, usernameStream(name))
  // Usernames are claimed by people.
  return state.status === 'claimed' ? (state.owner as UserId) : undefined
}

/** Everyone that the log holds an account of, with the names they were given. */
export async function accountsIn(
  node: Node,
): Promise<readonly { readonly stream: string; readonly username: string }[]> {
  const found: { readonly stream: string; readonly username: string }[] = []
  for await (const page of node.log.readAll())
    for (const { stream, type, data } of page)
      if (type === 'UserRegistered' || type === 'GuestCreated' || type === 'GuestClaimed')
        found.push({ stream, username: String(data.username) })
  return found
}
