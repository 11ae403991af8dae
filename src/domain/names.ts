// What people, rooms and keys may be called.

import { accept, badInput, type Checked, isLongerThan, roomMentionWords, tooLarge } from './text.ts'

/** Usernames that nobody can take: they mean everybody in a mention, or the server itself. */
const reservedUsernames: ReadonlySet<string> = new Set([...roomMentionWords, 'system'])

/** ASCII letters, digits, `_ . -`, 2 to 32. Kept as written; two that differ in case only are the same name. */
export function checkUsername(text: string): Checked {
  if (text.length > 32) return tooLarge('The username is longer than 32 characters. Choose a shorter one.')
  if (text.length < 2) return badInput('The username is shorter than 2 characters. Choose a longer one.')
  if (!/^[A-Za-z0-9_.-]+$/.test(text))
    return badInput(
      'The username may have the letters a to z, digits, underscores, dots and hyphens. Leave out everything else.',
    )
  if (!/[A-Za-z0-9]/.test(text)) return badInput('The username has no letter and no digit. Add at least one.')
  if (reservedUsernames.has(usernameKey(text)))
    return badInput(`The username ${text} has a meaning of its own here. Choose another one.`)
  return accept(text)
}

/** What usernames are compared and looked up by. */
export const usernameKey = (username: string): string => username.toLowerCase()

/** 1 to 64 code points; accepted without the white space around it. */
export const checkDisplayName = (text: string): Checked => checkLine(text, { what: 'display name', max: 64 })

/** 1 to 80 code points; accepted without the white space around it. */
export const checkRoomName = (text: string): Checked => checkLine(text, { what: "room's name", max: 80 })

/** Up to 500 code points on one line; accepted without the white space around it. An empty topic is none. */
export const checkTopic = (text: string): Checked =>
  text.trim() === '' ? accept('') : checkLine(text, { what: 'topic', max: 500 })

/** Up to 100 code points on one line; accepted without the white space around it. An empty one is none. */
export const checkStatusText = (text: string): Checked =>
  text.trim() === '' ? accept('') : checkLine(text, { what: 'status text', max: 100 })

function checkLine(text: string, { what, max }: { readonly what: string; readonly max: number }): Checked {
  const value = text.trim()
  if (isLongerThan(value, max)) return tooLarge(`The ${what} is longer than ${max} characters. Shorten it.`)
  if (!value.isWellFormed())
    return badInput(`The ${what} contains half of a surrogate pair, which is no character. Remove or complete it.`)
  if (/[\p{Cc}\u2028\u2029]/u.test(value))
    return badInput(`The ${what} contains a line break or another control character. Write it on one line without any.`)
  // They would reverse or reorder what stands around the name, so that it could pretend to be something else.
  if (/[\u202a-\u202e\u2066-\u2069]/u.test(value))
    return badInput(`The ${what} contains a character that changes the direction of writing. Remove it.`)
  if (/^[\s\p{Cf}\p{Default_Ignorable_Code_Point}\u2800]*$/u.test(value))
    return badInput(
      `The ${what} is empty, or has nothing in it that can be seen. Write at least one visible character.`,
    )
  return accept(value)
}

/** a to z, 0 to 9 and hyphens, 1 to 64, with a letter or digit at both ends. */
export function checkSlug(text: string): Checked {
  if (text.length > 64) return tooLarge('The slug is longer than 64 characters. Shorten it.')
  if (!/^[a-z0-9-]+$/.test(text))
    return badInput('The slug may have small letters from a to z, digits and hyphens, and needs at least one of them.')
  if (text.startsWith('-') || text.endsWith('-'))
    return badInput('The slug begins or ends with a hyphen. Begin and end it with a letter or a digit.')
  return accept(text)
}

/** Latin letters that Unicode does not take apart into a plain letter and a mark. */
const plainLetters: Readonly<Record<string, string>> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  đ: 'd',
  ð: 'd',
  ł: 'l',
  þ: 'th',
  ħ: 'h',
  ı: 'i',
}

/**
 * A slug made of a name: without accents, in lower case, with hyphens for everything else, cut to 64.
 * @param fallback the slug to take where nothing is left, as of a name in another script
 */
export function slugOf(name: string, fallback: string): string {
  const slug = name
    .normalize('NFKD')
    .toLowerCase()
    .replace(/\p{M}/gu, '')
    .replace(/[ßæœøđðłþħı]/g, (letter) => plainLetters[letter] ?? letter)
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '')
    .join('-')
    .slice(0, 64)
    .replace(/-$/, '')
  return slug === '' ? fallback : slug
}

/** Any text of 1 to 64 code points, kept and compared as it is. */
export function checkIdempotencyKey(text: string): Checked {
  if (text === '') return badInput('The key is empty. Give one of 1 to 64 characters, or leave it out.')
  if (isLongerThan(text, 64)) return tooLarge('The key is longer than 64 characters. A UUID makes a good key.')
  // Two keys with different halves would be the same in UTF-8, and so the same key.
  if (!text.isWellFormed() || text.includes('\0'))
    return badInput('The key contains NUL or half of a surrogate pair. A UUID makes a good key.')
  return accept(text)
}
