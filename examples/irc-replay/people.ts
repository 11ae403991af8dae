// The accounts behind the nicks: the same ones in every run.

import { type Api, Refused, refusalFields } from './api.ts'
import { hostUsername, usernameOf } from './nicks.ts'
import type { Plan } from './plan.ts'

/** Somebody who is signed in. */
export interface Person {
  readonly api: Api
  readonly username: string
  /** What the server last said they are called. */
  displayName: string
}

interface SignedIn {
  readonly token: string
  readonly user: { readonly displayName: string }
}

const signedIn = 'token user { displayName }'
const registerDocument = `mutation ($input: RegisterInput!) {
  register(input: $input) { ${refusalFields} ... on RegisterPayload { ${signedIn} } }
}`
const loginDocument = `mutation ($input: LoginInput!) {
  login(input: $input) { ${refusalFields} ... on LoginPayload { ${signedIn} } }
}`
const renameDocument = `mutation ($input: UpdateProfileInput!) {
  updateProfile(input: $input) { ${refusalFields} ... on UpdateProfilePayload { position user { displayName } } }
}`
const existsDocument = 'query ($username: String!) { user(username: $username) { id } }'

/** Passwords are hashed on the server, which takes its time: so many at once, and no more. */
const signInsAtOnce = 4

export class People {
  readonly host: Person
  /** Nobody: where signing in begins. */
  readonly #api: Api
  readonly #password: string
  readonly #byKey = new Map<string, Promise<Person>>()

  private constructor(host: Person, api: Api, password: string) {
    this.host = host
    this.#api = api
    this.#password = password
  }

  /** Signs the host in, who makes the rooms and reads along. @param password of all accounts of the replay */
  static async arrive(api: Api, password: string): Promise<People> {
    const credentials = { username: hostUsername, password }
    const host = await register(api, credentials, 'IRC replay').catch((error: unknown) => {
      if (error instanceof Refused && error.code === 'CONFLICT') return login(api, credentials)
      throw error
    })
    return new People(host, api, password)
  }

  /** Signs in those of a plan that are named, and registers who has no account yet. */
  async signIn(plan: Plan, keys: Iterable<string>): Promise<void> {
    const waiting = [...new Set(keys)].filter((key) => !this.#byKey.has(key))
    const workers = Array.from({ length: signInsAtOnce }, async () => {
      for (let key = waiting.shift(); key !== undefined; key = waiting.shift()) {
        const arriving = this.#signIn(key, plan.people.get(key) ?? key)
        this.#byKey.set(key, arriving)
        await arriving
      }
    })
    await Promise.all(workers)
  }

  /** @throws for somebody who was not signed in */
  async get(key: string): Promise<Person> {
    const person = await this.#byKey.get(key)
    if (person === undefined) throw new Error(`${key} was not signed in.`)
    return person
  }

  async #signIn(key: string, nick: string): Promise<Person> {
    const credentials = { username: usernameOf(key), password: this.#password }
    const { username } = credentials
    const { user } = await this.host.api.query<{ user: object | null }>(existsDocument, { username })
    return user === null ? register(this.#api, credentials, nick) : login(this.#api, credentials)
  }
}

interface Credentials {
  readonly username: string
  readonly password: string
}

async function register(api: Api, credentials: Credentials, displayName: string): Promise<Person> {
  const { token, user } = await api.command<SignedIn>(registerDocument, { ...credentials, displayName })
  return { api: api.as(token), username: credentials.username, displayName: user.displayName }
}

async function login(api: Api, credentials: Credentials): Promise<Person> {
  const { token, user } = await api.command<SignedIn>(loginDocument, { ...credentials })
  return { api: api.as(token), username: credentials.username, displayName: user.displayName }
}

/** Gives somebody another name. @returns the position of the change; undefined where they have the name already */
export async function rename(person: Person, displayName: string): Promise<string | undefined> {
  if (person.displayName === displayName) return undefined
  const renamed = await person.api.command<{ position: string; user: { displayName: string } }>(renameDocument, {
    displayName,
  })
  person.displayName = renamed.user.displayName
  return renamed.position
}
