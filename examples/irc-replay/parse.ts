// The lines of an IRC log: what each of them says.

interface Placed {
  /** From 1, as an editor shows it. */
  readonly line: number
  /** Minutes since the midnight before the log's first line. Lines without a time have that of the line before. */
  readonly minute: number
}

/** Somebody said something; an action is what IRC shows as `* nick does something`. */
export interface Spoken extends Placed {
  readonly kind: 'message' | 'action'
  readonly nick: string
  readonly text: string
}

export interface Passage extends Placed {
  readonly kind: 'join' | 'leave'
  readonly nick: string
}

export interface Rename extends Placed {
  readonly kind: 'rename'
  readonly nick: string
  readonly to: string
}

/** `notice`: the server speaks, or nothing that is known. `empty`: somebody said nothing. */
export interface Skipped extends Placed {
  readonly kind: 'notice' | 'empty'
}

export type LogLine = Spoken | Passage | Rename | Skipped

const timePattern = /^\[(\d\d):(\d\d)\]/
// Some clients align nicks with a space before the bracket. The text may hold anything, separators of lines too.
const messagePattern = /^\[\d\d:\d\d\] <([^>\s]+) ?>(?: (.*))?$/s
const actionPattern = /^\[\d\d:\d\d\] {1,2}\* (\S+)(?: (.*))?$/s
const passagePattern = /^=== (\S+) \[.*\]\s+has (joined|left) #\S+/s
const renamePattern = /^=== (\S+) is now known as (\S+)$/
// What may stand in a nick. It tells people from `mode/#channel` and the like, which the server says.
const oldActionPattern = /^=== ([\w\-[\]\\`^{}|]+) (.+)$/s

const minutesOfDay = 24 * 60

/** Reads a whole log, line by line in its order. Nothing is left out. */
export function parseLog(text: string): readonly LogLine[] {
  const lines = text.split(/\r?\n/)
  if (lines.at(-1) === '') lines.pop()
  let minute = lines.map(timeOf).find((time) => time !== undefined) ?? 0
  return lines.map((content, index) => {
    minute = later(minute, timeOf(content))
    return parseLine(content, { line: index + 1, minute })
  })
}

/** Minutes since midnight; undefined for a line without a time. */
function timeOf(content: string): number | undefined {
  const [, hours, minutes] = timePattern.exec(content) ?? []
  return hours === undefined ? undefined : Number(hours) * 60 + Number(minutes)
}

/** A clock that seems to go back by half a day or more has passed midnight; by less, it was set back, and time stands. */
function later(minute: number, time: number | undefined): number {
  if (time === undefined) return minute
  const behind = (minute % minutesOfDay) - time
  if (behind >= minutesOfDay / 2) return minute + minutesOfDay - behind
  return Math.max(minute, minute - behind)
}

function parseLine(content: string, placed: Placed): LogLine {
  const spoken = messagePattern.exec(content)
  if (spoken) return said('message', spoken, placed)
  const acted = actionPattern.exec(content)
  if (acted) return said('action', acted, placed)
  const [, passing, how] = passagePattern.exec(content) ?? []
  if (passing !== undefined) return { kind: how === 'joined' ? 'join' : 'leave', nick: passing, ...placed }
  const [, nick, to] = renamePattern.exec(content) ?? []
  if (nick !== undefined && to !== undefined) return { kind: 'rename', nick, to, ...placed }
  const oldAction = oldActionPattern.exec(content)
  if (oldAction) return said('action', oldAction, placed)
  return { kind: 'notice', ...placed }
}

function said(kind: Spoken['kind'], [, nick = '', text = '']: RegExpExecArray, placed: Placed): LogLine {
  return text.trim() === '' ? { kind: 'empty', ...placed } : { kind, nick, text, ...placed }
}
