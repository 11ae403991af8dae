// Judges what the server writes by itself: the answers of processes to what happened, and who is there.

import { consequenceId } from '../../src/domain/ids.ts'
import type { Attempt, LoggedEvent } from './history.ts'

interface Evidence {
  readonly attempts: readonly Attempt[]
  readonly log: readonly LoggedEvent[]
}

/** Which event causes which. */
const answers: Readonly<Record<string, string>> = {
  InvitationReceived: 'UserInvited',
  InvitationAccepted: 'UserJoined',
}

/**
 * Every invitation and its acceptance has a cause in the log, and is there once. Every cause has its answer, up to the last one
 * that has: the process goes through the log in order.
 */
export function* invitations({ log }: Evidence): Iterable<string> {
  const causes = new Map(log.map((event) => [event.id, event]))
  const answered = new Set<string>()
  let last = ''
  for (const { id, type, stream, data, causationId = '' } of log) {
    const wanted = answers[type]
    if (wanted === undefined) continue
    const cause = causes.get(causationId)
    const said = `${type} of ${data.roomId} in ${stream}`
    if (cause?.type !== wanted || stream !== `invitations-${String(cause.data.userId).replace('user_', '')}`)
      yield `NOGHOST: nothing caused this: ${said}`
    else if (cause.stream !== String(data.roomId).replace('_', '-')) yield `NOGHOST: another room caused this: ${said}`
    else if (answered.has(causationId)) yield `ONCE: twice for one cause: ${said}`
    // By this the next try would find that it was done.
    if (id !== consequenceId(causationId, type)) yield `ONCE: its id does not follow from its cause: ${said}`
    answered.add(causationId)
    if (cause?.type === 'UserInvited' && cause.position > last) last = cause.position
  }
  for (const { id, type, stream, revision, position, data } of log)
    if (type === 'UserInvited' && position <= last && !answered.has(id))
      yield `ACK: the invitation of ${data.userId} in ${stream}, revision ${revision}, was never received`
}

/** What somebody says of themselves reads as they were last told, or as an attempt without an answer after that had it. */
export function* presences({ attempts, log }: Evidence): Iterable<string> {
  const possible = new Map<string, Set<string | undefined>>()
  for (const { command, actor, outcome, text } of attempts) {
    if (command !== 'setPresence' || outcome === 'failed') continue
    const stream = `presence-${actor.replace('user_', '')}`
    if (outcome === 'ok') possible.set(stream, new Set([text]))
    else possible.set(stream, (possible.get(stream) ?? new Set([undefined])).add(text))
  }
  const newest = new Map(log.filter(({ type }) => type === 'PresenceChanged').map((event) => [event.stream, event]))
  for (const [stream, { body, data }] of newest) {
    const text = body?.statusText
    const texts = possible.get(stream) ?? new Set([undefined])
    if (!texts.has(typeof text === 'string' ? text : undefined))
      yield `NOGHOST: ${stream} says "${text}" instead of ${[...texts].join(' or ')}`
    // Somebody who never set anything is there by their connections, and nobody else is.
    if (!possible.has(stream) && Object.keys(data.nodes ?? {}).length === 0 && data.lastSeenAt === undefined)
      yield `NOGHOST: nobody has been where ${stream} says that somebody was`
  }
  for (const [stream, texts] of possible)
    if (!newest.has(stream) && !texts.has(undefined)) yield `ACK: what was set in ${stream} is lost`
}
