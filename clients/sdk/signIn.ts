// How a client comes by its session: by a token, as a guest, or with a name and a password.

import { RefusedError, SessionEndedError } from './errors.ts'
import { CreateGuestDocument, LoginDocument, type PersonFragment, WhoAmIDocument } from './generated/documents.ts'
import type { AskOptions, Requests } from './requests.ts'
import { Session } from './session.ts'
import { type Storage, storedJson } from './storage.ts'

export type SignIn =
  /** Of a session that was begun elsewhere. */
  | { readonly token: string }
  /** As the guest that the storage knows; as a new one where it knows none. */
  | { readonly guest: { readonly displayName?: string } }
  /** In the session that the storage knows of this account; in a new one where it knows none. */
  | { readonly username: string; readonly password: string }

interface SigningIn extends AskOptions {
  readonly storage: Storage
  readonly requests: Requests
  readonly onEnd: () => void
}

/** What is kept of a session. */
interface Stored {
  readonly token: string
  readonly user: PersonFragment
  readonly guest: boolean
}

const key = 'session'

/**
 * A session that is stored is taken without asking, so that a client begins without a server too. One that has ended meanwhile is
 * noticed at the first question.
 * @throws {RefusedError} a wrong password, no guests here
 * @throws {SessionEndedError} the token is not good
 */
export async function signIn(how: SignIn, { storage, requests, onEnd, ...options }: SigningIn): Promise<Session> {
  const known = asStored(await storedJson(storage, key))
  const stored = known && fits(known, how) ? known : await begin(how, requests, options)
  if (stored !== known) await storage.set(key, JSON.stringify(stored))
  return new Session({
    token: stored.token,
    user: stored.user,
    onEnd: () => {
      // Where it cannot be taken out it is found out again at the next start.
      void storage.delete(key).catch(() => {})
      onEnd()
    },
  })
}

/** It is over on this device, whatever the server says. */
export const forgetSession = (storage: Storage): Promise<void> => storage.delete(key)

function fits(stored: Stored, how: SignIn): boolean {
  if ('token' in how) return stored.token === how.token
  if ('guest' in how) return stored.guest
  return !stored.guest && stored.user.username.toLowerCase() === how.username.toLowerCase()
}

async function begin(how: SignIn, requests: Requests, options: AskOptions): Promise<Stored> {
  if ('token' in how) return { token: how.token, user: await ownerOf(how.token, requests, options), guest: false }
  if ('guest' in how) {
    // Where no answer comes it is asked again; a guest whose answer was lost is nobody's.
    const { createGuest } = await requests.ask(CreateGuestDocument, { input: how.guest }, options)
    if (createGuest.__typename !== 'CreateGuestPayload') throw new RefusedError(createGuest.code, createGuest.detail)
    return { token: createGuest.token, user: createGuest.user, guest: true }
  }
  const { username, password } = how
  const { login } = await requests.ask(LoginDocument, { input: { username, password } }, options)
  if (login.__typename !== 'LoginPayload') throw new RefusedError(login.code, login.detail)
  return { token: login.token, user: login.user, guest: false }
}

async function ownerOf(token: string, requests: Requests, options: AskOptions): Promise<PersonFragment> {
  requests.signIn({ token, check: () => {}, end: () => {} })
  const { viewer } = await requests.ask(WhoAmIDocument, {}, options)
  if (!viewer) throw new SessionEndedError()
  return viewer.user
}

function asStored(value: unknown): Stored | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { token, user, guest } = value as Partial<Record<string, unknown>>
  if (typeof token !== 'string' || typeof guest !== 'boolean' || !isPerson(user)) return undefined
  return { token, user, guest }
}

const isPerson = (value: unknown): value is PersonFragment =>
  typeof value === 'object' && value !== null && 'id' in value && 'username' in value && 'displayName' in value
