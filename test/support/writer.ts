// Somebody who does everything that can be done, at random and as fast as they can, and writes down what they were told.

import { setTimeout as sleep } from 'node:timers/promises'
import { attempt, type Wish } from './attempting.ts'
import type { Attempt, CommandName } from './history.ts'
import type { Random } from './random.ts'
import { type Credentials, repeatable, type Session, type Wanted, wishFor } from './wishes.ts'

/** What the writers of one test share. */
export interface World {
  /** Changes when the server is started anew. */
  graphql: string
  readonly rooms: string[]
  readonly directs: Set<string>
  /** The newest messages of all conversations, with who wrote them. */
  readonly messages: { readonly id: string; readonly roomId: string; readonly author: string }[]
  /** The newest invitations. */
  readonly invited: { readonly roomId: string; readonly userId: string }[]
  readonly people: readonly string[]
  readonly attempts: Attempt[]
  /** Tokens of sessions that have certainly ended. */
  readonly ended: string[]
  /** Attempts that repeated one without an answer, and those of them that were told `duplicate`. */
  repeated: number
  duplicates: number
}

export interface Account {
  readonly userId: string
  readonly token: string
  /** Absent for guests. */
  readonly credentials?: Credentials
}

export const newWorld = (graphql: string, people: readonly Account[], attempts: Attempt[]): World => ({
  graphql,
  rooms: [],
  directs: new Set(),
  messages: [],
  invited: [],
  people: people.map(({ userId }) => userId),
  attempts,
  ended: [],
  repeated: 0,
  duplicates: 0,
})

const weights: { readonly [C in CommandName]: number } = {
  sendMessage: 60,
  sendDM: 8,
  editMessage: 10,
  deleteMessage: 4,
  markRead: 2,
  joinRoom: 8,
  leaveRoom: 2,
  updateRoom: 6,
  inviteToRoom: 6,
  declineInvitation: 2,
  setMemberRole: 4,
  removeMember: 1,
  archiveRoom: 0.5,
  unarchiveRoom: 4,
  createRoom: 1.5,
  openDM: 1,
  updateProfile: 2,
  setPresence: 2,
  createGuest: 1,
  claimGuest: 0.6,
  register: 0.3,
  login: 0.7,
  logout: 0.7,
  endSession: 0.8,
  changePassword: 0.4,
  logoutEverywhere: 0.3,
}

/** Messages that are still edited, read and deleted; invitations that are still answered. */
const remembered = 200

interface WriterOptions {
  readonly world: World
  readonly account: Account
  readonly random: Random
  /** Begins the texts. */
  readonly name: string
  /** Where GraphQL is served, for each command anew; where the world has it, if this is left out. */
  readonly at?: () => string
}

export class Writer {
  readonly userId: string
  readonly #world: World
  readonly #random: Random
  readonly #name: string
  readonly #at: () => string
  /** Undefined while signed out. */
  #token: string | undefined
  #credentials: Credentials | undefined
  /** Sessions to end: of guests, of new accounts, and of logins. */
  #sessions: Session[] = []
  /** Rooms that are not there for this writer, as far as is known: mostly left alone. */
  readonly #shut = new Set<string>()
  /** What has no answer yet, and is done again with the same key before anything else. */
  #open: Wanted | undefined
  /** What lets the next message of this writer through. */
  #remedy: Wish | undefined
  #count = 0

  constructor({ world, account, random, name, at = () => world.graphql }: WriterOptions) {
    this.userId = account.userId
    this.#world = world
    this.#token = account.token
    this.#credentials = account.credentials
    this.#random = random
    this.#name = name
    this.#at = at
  }

  get token(): string | undefined {
    return this.#token
  }

  /** Goes on until it is told to stop, or an outcome is unknown: then the server is gone. */
  async work(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) if (!(await this.#step())) return
  }

  /** Does again what has no answer, and signs in with the password as it is now. @returns whether everything has an answer */
  async settle(): Promise<boolean> {
    if (this.#open !== undefined && !(await this.#step())) return false
    if (!this.#credentials) return true
    this.#token = undefined
    // Whoever has just been told that a password is wrong has to wait a little.
    for (let tries = 0; tries < 20 && this.#token === undefined; tries++) {
      if (tries > 0) await sleep(500)
      if (!(await this.#step())) return false
    }
    return this.#token !== undefined
  }

  async #step(): Promise<boolean> {
    const world = this.#world
    const again = this.#open
    const { wish, token } = again ?? this.#next()
    const { attempt: done, token: given } = await attempt(this.#at(), token, wish)
    world.attempts.push(done)
    if (again) world.repeated++
    if (done.outcome === 'unknown') {
      // Without a key, doing it again would do it twice: whether it was done is read at the end.
      this.#open = repeatable(wish) ? { wish, token } : undefined
      return false
    }
    this.#open = undefined
    this.#signedOut(wish, token, done, again !== undefined)
    if (done.outcome === 'ok') this.#learn(done, given)
    if (done.outcome === 'failed') this.#remedy = remedyFor(done)
    if (done.roomId !== undefined && done.outcome === 'ok') this.#shut.delete(done.roomId)
    else if (done.roomId !== undefined && done.outcome === 'failed' && done.code === 'NOT_FOUND')
      this.#shut.add(done.roomId)
    return true
  }

  /** What it says of the sessions and the password. `again`: it may have been done before. */
  #signedOut({ asked, input }: Wish, token: string | undefined, done: Attempt, again: boolean): void {
    const ended = this.#world.ended
    const others = (gone: (session: Session) => boolean) => {
      ended.push(...this.#sessions.filter(gone).map((session) => session.token))
      this.#sessions = this.#sessions.filter((session) => !gone(session))
    }
    const { command } = asked
    const happened = done.outcome === 'ok' || again
    if (command === 'logout') others((session) => session.token === token)
    if (command === 'endSession') others((session) => session.token.startsWith(`${asked.subject}.`))
    if (command === 'claimGuest' && done.outcome === 'ok')
      this.#sessions = this.#sessions.map((session) =>
        session.token === token ? { ...session, kind: 'ACCOUNT' } : session,
      )
    if (command === 'changePassword' && happened && this.#credentials) {
      this.#credentials = { ...this.#credentials, password: String(input?.newPassword) }
      others(({ userId }) => userId === this.userId)
    }
    if (command === 'logoutEverywhere' && happened) {
      others(({ userId }) => userId === this.userId)
      if (token !== undefined) ended.push(token)
      this.#token = undefined
    }
  }

  #learn({ command, actor, roomId, subject, said }: Attempt & { readonly outcome: 'ok' }, given?: string): void {
    const { rooms, directs, messages, invited } = this.#world
    const there = said.directId ?? roomId
    if (said.duplicate) this.#world.duplicates++
    if (command === 'createRoom' && said.roomId !== undefined) rooms.push(said.roomId)
    if (said.directId !== undefined) directs.add(said.directId)
    if (said.messageId !== undefined && there !== undefined)
      messages.push({ id: said.messageId, roomId: there, author: actor })
    if (command === 'inviteToRoom' && roomId !== undefined && subject !== undefined)
      invited.push({ roomId, userId: subject })
    for (const list of [messages, invited]) if (list.length > remembered) list.shift()
    if (given === undefined) return
    if (command === 'login' && this.#token === undefined) this.#token = given
    else
      this.#sessions.push({
        userId: said.userId ?? actor,
        token: given,
        kind: command === 'createGuest' ? 'GUEST' : 'ACCOUNT',
      })
  }

  #next(): Wanted {
    const remedy = this.#remedy
    this.#remedy = undefined
    const signedOut = this.#token === undefined
    if (remedy && !signedOut) return { wish: remedy, token: this.#token }
    const { rooms } = this.#world
    const open = this.#random.chance(0.9) ? rooms.filter((roomId) => !this.#shut.has(roomId)) : rooms
    const standing = {
      ...this.#world,
      rooms: open.length > 0 ? open : rooms,
      actor: this.userId,
      token: this.#token,
      credentials: this.#credentials,
      random: this.#random,
      text: `${this.#name}-${this.#count++}`,
      sessions: this.#sessions,
    }
    const wanted = wishFor(signedOut ? 'login' : this.#random.weighted(weights), standing)
    const instead = wanted ?? wishFor('sendMessage', standing)
    if (!instead) throw new Error('There is always something to say.')
    return instead
  }
}

/** Whoever was refused as a stranger joins; whoever came to an archived room opens it. */
function remedyFor({ command, actor, roomId, code }: Attempt & { readonly outcome: 'failed' }): Wish | undefined {
  if (command !== 'sendMessage' || roomId === undefined) return undefined
  if (code !== 'ARCHIVED' && code !== 'FORBIDDEN') return undefined
  const remedy = code === 'ARCHIVED' ? 'unarchiveRoom' : 'joinRoom'
  return { asked: { command: remedy, actor, roomId }, input: { roomId } }
}
