// Somebody who does everything that can be done, at random and as fast as they can, and writes down what they were told.

import { attempt, type Wish } from './attempting.ts'
import type { Attempt, CommandName } from './history.ts'
import type { Random } from './random.ts'

/** What the writers of one test share. */
export interface World {
  /** Changes when the server is started anew. */
  graphql: string
  readonly rooms: string[]
  /** The newest messages of all rooms, with who wrote them. */
  readonly messages: { readonly id: string; readonly roomId: string; readonly author: string }[]
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
  readonly credentials?: { readonly username: string; readonly password: string }
}

const weights: { readonly [C in CommandName]: number } = {
  sendMessage: 60,
  editMessage: 10,
  deleteMessage: 4,
  markRead: 2,
  joinRoom: 8,
  leaveRoom: 2,
  updateRoom: 3,
  setMemberRole: 4,
  removeMember: 1,
  archiveRoom: 0.5,
  unarchiveRoom: 4,
  createRoom: 1,
  updateProfile: 2,
  createGuest: 1,
  login: 0.3,
  logout: 0.7,
}

/** Messages that are still edited, read and deleted. */
const remembered = 200

export class Writer {
  readonly #world: World
  readonly #account: Account
  readonly #random: Random
  readonly #name: string
  /** Sessions to end: of guests and logins. */
  readonly #sessions: { readonly userId: string; readonly token: string }[] = []
  /** What has no answer yet, and is done again with the same key before anything else. */
  #open: { readonly wish: Wish; readonly token: string | undefined } | undefined
  /** What lets the next message of this writer through. */
  #remedy: Wish | undefined
  #count = 0

  constructor({ world, account, random, name }: { world: World; account: Account; random: Random; name: string }) {
    this.#world = world
    this.#account = account
    this.#random = random
    this.#name = name
  }

  /** Goes on until it is told to stop, or an outcome is unknown: then the server is gone. */
  async work(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) if (!(await this.#step())) return
  }

  /** Does again what has no answer. @returns whether everything has one now */
  async settle(): Promise<boolean> {
    return this.#open === undefined || (await this.#step())
  }

  async #step(): Promise<boolean> {
    const world = this.#world
    const again = this.#open
    const { wish, token } = again ?? this.#next()
    const { attempt: done, token: given } = await attempt(world.graphql, token, wish)
    world.attempts.push(done)
    if (again) world.repeated++
    if (done.outcome === 'unknown') {
      // Without a key, doing it again would do it twice: whether it was done is read at the end.
      this.#open = repeatable(wish) ? { wish, token } : undefined
      return false
    }
    this.#open = undefined
    if (done.outcome === 'ok') this.#learn(done, given)
    if (done.outcome === 'failed') this.#remedy = remedyFor(done)
    if (done.outcome === 'ok' && done.command === 'logout' && token !== undefined) world.ended.push(token)
    return true
  }

  #learn({ command, roomId, said, actor }: Attempt & { readonly outcome: 'ok' }, token: string | undefined): void {
    const { rooms, messages } = this.#world
    if (said.duplicate) this.#world.duplicates++
    if (command === 'createRoom' && said.roomId !== undefined) rooms.push(said.roomId)
    if (command === 'sendMessage' && said.messageId !== undefined && roomId !== undefined) {
      messages.push({ id: said.messageId, roomId, author: actor })
      if (messages.length > remembered) messages.shift()
    }
    if (token !== undefined) this.#sessions.push({ userId: said.userId ?? actor, token })
  }

  #next(): { wish: Wish; token: string | undefined } {
    const { userId: actor, token, credentials } = this.#account
    const remedy = this.#remedy
    this.#remedy = undefined
    if (remedy) return { wish: remedy, token }
    const random = this.#random
    const command = random.weighted(weights)
    const roomId = random.pick(this.#world.rooms)
    const text = `${this.#name}-${this.#count++}`
    const as = (wish: Wish) => ({ wish, token })
    const send = () => {
      const key = random.chance(0.7) ? `key-${text}` : undefined
      const keyed = key === undefined ? undefined : { key }
      return as({
        asked: { command: 'sendMessage', actor, roomId, text, ...keyed },
        input: { conversationId: roomId, text, clientMessageId: key },
      })
    }
    switch (command) {
      case 'sendMessage':
        return send()
      case 'editMessage':
      case 'deleteMessage':
      case 'markRead': {
        const own = this.#world.messages.filter(({ author }) => author === actor || command === 'markRead')
        if (own.length === 0) return send()
        const { id: subject, roomId: there } = random.pick(own)
        const edit = command === 'editMessage' ? { text } : undefined
        return as({
          asked: { command, actor, roomId: there, subject, ...edit },
          input: { messageId: subject, ...edit },
        })
      }
      case 'joinRoom':
      case 'leaveRoom':
      case 'archiveRoom':
      case 'unarchiveRoom':
        return as({ asked: { command, actor, roomId }, input: { roomId } })
      case 'updateRoom':
        return as({ asked: { command, actor, roomId, text }, input: { roomId, topic: text } })
      case 'setMemberRole':
      case 'removeMember': {
        const subject = random.pick(this.#world.people)
        const role = command === 'setMemberRole' ? random.pick(['OWNER', 'OWNER', 'MODERATOR', 'MEMBER']) : undefined
        return as({
          asked: { command, actor, roomId, subject, ...(role === undefined ? undefined : { text: role }) },
          input: { roomId, userId: subject, role },
        })
      }
      case 'createRoom':
        return as({
          asked: { command, actor, text, key: `key-${text}` },
          input: { name: text, idempotencyKey: `key-${text}` },
        })
      case 'updateProfile':
        return as({ asked: { command, actor, text }, input: { displayName: text } })
      case 'createGuest':
        return { wish: { asked: { command, actor, text }, input: { displayName: text } }, token: undefined }
      case 'login':
        if (!credentials) return send()
        return { wish: { asked: { command, actor }, input: credentials }, token: undefined }
      case 'logout': {
        const session = this.#sessions.shift()
        if (!session) return send()
        return { wish: { asked: { command, actor: session.userId } }, token: session.token }
      }
      default:
        return command satisfies never
    }
  }
}

/** Whether doing it again is doing it once. */
function repeatable({ asked: { command, key } }: Wish): boolean {
  if (command === 'sendMessage') return key !== undefined
  return command !== 'createGuest' && command !== 'login'
}

/** Whoever was refused as a stranger joins; whoever came to an archived room opens it. */
function remedyFor({ command, actor, roomId, code }: Attempt & { readonly outcome: 'failed' }): Wish | undefined {
  if (command !== 'sendMessage' || roomId === undefined) return undefined
  const remedy = code === 'ARCHIVED' ? 'unarchiveRoom' : 'joinRoom'
  return { asked: { command: remedy, actor, roomId }, input: { roomId } }
}
