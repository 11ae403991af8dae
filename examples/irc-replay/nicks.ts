// The nicks of IRC as usernames, and back.

import { hash } from 'node:crypto'

/** Nicks are compared without case. */
export const nickKey = (nick: string): string => nick.toLowerCase()

const longestUsername = 32
/** Usernames that a server does not give away. */
const reserved: ReadonlySet<string> = new Set(['here', 'all', 'room', 'everyone', 'system'])

/** Makes the room and reads along. No nick has this username: `.h` is no byte in hexadecimal. */
export const hostUsername = 'replay.host'

/**
 * The username of a nick: always the same, another one for every other nick, 2 to 32 of `a-z 0-9 _ - .`.
 *
 * What a username may not hold is written as a dot and its UTF-8 bytes in hexadecimal: `brad[]` is `brad.5b.5d`. Where the
 * result would be too short, reserved or without a letter or digit, its first character is written so too: `f` is `.66`.
 * What gets too long is two dots and a hash of the nick.
 */
export function usernameOf(nick: string): string {
  const [first = '', ...rest] = nickKey(nick)
  const plain = [first, ...rest].map(written).join('')
  const username = isUsable(plain) ? plain : [escaped(first), ...rest.map(written)].join('')
  return username.length <= longestUsername
    ? username
    : `..${hash('sha256', nickKey(nick)).slice(0, longestUsername - 2)}`
}

const isUsable = (name: string): boolean => name.length >= 2 && /[a-z0-9]/.test(name) && !reserved.has(name)

const written = (character: string): string => (/^[a-z0-9_-]$/.test(character) ? character : escaped(character))

const escaped = (character: string): string =>
  [...Buffer.from(character)].map((byte) => `.${byte.toString(16).padStart(2, '0')}`).join('')

/** The nick, in lower case, that a username stands for; undefined for any other username, and for a hash. */
export function nickOf(username: string): string | undefined {
  if (!/^(?:[a-z0-9_-]|\.[0-9a-f]{2})+$/.test(username)) return undefined
  const bytes = username.replace(/\.([0-9a-f]{2})|(.)/g, (_, hex: string | undefined, plain: string | undefined) =>
    hex === undefined ? Buffer.from(plain ?? '').toString('hex') : hex,
  )
  const nick = Buffer.from(bytes, 'hex').toString()
  return usernameOf(nick) === username ? nick : undefined
}
