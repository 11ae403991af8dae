// Passwords that are tried first. Those of at least eight characters, since shorter ones are refused anyway.

import { commonBases, commonPasswords, keyboardRuns } from './commonPasswordWords.ts'

/**
 * What people add to a word when they are asked for digits and signs: up to four digits and up to two signs, in either
 * order.
 */
const addition = /^(?:\d{0,4}[!?.*#@$_-]{0,2}|[!?.*#@$_-]{1,2}\d{1,4})$/

/**
 * Whether a password is one of the common ones, without regard to case: one of the list; a common word, perhaps
 * written with digits for letters, and what is usually added to it; one or two characters again and again; a piece of
 * the alphabet or of a row of keys, forwards or backwards.
 */
export function isCommonPassword(password: string): boolean {
  const text = password.toLowerCase()
  if (commonPasswords.has(text) || new Set(text).size <= 2 || isRun(text) || isRepeated(text)) return true
  // A common base has at least three characters.
  for (let end = 3; end <= text.length; end++) {
    const base = text.slice(0, end)
    if ((commonBases.has(base) || commonBases.has(withLetters(base))) && addition.test(text.slice(end))) return true
  }
  return false
}

const isRun = (text: string): boolean => keyboardRuns.some((run) => run.includes(text))

/** A common base two or more times: `testtest`, `abcabcabc`. */
function isRepeated(text: string): boolean {
  const period = (text + text).indexOf(text, 1)
  return period < text.length && (commonBases.has(text.slice(0, period)) || isRun(text.slice(0, period)))
}

const letterFor: Readonly<Record<string, string>> = {
  0: 'o',
  1: 'i',
  3: 'e',
  4: 'a',
  5: 's',
  7: 't',
  '@': 'a',
  $: 's',
  '!': 'i',
}

const withLetters = (text: string): string => text.replace(/[013457@$!]/g, (sign) => letterFor[sign] ?? sign)
