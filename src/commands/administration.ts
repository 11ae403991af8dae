// What is done to the accounts of others.

import { checkPassword } from '../accounts/passwords.ts'
import type { Account } from '../domain/account.ts'
import { register } from '../domain/account.ts'
import { disable, enable, noSuchPerson, resetPassword, setServerRole } from '../domain/administration.ts'
import { type Decision, type Refusal, refuse } from '../domain/decision.ts'
import type { AccountEvent, ServerRole } from '../domain/events.ts'
import { parseId, type UserId, userId } from '../domain/ids.ts'
import { checkDisplayName } from '../domain/names.ts'
import { userStream } from '../domain/streams.ts'
import { checkMessageText } from '../domain/text.ts'
import { ownerClaims, theServer } from './accountClaims.ts'
import { checkedNewName } from './accounts.ts'
import { accounts } from './aggregate.ts'
import type { Claims } from './claims.ts'
import type { Commands } from './commands.ts'
import type { Credentials, KnownAccount } from './credentials.ts'
import type { Done } from './deciding.ts'
import { accepted, isRefusal, reasonLength } from './input.ts'
import { NewAccounts } from './newAccounts.ts'
import { newUuid, type Requester } from './occasion.ts'

/** Who does it. */
export interface Administrator {
  readonly requester: Requester
  /** Absent for the operator at the command line, who may do everything. */
  readonly role?: ServerRole | undefined
}

export interface CreateUserInput {
  readonly username: string
  readonly displayName?: string | undefined
  readonly password: string
  readonly role: Exclude<ServerRole, 'GUEST'>
}

/** The account as it is after. */
export interface AboutAccount extends Done<Account, AccountEvent> {
  readonly userId: UserId
}

type AccountOutcome = Refusal | AboutAccount

/** Where passwords are hashed for: the operator's turn comes like any other address's. */
const operatorAddress = 'operator'

export class AdministrationCommands {
  readonly #commands: Commands
  readonly #credentials: Credentials
  readonly #newAccounts: NewAccounts
  readonly #ownership: Claims<UserId>
  /** What depends on who the owners are happens one after the other. */
  #line: Promise<unknown> = Promise.resolve()

  constructor({ commands, credentials }: { readonly commands: Commands; readonly credentials: Credentials }) {
    this.#commands = commands
    this.#credentials = credentials
    this.#newAccounts = new NewAccounts(commands)
    this.#ownership = ownerClaims(commands, this.#newAccounts.usernames)
  }

  /** The first owner is made so too, while there is none. */
  async create({ requester }: Administrator, input: CreateUserInput): Promise<AccountOutcome> {
    const username = checkedNewName(input)
    if (isRefusal(username)) return username
    const displayName = accepted(checkDisplayName(input.displayName ?? username), 'displayName')
    if (isRefusal(displayName)) return displayName
    const id = userId(newUuid())
    const owns = input.role === 'OWNER'
    if (owns && (await this.#ownership.held(theServer))) return ownedAlready
    const refused =
      (await this.#newAccounts.usernames.check(username, id)) ??
      (owns ? await this.#ownership.check(theServer, id) : undefined)
    if (refused) return refused
    const passwordHash = await this.#credentials.hash(input.password, operatorAddress)
    if (isRefusal(passwordHash)) return passwordHash
    if (owns) {
      const claim = await this.#ownership.claim(theServer, id, requester)
      if (claim.kind === 'refused') return claim
    }
    const made = await this.#newAccounts.make({
      id,
      username,
      requester,
      decide: (account) => register(account, { username, displayName, passwordHash, serverRole: input.role }),
    })
    if (made.kind === 'refused') return made
    const lost = owns ? await this.#ownership.confirm(theServer, id) : undefined
    if (!lost) return { ...made, userId: id }
    // An account that no name leads to is nobody's, whatever role it has.
    await this.#newAccounts.usernames.release(username, id, requester)
    return lost
  }

  /** @param who a username or an id */
  async setRole({ requester, role: actorRole }: Administrator, who: string, role: ServerRole): Promise<AccountOutcome> {
    return await this.#inLine(who, requester, async (person) => {
      // Whoever owns a server that nobody has claimed has claimed it by this.
      const allowed = setServerRole(person.account, { actorRole, role, lastOwner: false })
      if (role === 'OWNER' && allowed.kind === 'happened')
        if (!(await this.#ownership.held(theServer))) {
          const claim = await this.#ownership.claim(theServer, person.userId, requester)
          if (claim.kind === 'refused') return claim
        }
      const lastOwner = await this.#isLastOwner(person)
      return isRefusal(lastOwner) ? lastOwner : (account) => setServerRole(account, { actorRole, role, lastOwner })
    })
  }

  /** Every session of the account ends. */
  async disable({ requester, role: actorRole }: Administrator, who: string, why?: string): Promise<AccountOutcome> {
    const reason = why === undefined ? undefined : accepted(checkMessageText(why, reasonLength), 'reason')
    if (isRefusal(reason)) return reason
    return await this.#inLine(who, requester, async (person) => {
      const lastOwner = await this.#isLastOwner(person)
      return isRefusal(lastOwner) ? lastOwner : (account) => disable(account, { actorRole, reason, lastOwner })
    })
  }

  async enable({ requester, role: actorRole }: Administrator, who: string): Promise<AccountOutcome> {
    return await this.#inLine(who, requester, async () => (account) => enable(account, { actorRole }))
  }

  /** A new password for somebody who has lost theirs. Every session of the account ends. */
  async resetPassword({ requester }: Administrator, who: string, password: string): Promise<AccountOutcome> {
    return await this.#inLine(who, requester, async ({ account: { username } }) => {
      const weakness = checkPassword(password, username)
      if (weakness !== undefined) return refuse('BAD_INPUT', weakness, 'password')
      const passwordHash = await this.#credentials.hash(password, operatorAddress)
      return isRefusal(passwordHash) ? passwordHash : (account) => resetPassword(account, { passwordHash })
    })
  }

  async #inLine(
    who: string,
    requester: Requester,
    prepare: (person: KnownAccount) => Promise<Refusal | ((account: Account) => Decision<AccountEvent>)>,
  ): Promise<AccountOutcome> {
    const carriedOut = this.#line.then(async () => {
      const person = await this.#find(who)
      if (!person) return noSuchPerson
      const decide = await prepare(person)
      if (isRefusal(decide)) return decide
      const outcome = await this.#commands.run(accounts, userStream(person.userId), { requester, decide })
      return outcome.kind === 'refused' ? outcome : { ...outcome, userId: person.userId }
    })
    this.#line = carriedOut.catch(() => {})
    return await carriedOut
  }

  async #find(who: string): Promise<KnownAccount | undefined> {
    const parsed = parseId(who)
    if (parsed?.type !== 'user') return await this.#credentials.byName(who.replace(/^@/, ''))
    const person = await this.#credentials.byId(parsed.id)
    return person && (await this.#newAccounts.usernames.leadsTo(person.account.username, parsed.id))
      ? person
      : undefined
  }

  /** Whether no other account that can be used owns the server: the read models name the owners, the log says whether they are. */
  async #isLastOwner({ userId, account }: KnownAccount): Promise<boolean | Refusal> {
    if (account.serverRole !== 'OWNER') return false
    const owners = await this.#commands.facts.owners()
    if (!owners)
      return refuse(
        'UNAVAILABLE',
        'It is not known yet who else owns the server: the read models are behind. Try again.',
      )
    for (const id of owners) {
      if (id === userId) continue
      const { state } = await this.#commands.load(accounts, userStream(id))
      if (state.status === 'none' || state.serverRole !== 'OWNER' || state.disabled) continue
      if (await this.#newAccounts.usernames.leadsTo(state.username, id)) return false
    }
    return true
  }
}

const ownedAlready = refuse(
  'CONFLICT',
  'This server has an owner already. Make the account as a member, then give it the role with `parley user role NAME owner`.',
)
