// The names of accounts, and the ownership of the server: what leads to whom.

import { goesBy } from '../domain/account.ts'
import { nothing, refuse } from '../domain/decision.ts'
import type { UserId } from '../domain/ids.ts'
import { usernameKey } from '../domain/names.ts'
import { claimOwner, claimUsername, releaseUsername } from '../domain/reservation.ts'
import { ownerStream, usernameStream, userStream } from '../domain/streams.ts'
import { accounts } from './aggregate.ts'
import { Claims } from './claims.ts'
import type { Commands } from './commands.ts'

/** By username, as it is written. */
export const usernameClaims = (commands: Commands): Claims<UserId> =>
  new Claims<UserId>(commands, {
    streamOf: (name) => usernameStream(usernameKey(name)),
    claim: claimUsername,
    release: releaseUsername,
    goesBy: async (owner, name) => goesBy((await commands.load(accounts, userStream(owner))).state, name),
    takenMeanwhile: refuse(
      'CONFLICT',
      'This username was taken by someone else meanwhile. Choose another one.',
      'username',
    ),
  })

/** There is one server: the name is its stream's. */
export const theServer = ownerStream

/** Whoever owns the server is an account that its name leads to. */
export const ownerClaims = (commands: Commands, usernames: Claims<UserId>): Claims<UserId> =>
  new Claims<UserId>(commands, {
    streamOf: () => ownerStream,
    claim: claimOwner,
    // An owner makes others instead.
    release: () => nothing,
    goesBy: async (owner) => {
      const { state } = await commands.load(accounts, userStream(owner))
      return state.status === 'exists' && (await usernames.leadsTo(state.username, owner))
    },
    takenMeanwhile: refuse('CONFLICT', 'Somebody else has made this server theirs meanwhile. Ask them.'),
  })
