// The texts that people write: what is accepted, who is mentioned, and whether two sends said the same.

import { hash } from 'node:crypto'
import { canonicalJson } from './canonicalJson.ts'
import { withoutCode } from './markdownCode.ts'

/** A value that was accepted, or why not: `detail` is a sentence for people that says what is wrong and what to do. */
export type Checked =
  | { readonly ok: true; readonly value: string }
  | { readonly ok: false; readonly code: 'BAD_INPUT' | 'TOO_LARGE'; readonly detail: string }

export const accept = (value: string): Checked => ({ ok: true, value })
export const badInput = (detail: string): Checked => ({ ok: false, code: 'BAD_INPUT', detail })
export const tooLarge = (detail: string): Checked => ({ ok: false, code: 'TOO_LARGE', detail })

/** The length of a text in code points: an emoji of one code point counts once; an unpaired surrogate counts once. */
export function codePoints(text: string): number {
  let count = 0
  for (let i = 0; i < text.length; i++) {
    // codePointAt gives a value above 0xFFFF only where two units make one code point.
    if ((text.codePointAt(i) ?? 0) > 0xffff) i++
    count++
  }
  return count
}

/** Whether a text has more than `max` code points. Long texts are counted, short ones cannot have more than units. */
export const isLongerThan = (text: string, max: number): boolean => text.length > max && codePoints(text) > max

/**
 * A message's text is kept as it was sent, white space included.
 * @param maxLength in code points
 */
export function checkMessageText(text: string, maxLength: number): Checked {
  if (isLongerThan(text, maxLength))
    return tooLarge(
      `The text has ${codePoints(text)} characters and may have ${maxLength}. Shorten it, or send it in parts.`,
    )
  if (text.includes('\0')) return badInput('The text contains a NUL character (U+0000). Remove it.')
  if (!text.isWellFormed())
    return badInput('The text contains half of a surrogate pair, which is no character. Remove or complete it.')
  if (text.trim() === '') return badInput('The text is empty or has only white space. Write something.')
  return accept(text)
}

/** The words that, written as mentions, mean everybody in the room. Nobody can have one as a username. */
export const roomMentionWords: ReadonlySet<string> = new Set(['room', 'all', 'here', 'everyone'])

/** One `@…` of a text: the usernames it may mean, in lower case, the longest first. It means the first that exists. */
export interface Mention {
  readonly candidates: readonly string[]
}

export interface Mentions {
  /** In the order of the text, each once; at most 50. */
  readonly mentions: readonly Mention[]
  /** Whether @room, @all, @here or @everyone is there. */
  readonly mentionsRoom: boolean
}

const maxMentions = 50
const maxCandidates = 5

/**
 * An `@` and the username characters after it. A letter, digit or underscore before the `@` makes it an e-mail address;
 * but in scripts without spaces between words, the letter before belongs to another word.
 */
const mentionPattern =
  /(?<![[\p{L}\p{N}_]--[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Myanmar}]])@([\w.\-]+)/gv

const nobody: Mentions = { mentions: [], mentionsRoom: false }

/** Whom a Markdown text mentions. What is written in code mentions nobody. */
export function mentionsIn(text: string): Mentions {
  if (!text.includes('@')) return nobody
  const found = new Map<string, Mention>()
  let mentionsRoom = false
  for (const [, run] of withoutCode(text).matchAll(mentionPattern)) {
    // The group is part of every match; the type does not say so.
    const word = (run ?? '').toLowerCase()
    if (roomMentionWords.has(trimmed(word))) mentionsRoom = true
    else if (found.size < maxMentions && !found.has(word)) {
      const candidates = candidatesOf(word)
      if (candidates.length > 0) found.set(word, { candidates })
    }
  }
  return { mentions: [...found.values()], mentionsRoom }
}

/** A word less the dots and hyphens at its end, which are more often the sentence's than the name's. */
const trimmed = (word: string): string => word.replace(/(?<![.-])[.-]+$/, '')

/**
 * The word, and the word cut before each dot, hyphen or underscore. Where there are too many, the word as it stands
 * and without the punctuation at its end stay, then the longest.
 */
function candidatesOf(word: string): readonly string[] {
  // A username has at most 32 characters, so what comes later in a word can only be where it is cut.
  const cuts = [...word.slice(0, 33).matchAll(/[._-]/g)].map(({ index }) => word.slice(0, index)).reverse()
  return [...new Set([word, trimmed(word), ...cuts])]
    .filter((name) => name.length >= 2 && name.length <= 32 && !roomMentionWords.has(name))
    .slice(0, maxCandidates)
    .sort((a, b) => b.length - a.length)
}

/** What a message consists of, as its sender gave it. No attachments and an empty list of them are the same. */
export interface MessageContent {
  readonly text: string
  readonly replyToId?: string | undefined
  readonly threadRootId?: string | undefined
  readonly attachmentIds?: readonly string[] | undefined
  readonly poll?: unknown
}

/** The base64url SHA-256 that tells whether a repeated send has the content of the first. It is stored: it never changes. */
export function contentHash({ text, replyToId, threadRootId, attachmentIds, poll }: MessageContent): string {
  const given = attachmentIds && attachmentIds.length > 0 ? attachmentIds : undefined
  return hash('sha256', canonicalJson({ text, replyToId, threadRootId, attachmentIds: given, poll }), 'base64url')
}
