// Finding accounts with what proves who somebody is, from the log itself; checking passwords no faster than they may be guessed.

import type { LoginAttempts } from '../accounts/attempts.ts'
import { TooBusy } from '../accounts/hashQueue.ts'
import type { Passwords } from '../accounts/passwords.ts'
import { type ExistingAccount, goesBy } from '../domain/account.ts'
import { type Refusal, refuse } from '../domain/decision.ts'
import type { UserId } from '../domain/ids.ts'
import { checkUsername } from '../domain/names.ts'
import { userStream } from '../domain/streams.ts'
import { decode, isDecoded } from '../eventstore/decode.ts'
import type { Position } from '../eventstore/port.ts'
import { usernameClaims } from './accountClaims.ts'
import { accounts } from './aggregate.ts'
import type { Claims } from './claims.ts'
import type { Commands } from './commands.ts'
import { isRefusal } from './input.ts'

/** An account at one revision. */
export interface KnownAccount {
  readonly userId: UserId
  readonly account: ExistingAccount
  /** Against which the hash is the present one. */
  readonly revision: number
  readonly position: Position
  /** Undefined for guests, and once forgotten. */
  readonly passwordHash: string | undefined
}

interface CredentialsOptions {
  readonly commands: Commands
  readonly passwords: Passwords
  readonly attempts: LoginAttempts
}

interface Check {
  /** Counts the failures: there need not be such an account. */
  readonly username: string
  readonly password: string
  readonly address: string
  /** The account, looked up only if the attempt is allowed. */
  readonly find: () => Promise<KnownAccount | undefined>
  /** Told where there is none, and where the password is wrong. */
  readonly wrong: Refusal
}

/** How many bytes of a name are looked at: no account has a longer one. */
const longestName = 64

export class Credentials {
  readonly #options: CredentialsOptions
  readonly #usernames: Claims<UserId>

  constructor(options: CredentialsOptions) {
    this.#options = options
    this.#usernames = usernameClaims(options.commands)
  }

  /** The account that a name leads to. */
  async byName(username: string): Promise<KnownAccount | undefined> {
    if (!checkUsername(username).ok) return undefined
    const owner = await this.#usernames.owner(username)
    const found = owner && (await this.byId(owner))
    // A name that the account had before may not be free yet.
    return found && goesBy(found.account, username) ? found : undefined
  }

  async byId(userId: UserId): Promise<KnownAccount | undefined> {
    let passwordHash: string | undefined
    const { state, revision, position } = await this.#options.commands.snapshots.load(
      accounts,
      userStream(userId),
      (event) => {
        const decoded = decode(event)
        if (!isDecoded(decoded)) return
        switch (decoded.type) {
          case 'UserRegistered':
          case 'GuestClaimed':
          case 'PasswordChanged':
            passwordHash = decoded.body?.passwordHash
            break
          default:
        }
      },
    )
    return state.status === 'none' ? undefined : { userId, account: state, revision, position, passwordHash }
  }

  /**
   * The account whose password this is. An account that is not there and a wrong password cost the same time and get the
   * same answer; failures make the next attempts wait.
   */
  async check({ username, password, address, find, wrong }: Check): Promise<Refusal | KnownAccount> {
    const admission = this.#options.attempts.begin(username.slice(0, longestName), address)
    if (!admission.allowed) return tooFast('That is too fast.', admission.retryAfterSeconds)
    using attempt = admission.attempt
    const found = await find()
    const matches = await this.#unlessBusy(() =>
      this.#options.passwords.verify(password, found?.passwordHash, { address }),
    )
    if (isRefusal(matches)) return matches
    if (!found || !matches) {
      attempt.failed()
      return wrong
    }
    attempt.succeeded()
    return found
  }

  /** What to store for a password. */
  async hash(password: string, address: string): Promise<string | Refusal> {
    return await this.#unlessBusy(() => this.#options.passwords.hash(password, { address }))
  }

  async #unlessBusy<T>(work: () => Promise<T>): Promise<T | Refusal> {
    try {
      return await work()
    } catch (error) {
      if (error instanceof TooBusy) return tooFast(error.message, error.retryAfterSeconds)
      throw error
    }
  }
}

/** A refusal that says when to come back. */
export const tooFast = (what: string, retryAfterSeconds: number): Refusal => ({
  ...refuse('RATE_LIMITED', `${what} Try again in ${retryAfterSeconds} s.`),
  retryAfterSeconds,
})
