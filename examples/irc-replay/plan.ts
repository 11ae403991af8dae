// What a log asks of the server, in order: the same for the same log, always. So a room tells how far its replay has come.

import { nickKey } from './nicks.ts'
import type { LogLine } from './parse.ts'

/** Of the log's lines; `silent` had a nick and no text. */
export interface LineCounts {
  lines: number
  renames: number
  notices: number
  silent: number
}

/** One command. A person is a key of `Plan.people`. `name` changes nothing in the room, all others are one event there. */
export type Step =
  | { readonly kind: 'join' | 'leave'; readonly line: number; readonly person: string }
  | { readonly kind: 'name'; readonly line: number; readonly person: string; readonly nick: string }
  | MessageStep

export interface MessageStep {
  readonly kind: 'message'
  readonly line: number
  readonly person: string
  /** The author's nick on this line. */
  readonly nick: string
  readonly text: string
  /** Made of the file and the line, so that it is the same each time. */
  readonly clientMessageId: string
}

export interface Plan {
  readonly steps: readonly Step[]
  /** The nick of each person's account, as it is first written; the keys are these nicks in lower case. */
  readonly people: ReadonlyMap<string, string>
  readonly counts: Readonly<LineCounts>
  /** From the first line to the last one. */
  readonly minutes: number
}

/**
 * Whoever a line shows in the channel, and who is not in the room yet, joins first: they were there before the log began.
 * Nobody is seen quitting (the logs leave that out), so who joins twice is in the room once.
 *
 * @param name begins the key of each message: `2004-11-15_03` makes `2004-11-15_03:123`
 */
export function planOf(lines: readonly LogLine[], name: string): Plan {
  const counts: LineCounts = { lines: lines.length, renames: 0, notices: 0, silent: 0 }
  const channel = new Channel()
  for (const entry of lines) {
    const { line } = entry
    switch (entry.kind) {
      case 'message':
      case 'action': {
        const person = channel.present(entry.nick, line)
        const text = entry.kind === 'action' ? `/me ${entry.text}` : entry.text
        channel.steps.push({
          kind: 'message',
          line,
          person,
          nick: entry.nick,
          text,
          clientMessageId: `${name}:${line}`,
        })
        break
      }
      case 'join':
        channel.present(entry.nick, line)
        break
      case 'leave':
        channel.leave(entry.nick, line)
        break
      case 'rename':
        counts.renames++
        channel.rename(entry.nick, entry.to, line)
        break
      case 'notice':
        counts.notices++
        break
      case 'empty':
        counts.silent++
        break
      default:
        return entry satisfies never
    }
  }
  const minutes = (lines.at(-1)?.minute ?? 0) - (lines[0]?.minute ?? 0)
  return { steps: channel.steps, people: channel.people, counts, minutes }
}

/** Who is who, and who is in the room, while a log is read. */
class Channel {
  readonly steps: Step[] = []
  readonly people = new Map<string, string>()
  readonly #inRoom = new Set<string>()
  /** By nick in lower case. */
  readonly #personOf = new Map<string, string>()
  /** By person, as written. */
  readonly #nickOf = new Map<string, string>()

  /** The person behind a nick, who is in the room from here on, under this nick. */
  present(nick: string, line: number): string {
    const key = nickKey(nick)
    const person = this.#personOf.get(key) ?? key
    if (!this.people.has(person)) this.people.set(person, nick)
    this.#call(person, nick, line)
    if (!this.#inRoom.has(person)) {
      this.#inRoom.add(person)
      this.steps.push({ kind: 'join', line, person })
    }
    return person
  }

  leave(nick: string, line: number): void {
    const person = this.present(nick, line)
    this.#inRoom.delete(person)
    this.steps.push({ kind: 'leave', line, person })
  }

  /** Goes on as the same person. Whoever had the new nick before has quit unseen. */
  rename(nick: string, to: string, line: number): void {
    this.#call(this.present(nick, line), to, line)
  }

  #call(person: string, nick: string, line: number): void {
    const before = this.#nickOf.get(person)
    if (before === nick) return
    // Gone from the old nick, be it by a rename or, quit unseen and come again, without one.
    if (before !== undefined && this.#personOf.get(nickKey(before)) === person) this.#personOf.delete(nickKey(before))
    const ousted = this.#personOf.get(nickKey(nick))
    if (ousted !== undefined && ousted !== person) this.#nickOf.delete(ousted)
    this.#personOf.set(nickKey(nick), person)
    this.#nickOf.set(person, nick)
    this.steps.push({ kind: 'name', line, person, nick })
  }
}
