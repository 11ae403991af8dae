// Making accounts, giving guests a password, changing one's profile.

import { randomBytes } from 'node:crypto'
import { guestName, guestNameBytes } from '../accounts/guestNames.ts'
import { checkPassword } from '../accounts/passwords.ts'
import { guestRate, type Rate, type RateLimits, registerRate } from '../accounts/rates.ts'
import type { Identity } from '../accounts/sessions.ts'
import { type Account, claimGuest, createGuest, goesBy, register, updateProfile } from '../domain/account.ts'
import { type Decision, type Refusal, refuse } from '../domain/decision.ts'
import type { AccountEvent } from '../domain/events.ts'
import { type UserId, userId } from '../domain/ids.ts'
import { checkDisplayName, checkUsername, usernameKey } from '../domain/names.ts'
import { userStream } from '../domain/streams.ts'
import { checkMessageText } from '../domain/text.ts'
import type { Position } from '../eventstore/port.ts'
import { accounts } from './aggregate.ts'
import type { Commands } from './commands.ts'
import { type Credentials, type KnownAccount, tooFast } from './credentials.ts'
import { accepted, isRefusal } from './input.ts'
import { isCertain, NewAccounts } from './newAccounts.ts'
import { type By, newUuid } from './occasion.ts'
import type { Origin, SignedIn, SigningCommands } from './signing.ts'

interface AccountCommandsOptions {
  readonly commands: Commands
  readonly credentials: Credentials
  readonly signing: SigningCommands
  readonly rates: RateLimits
  readonly registration: 'open' | 'closed'
  readonly guests: boolean
}

/** An account is as it was asked for. */
export interface AboutUser {
  readonly kind: 'done'
  readonly position: Position
  readonly userId: UserId
}

/** Code points of what people say of themselves, at most. */
const bioLength = 500

export class AccountCommands {
  readonly #options: AccountCommandsOptions
  readonly #commands: Commands
  readonly #newAccounts: NewAccounts

  constructor(options: AccountCommandsOptions) {
    this.#options = options
    this.#commands = options.commands
    this.#newAccounts = new NewAccounts(options.commands)
  }

  /** Everything that can be refused without hashing is refused before it. */
  async register(
    origin: Origin,
    input: { readonly username: string; readonly password: string; readonly displayName?: string | null | undefined },
  ): Promise<Refusal | SignedIn> {
    if (this.#options.registration === 'closed') return registrationClosed
    const username = checkedNewName(input)
    if (isRefusal(username)) return username
    const displayName = accepted(checkDisplayName(input.displayName ?? username), 'displayName')
    if (isRefusal(displayName)) return displayName
    const limited = this.#rate(registerRate, origin)
    if (limited) return limited
    const id = userId(newUuid())
    const taken = await this.#newAccounts.usernames.check(username, id)
    if (taken) return taken
    const passwordHash = await this.#options.credentials.hash(input.password, origin.address)
    if (isRefusal(passwordHash)) return passwordHash
    return await this.#make(origin, id, username, (account) =>
      register(account, { username, displayName, passwordHash, serverRole: 'MEMBER' }),
    )
  }

  /** A name is made up; where it is taken, another one is. */
  async createGuest(
    origin: Origin,
    input: { readonly displayName?: string | null | undefined },
  ): Promise<Refusal | SignedIn> {
    if (!this.#options.guests) return refuse('FORBIDDEN', 'This server takes no guests. Register an account instead.')
    const wanted = input.displayName == null ? undefined : accepted(checkDisplayName(input.displayName), 'displayName')
    if (isRefusal(wanted)) return wanted
    const limited = this.#rate(guestRate, origin)
    if (limited) return limited
    for (let tries = 0; tries < 20; tries++) {
      const { username, displayName } = guestName(randomBytes(guestNameBytes))
      const made = await this.#make(origin, userId(newUuid()), username, (account) =>
        createGuest(account, { username, displayName: wanted ?? displayName }),
      )
      if (made.kind === 'done' || made.code !== 'CONFLICT') return made
    }
    return refuse('UNAVAILABLE', 'No free name was found for a guest. Try again.')
  }

  /** Claims the name, makes the account go by it, and frees the guest's name. A repeat with the same name and password succeeds. */
  async claimGuest(
    origin: Origin,
    { id, userId, userRevision }: Identity,
    input: { readonly username: string; readonly password: string },
  ): Promise<Refusal | AboutUser> {
    if (this.#options.registration === 'closed') return registrationClosed
    const username = checkedNewName(input)
    if (isRefusal(username)) return username
    const limited = this.#rate(registerRate, origin)
    if (limited) return limited
    const { usernames } = this.#newAccounts
    const before = await this.#options.credentials.byId(userId)
    if (!before) return refuse('FORBIDDEN', 'There is no such account.')
    const lostName = !(await usernames.leadsTo(before.account.username, userId))
    if (before.account.kind !== 'GUEST' && !lostName) return await this.#claimedBefore(before, username, input, origin)
    const taken = await usernames.check(username, userId)
    if (taken) return taken
    const passwordHash = await this.#options.credentials.hash(input.password, origin.address)
    if (isRefusal(passwordHash)) return passwordHash

    const requester = { user: userId, correlationId: origin.correlationId }
    const claim = await usernames.claim(username, userId, requester)
    if (claim.kind === 'refused') return claim
    const outcome = await this.#commands.run(accounts, userStream(userId), {
      requester,
      decide: (account) => claimGuest(account, { username, passwordHash, lostName, session: { id, userRevision } }),
    })
    if (outcome.kind === 'refused') {
      if (isCertain(outcome)) await usernames.releaseUnused(username, userId, requester)
      return outcome
    }
    const lost = await usernames.confirm(username, userId)
    if (lost) return lost
    if (usernameKey(username) !== usernameKey(before.account.username))
      await usernames.releaseUnused(before.account.username, userId, requester)
    return { kind: 'done', position: outcome.position, userId }
  }

  /** Changing something to what it is already changes nothing. `null` clears. */
  async updateProfile(
    { actor, requester }: By,
    input: { readonly displayName?: string | null | undefined; readonly bio?: string | null | undefined },
  ): Promise<Refusal | AboutUser> {
    const displayName =
      input.displayName == null ? input.displayName : accepted(checkDisplayName(input.displayName), 'displayName')
    if (isRefusal(displayName)) return displayName
    const bio = input.bio == null ? input.bio : accepted(checkMessageText(input.bio, bioLength), 'bio')
    if (isRefusal(bio)) return bio
    const outcome = await this.#commands.run(accounts, userStream(actor.user), {
      requester,
      decide: (account) => updateProfile(account, { displayName, bio }),
    })
    if (outcome.kind === 'refused') return outcome
    return { kind: 'done', position: outcome.position, userId: actor.user }
  }

  /** Makes the account and signs it in. */
  async #make(
    origin: Origin,
    id: UserId,
    username: string,
    decide: (account: Account) => Decision<AccountEvent>,
  ): Promise<Refusal | SignedIn> {
    const requester = { user: id, correlationId: origin.correlationId }
    const made = await this.#newAccounts.make({ id, username, requester, decide })
    return made.kind === 'refused' ? made : await this.#options.signing.begin(origin, id, made.revision)
  }

  /** Whoever does not know that the first try succeeded asks for the same again; anything else comes too late. */
  async #claimedBefore(
    person: KnownAccount,
    username: string,
    { password }: { readonly password: string },
    { address }: Origin,
  ): Promise<Refusal | AboutUser> {
    const tooLate = refuse(
      'CONFLICT',
      `This account is no guest any more: it goes by the name ${person.account.username}.`,
    )
    if (!goesBy(person.account, username)) return tooLate
    const find = async () => person
    const same = await this.#options.credentials.check({ username, password, address, find, wrong: tooLate })
    return isRefusal(same) ? same : { kind: 'done', position: person.position, userId: person.userId }
  }

  #rate(rate: Rate, { address }: Origin): Refusal | undefined {
    const allowance = this.#options.rates.take(rate, address)
    return allowance.allowed
      ? undefined
      : tooFast('Too many accounts were made from your address.', allowance.retryAfterSeconds)
  }
}

const registrationClosed = refuse(
  'FORBIDDEN',
  'Accounts cannot be registered here by oneself. Ask an administrator for one.',
)

/** The name of an account to be made, which its password must suit. */
export function checkedNewName({
  username,
  password,
}: {
  readonly username: string
  readonly password: string
}): string | Refusal {
  const name = accepted(checkUsername(username), 'username')
  if (isRefusal(name)) return name
  const weakness = checkPassword(password, name)
  return weakness === undefined ? name : refuse('BAD_INPUT', weakness, 'password')
}
