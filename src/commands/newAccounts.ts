// Making an account takes two streams: its name's and its own.

import type { Account } from '../domain/account.ts'
import type { Decision, Refusal } from '../domain/decision.ts'
import type { AccountEvent } from '../domain/events.ts'
import type { UserId } from '../domain/ids.ts'
import { userStream } from '../domain/streams.ts'
import { usernameClaims } from './accountClaims.ts'
import { accounts } from './aggregate.ts'
import type { Claims } from './claims.ts'
import type { Commands } from './commands.ts'
import type { Done } from './deciding.ts'
import { storesAway } from './input.ts'
import type { Requester } from './occasion.ts'

interface NewAccount {
  readonly id: UserId
  readonly username: string
  readonly requester: Requester
  readonly decide: (account: Account) => Decision<AccountEvent>
}

export class NewAccounts {
  readonly usernames: Claims<UserId>
  readonly #commands: Commands

  constructor(commands: Commands) {
    this.#commands = commands
    this.usernames = usernameClaims(commands)
  }

  /** Claims the name, makes the account, and makes sure that the name still leads to it before it answers. */
  async make({ id, username, requester, decide }: NewAccount): Promise<Refusal | Done<Account, AccountEvent>> {
    const claim = await this.usernames.claim(username, id, requester)
    if (claim.kind === 'refused') return claim
    const made = await this.#commands.run(accounts, userStream(id), { requester, decide })
    if (made.kind === 'done') return (await this.usernames.confirm(username, id)) ?? made
    if (isCertain(made)) await this.usernames.releaseUnused(username, id, requester)
    return made
  }
}

/** Whether what was refused did not happen. Else it may still: its name is kept, and can be taken over if nobody comes. */
export const isCertain = (refused: Refusal): boolean => refused.code !== 'UNAVAILABLE' || refused === storesAway
