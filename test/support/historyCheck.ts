// Judges a log by what clients did and were told.

import { explainedBy, explanationOf, leftBy } from './explanations.ts'
import type { Attempt, LoggedEvent, ShownMessage } from './history.ts'
import { streamOf } from './history.ts'
import { invitations, presences } from './processCheck.ts'

export interface Evidence {
  /** In the order of their answers, for each actor. */
  readonly attempts: readonly Attempt[]
  /** The whole log, in order. */
  readonly log: readonly LoggedEvent[]
  /** By the id of a room or a direct conversation: what a query shows of it, oldest first. Those are left out that are not looked at. */
  readonly shown: ReadonlyMap<string, readonly ShownMessage[]>
}

/** Sentences that say what is wrong; none when all is well. Each begins with the name of the promise. */
export function violations(evidence: Evidence): readonly string[] {
  return [
    ...order(evidence),
    ...acknowledged(evidence),
    ...once(evidence),
    ...noGhosts(evidence),
    ...markers(evidence),
    ...invitations(evidence),
    ...presences(evidence),
    ...shownAsLogged(evidence),
    ...shownAsAcknowledged(evidence),
  ]
}

const isConversation = (stream: string): boolean => stream.startsWith('room-') || stream.startsWith('dm-')
const isSending = (type: string): boolean => type === 'MessageSent' || type === 'DMSent'
/** These hold only their newest event, so that their revisions have holes. */
const keepsNewest = (stream: string): boolean => stream.startsWith('read-') || stream.startsWith('presence-')
const isRead = (stream: string): boolean => stream.startsWith('read-')

function* order({ log }: Evidence): Iterable<string> {
  const heads = new Map<string, { revision: number; number: number; occurredAt: string }>()
  let before = ''
  for (const { position, stream, revision, type, data, occurredAt } of log) {
    if (position <= before) yield `ORDER: position ${position} comes after ${before}`
    before = position
    if (keepsNewest(stream)) continue
    const head = heads.get(stream) ?? { revision: -1, number: 0, occurredAt: '' }
    if (revision !== head.revision + 1) yield `ORDER: revision ${revision} of ${stream} comes after ${head.revision}`
    if (occurredAt < head.occurredAt) yield `ORDER: the time of ${stream} goes back at revision ${revision}`
    const number = isSending(type) ? Number(data.number) : head.number
    if (isSending(type) && number !== head.number + 1)
      yield `ORDER: message number ${number} of ${stream} comes after ${head.number}`
    heads.set(stream, { revision, number, occurredAt })
  }
}

function* acknowledged({ attempts, log }: Evidence): Iterable<string> {
  const byPosition = new Map(log.map((event) => [event.position, event]))
  const byId = new Map(log.map((event) => [event.id, event]))
  const streams = new Set(log.map(({ stream }) => stream))
  for (const attempt of attempts) {
    if (attempt.outcome !== 'ok') continue
    const { command, actor, roomId, text, said } = attempt
    // What stood there may have been superseded.
    const superseded = command === 'markRead' || command === 'setPresence'
    const there = byPosition.get(said.position)
    if (!there && !superseded)
      yield `ACK: ${command} of ${actor} was acknowledged at ${said.position}, where nothing is`
    const room = roomId ?? said.roomId ?? said.directId
    if (room !== undefined && !streams.has(streamOf(room))) yield `ACK: ${command} of ${actor}: ${room} is gone`
    if (said.userId !== undefined && !streams.has(streamOf(said.userId)))
      yield `ACK: the account ${said.userId} is gone`
    if (command !== 'sendMessage' && command !== 'sendDM') continue
    const sent = byId.get((said.messageId ?? '').replace('message_', ''))
    if (!sent) yield `ACK: the message "${text}" of ${actor} was acknowledged and is lost`
    else if (sent.revision !== said.revision || sent.data.number !== said.number)
      yield `ACK: the message "${text}" was acknowledged as number ${said.number}, revision ${said.revision}, and is number ${sent.data.number}, revision ${sent.revision}`
    else if (sent.actor !== actor || (sent.body && sent.body.text !== text))
      yield `ACK: the message "${text}" of ${actor} lies in the log as another one`
  }
}

function* once({ log }: Evidence): Iterable<string> {
  const seen = new Set<string>()
  for (const { id, stream, type, data, body, actor } of log) {
    const marks = [`id ${id} in ${stream}`]
    if (isSending(type)) {
      if (data.clientMessageId !== undefined) marks.push(`${stream} ${actor} key ${data.clientMessageId}`)
      if (body) marks.push(`text "${body.text}"`)
    }
    if (type === 'RoomCreated') marks.push(`room "${data.name}"`)
    if (type === 'DMOpened') marks.push(`conversation of ${data.members}`)
    if (type === 'UserRegistered' || type === 'GuestClaimed') marks.push(`account "${data.username}"`)
    for (const mark of marks) {
      if (seen.has(mark)) yield `ONCE: twice in the log: ${mark}`
      seen.add(mark)
    }
  }
}

/** Every event has somebody who asked for it, as often as it happened, and was not refused. */
function* noGhosts({ attempts, log }: Evidence): Iterable<string> {
  const allowed = new Map<string, number>()
  const refused = new Map<string, Attempt>()
  for (const attempt of attempts) {
    const wish = `${attempt.command} ${attempt.actor} ${attempt.roomId} ${attempt.key ?? attempt.text}`
    // A repeat is recognised before it is refused: a last refusal says that no earlier attempt has taken effect.
    const sending = attempt.command === 'sendMessage' || attempt.command === 'sendDM'
    const conclusive = sending && attempt.outcome === 'failed'
    if (conclusive) refused.set(wish, attempt)
    else refused.delete(wish)
    const explained = attempt.outcome === 'failed' ? leftBy(attempt) : explainedBy(attempt)
    for (const explanation of explained) allowed.set(explanation, (allowed.get(explanation) ?? 0) + 1)
  }
  const texts = new Map([...refused.values()].map((attempt) => [attempt.text, attempt]))
  const seen = new Set<unknown>()
  for (const event of log) {
    const newcomer = event.type === 'SessionStarted' && !seen.has(event.data.userId)
    if (newcomer) seen.add(event.data.userId)
    const explanation = explanationOf(event, { newcomer })
    if (explanation === undefined) continue
    const left = allowed.get(explanation) ?? 0
    if (left === 0) yield `NOGHOST: nobody did this: ${explanation} (${event.stream}, revision ${event.revision})`
    allowed.set(explanation, left - 1)
    const text = isSending(event.type) ? event.body?.text : undefined
    if (typeof text === 'string' && texts.has(text)) yield `NOGHOST: "${text}" was refused, and is there`
  }
}

function* markers({ attempts, log }: Evidence): Iterable<string> {
  const newest = new Map<string, number>()
  for (const { stream, data } of log) if (isRead(stream)) newest.set(stream, Number(data.number))
  for (const attempt of attempts) {
    if (attempt.command !== 'markRead' || attempt.outcome !== 'ok') continue
    const stream = `read-${attempt.actor.replace('user_', '')}-${attempt.roomId}`
    const number = newest.get(stream) ?? 0
    if (number < (attempt.said.number ?? 0))
      yield `ACK: ${attempt.actor} had read up to ${attempt.said.number} in ${attempt.roomId}, and has now up to ${number}`
  }
}

/** The text of each message as a fold of the log has it; null once deleted. By message id. */
function foldTexts(log: readonly LoggedEvent[]): Map<string, { stream: string; number: number; text: string | null }> {
  const messages = new Map<string, { stream: string; number: number; text: string | null }>()
  for (const { type, id, stream, data, body } of log) {
    if (isSending(type))
      messages.set(`message_${id}`, { stream, number: Number(data.number), text: (body?.text as string) ?? null })
    const known = messages.get(String(data.messageId))
    if (known && type === 'MessageEdited') known.text = (body?.text as string) ?? null
    if (known && type === 'MessageDeleted') known.text = null
  }
  return messages
}

function* shownAsLogged({ log, shown }: Evidence): Iterable<string> {
  const logged = foldTexts(log)
  const conversations = new Set(log.map(({ stream }) => stream).filter(isConversation))
  for (const [roomId, messages] of shown) {
    if (!conversations.has(streamOf(roomId))) yield `FOLD: ${roomId} is shown, and is not in the log`
    const expected = [...logged].filter(([, { stream }]) => stream === streamOf(roomId))
    if (expected.length !== messages.length)
      yield `FOLD: ${roomId} shows ${messages.length} messages; the log has ${expected.length}`
    for (const { id, number, text } of messages) {
      const one = logged.get(id)
      if (!one) yield `FOLD: ${id} is shown, and is not in the log`
      else if (one.number !== number || one.text !== text)
        yield `FOLD: ${id} is shown as number ${number} "${text}"; the log has number ${one.number} "${one.text}"`
    }
  }
}

/** A message reads as its author was last told, or as an attempt without an answer after that had it, or is deleted. */
function* shownAsAcknowledged({ attempts, log, shown }: Evidence): Iterable<string> {
  const possible = new Map<string, Set<string | null>>()
  for (const attempt of attempts) {
    const { command, subject, text = null } = attempt
    if (attempt.outcome === 'failed') continue
    const sending = command === 'sendMessage' || command === 'sendDM'
    const id = sending && attempt.outcome === 'ok' ? attempt.said.messageId : subject
    if (id === undefined) continue
    const before = possible.get(id)
    if (sending) {
      // A repeat says what was sent at first, not what it was changed to since.
      if (!before) possible.set(id, new Set([text]))
    } else if (command === 'editMessage') {
      if (attempt.outcome === 'ok') possible.set(id, new Set([text]))
      else before?.add(text)
    }
  }
  const deleted = new Set(log.filter(({ type }) => type === 'MessageDeleted').map(({ data }) => data.messageId))
  for (const messages of shown.values())
    for (const { id, text } of messages) {
      const texts = possible.get(id)
      if (deleted.has(id) ? text !== null : texts && !texts.has(text))
        yield `ACK: ${id} is shown as "${text}" instead of ${deleted.has(id) ? 'deleted' : [...(texts ?? [])].join(' or ')}`
    }
  for (const attempt of attempts)
    if (attempt.command === 'deleteMessage' && attempt.outcome === 'ok' && !deleted.has(attempt.subject))
      yield `ACK: the deletion of ${attempt.subject} was acknowledged and is lost`
}
