// Making the server somebody's own: once, with the token that it shows to whoever starts it.

import { OwnerToken } from '../accounts/ownerToken.ts'
import { claimOwnerRate, type RateLimits } from '../accounts/rates.ts'
import { register } from '../domain/account.ts'
import { type Refusal, refuse } from '../domain/decision.ts'
import { type UserId, userId } from '../domain/ids.ts'
import { ownerClaims, theServer } from './accountClaims.ts'
import { checkedNewName } from './accounts.ts'
import type { Claims } from './claims.ts'
import type { Commands } from './commands.ts'
import { type Credentials, tooFast } from './credentials.ts'
import { isRefusal } from './input.ts'
import { NewAccounts } from './newAccounts.ts'
import { newUuid } from './occasion.ts'
import type { Origin, SignedIn, SigningCommands } from './signing.ts'

interface OwnershipOptions {
  readonly commands: Commands
  readonly credentials: Credentials
  readonly signing: SigningCommands
  readonly rates: RateLimits
}

interface ClaimOwnerInput {
  readonly token: string
  readonly username: string
  readonly password: string
}

/** What there is to claim: the token, and who its bearer becomes, so that a second try goes on with the first. */
interface Offer {
  readonly token: OwnerToken
  readonly owner: UserId
  /** The token is void. */
  taken: boolean
}

const takenBefore = refuse('CONFLICT', 'This server has an owner already. Sign in, or ask the owner.')

export class OwnershipCommands {
  readonly #options: OwnershipOptions
  readonly #newAccounts: NewAccounts
  readonly #ownership: Claims<UserId>
  #offer: Offer | undefined
  /** One claim after the other. */
  #line: Promise<unknown> = Promise.resolve()

  constructor(options: OwnershipOptions) {
    this.#options = options
    this.#newAccounts = new NewAccounts(options.commands)
    this.#ownership = ownerClaims(options.commands, this.#newAccounts.usernames)
  }

  /** A new one-time token where nobody owns the server. */
  async offer(): Promise<string | undefined> {
    const owner = userId(newUuid())
    if (await this.#ownership.held(theServer)) return undefined
    this.#offer = { token: new OwnerToken(), owner, taken: false }
    return this.#offer.token.text
  }

  /** Claims the server, then the name, and makes the account. Of two at the same instant one wins, and the other is told. */
  async claim(origin: Origin, input: ClaimOwnerInput): Promise<Refusal | SignedIn> {
    const allowance = this.#options.rates.take(claimOwnerRate, origin.address)
    if (!allowance.allowed) return tooFast('Too many tokens were tried from your address.', allowance.retryAfterSeconds)
    const offer = this.#offer
    if (!offer?.token.is(input.token))
      return refuse(
        'UNAUTHENTICATED',
        'This is not the token that the server showed when it was last started. Take the link from there.',
        'token',
      )
    const username = checkedNewName(input)
    if (isRefusal(username)) return username
    const claimed = this.#line.then(() => this.#claim(origin, offer, { ...input, username }))
    this.#line = claimed.catch(() => {})
    return await claimed
  }

  async #claim(origin: Origin, offer: Offer, { username, password }: ClaimOwnerInput): Promise<Refusal | SignedIn> {
    if (offer.taken) return takenBefore
    const { owner } = offer
    const { usernames } = this.#newAccounts
    const refused = (await this.#ownership.check(theServer, owner)) ?? (await usernames.check(username, owner))
    if (refused) return refused
    const passwordHash = await this.#options.credentials.hash(password, origin.address)
    if (isRefusal(passwordHash)) return passwordHash

    const requester = { user: owner, correlationId: origin.correlationId }
    const claim = await this.#ownership.claim(theServer, owner, requester)
    if (claim.kind === 'refused') return claim
    const made = await this.#newAccounts.make({
      id: owner,
      username,
      requester,
      decide: (account) =>
        // An earlier try may have made it after all, with another password perhaps.
        account.status === 'exists'
          ? refuse('CONFLICT', `The account was made when you tried before, as ${account.username}. Sign in with it.`)
          : register(account, { username, displayName: username, passwordHash, serverRole: 'OWNER' }),
    })
    if (made.kind === 'refused') return made
    const lost = await this.#ownership.confirm(theServer, owner)
    if (lost) {
      // An account that no name leads to is nobody's, whatever role it has.
      await usernames.release(username, owner, requester)
      return lost
    }
    offer.taken = true
    return await this.#options.signing.begin(origin, owner, made.revision)
  }
}
