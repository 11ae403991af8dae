// Passwords: which are accepted, how they are hashed and checked.

import { type Argon2Parameters, argon2, randomBytes, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import { codePoints } from '../domain/text.ts'
import { addressGroup } from './addressGroup.ts'
import { isCommonPassword } from './commonPasswords.ts'
import { HashQueue, type HashQueueOptions } from './hashQueue.ts'
import { type Argon2Hash, formatPhc, parsePhc } from './phc.ts'

/** What OWASP's password storage cheat sheet gives for Argon2id with the least memory that it recommends. */
const cost = { memory: 19_456, passes: 2, parallelism: 1 }
const saltBytes = 16
const tagBytes = 32

/** What an unknown user's password is compared with: a hash of the present cost to which nobody knows a password. */
const nobody: Argon2Hash = { ...cost, salt: Buffer.alloc(saltBytes, 0x50), tag: Buffer.alloc(tagBytes, 0x79) }

/**
 * Two hashes at once leave two of the four threads on which Node also does files and names; each takes 19 MiB and
 * about 50 ms.
 */
const defaultQueue: HashQueueOptions = { atOnce: 2, waiting: 200, waitingPerAddress: 50, expectedMs: 50 }

export interface PasswordCall {
  /** The client's address. The addresses that wait take turns; IPv6 counts by its /64 network. */
  readonly address: string
  /** Ends the waiting for a turn. */
  readonly signal?: AbortSignal | undefined
}

/** Hashes and checks passwords off the main thread, a few at once. */
export class Passwords {
  readonly #queue: HashQueue

  constructor(queue: Partial<HashQueueOptions> = {}) {
    this.#queue = new HashQueue({ ...defaultQueue, ...queue })
  }

  /** How many calls wait for a turn. */
  get waiting(): number {
    return this.#queue.waiting
  }

  /**
   * The PHC string to store for a password that `checkPassword` accepts.
   * @throws TooBusy at once, before anything is hashed, where too many wait; the signal's reason
   */
  async hash(password: string, { address, signal }: PasswordCall): Promise<string> {
    const salt = randomBytes(saltBytes)
    const tag = await this.#derive(prepared(password), { ...cost, salt }, tagBytes, { address, signal })
    return formatPhc({ ...cost, salt, tag })
  }

  /**
   * Whether this is the password. Where there is none to compare with (an unknown user, a guest), the same work is
   * done and the answer is false, so that the time tells nothing about who exists.
   * @param phc what `hash` gave once; undefined where there is none
   * @throws TooBusy as `hash` does; Error for a stored text that is no hash
   */
  async verify(password: string, phc: string | undefined, { address, signal }: PasswordCall): Promise<boolean> {
    // What could never have been accepted is not the password, and is not hashed at whatever length it has.
    const possible = unusable(password) === undefined
    const stored = possible && phc !== undefined ? parsePhc(phc) : nobody
    const message = possible ? prepared(password) : ''
    const tag = await this.#derive(message, stored, stored.tag.length, { address, signal })
    return timingSafeEqual(tag, stored.tag) && stored !== nobody
  }

  #derive(
    message: string,
    { memory, passes, parallelism, salt }: Omit<Argon2Hash, 'tag'>,
    tagLength: number,
    { address, signal }: PasswordCall,
  ): Promise<Buffer> {
    const parameters = { message, nonce: salt, memory, passes, parallelism, tagLength }
    return this.#queue.run(addressGroup(address), () => argon2id(parameters), signal)
  }
}

const derive = promisify(argon2)
const argon2id = (parameters: Argon2Parameters): Promise<Buffer> => derive('argon2id', parameters)

/** Whether a hash was made at another cost than today's, and should be made again when the password is at hand. */
export function needsRehash(phc: string): boolean {
  const { memory, passes, parallelism, salt, tag } = parsePhc(phc)
  return (
    memory !== cost.memory ||
    passes !== cost.passes ||
    parallelism !== cost.parallelism ||
    salt.length < saltBytes ||
    tag.length !== tagBytes
  )
}

/**
 * What is hashed: the OpaqueString of RFC 8265, that is, every kind of space becomes the plain one, then NFC. So the
 * same password typed on another keyboard is the same; letters keep their case.
 */
const prepared = (password: string): string => password.replace(/\p{Zs}/gu, ' ').normalize('NFC')

/** Whether two texts are the same password. */
export const samePassword = (one: string, other: string): boolean => prepared(one) === prepared(other)

const minLength = 8
const maxLength = 128
/** No text of 128 code points in NFC has more UTF-16 units than this before: longer ones need not be looked at. */
const maxUnits = maxLength * 8

/** Why this can be nobody's password; undefined where it can. */
function unusable(password: string): string | undefined {
  if (password.length > maxUnits || codePoints(prepared(password)) > maxLength)
    return `The password is longer than ${maxLength} characters. Choose a shorter one.`
  if (password.includes('\0')) return 'The password contains a NUL character (U+0000). Choose one without it.'
  if (!password.isWellFormed())
    return 'The password contains half of a surrogate pair, which is no character. Choose one without it.'
  return undefined
}

/**
 * The rule for new passwords: 8 to 128 code points, none of the common ones, not the username.
 * @returns undefined for one that is accepted, else a sentence that says what is wrong and what to do
 */
export function checkPassword(password: string, username: string): string | undefined {
  const problem = unusable(password)
  if (problem !== undefined) return problem
  const text = prepared(password)
  if (codePoints(text) < minLength)
    return `The password is shorter than ${minLength} characters. Choose a longer one; a few words are easy to remember.`
  if (text.toLowerCase() === username.toLowerCase())
    return 'The password is the same as the username. Choose another one.'
  if (isCommonPassword(text))
    return 'The password is one of those that are tried first. Choose another one; a few words that do not belong together are good.'
  return undefined
}
