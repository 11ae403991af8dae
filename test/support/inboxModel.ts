// What the inbox of one person shows, told from the log alone: a plain model to judge feeds by.

import type { Position } from '../../src/eventstore/port.ts'
import { decodeInboxCursor } from '../../src/live/inboxCursor.ts'
import type { Data } from './client.ts'
import { type LoggedEvent, streamOf } from './history.ts'

interface Options {
  readonly log: readonly LoggedEvent[]
  readonly viewer: string
  readonly detail: 'MESSAGES' | 'EVERYTHING'
  /** The feed was to bring what comes after it. */
  readonly start: string
}

const messageTypes: ReadonlySet<string> = new Set(['MessageSent', 'DMSent', 'MessageEdited', 'MessageDeleted'])
const leaving: ReadonlySet<string> = new Set(['UserLeft', 'MemberRemoved', 'MemberBanned'])
/** The API has no type for them. */
const neverShown: ReadonlySet<string> = new Set(['MemberBanned', 'MemberUnbanned'])

const isPosition = (text: string): text is Position => text !== ''
export function positionOf(cursor: string): string {
  const place = decodeInboxCursor(cursor, isPosition)
  if (place === 'of another log') throw new Error('Every text is a position here.')
  return place.position
}

/** One thing that the feed has to tell, or may tell. */
interface Due {
  readonly name: string
  readonly kind: 'added' | 'event' | 'removed' | 'invitation'
  readonly event: LoggedEvent
  /** Whether it may be shown as what it is, and whether it has to be. */
  readonly may: boolean
  readonly must: boolean
  seen: number
}

/** What somebody may read of one conversation after one of its events. */
interface Sight {
  readonly readable: boolean
  readonly from: number
}

/** Sentences that say what is wrong with what a reader was told; none when all is well. */
export function inboxViolations(events: readonly Data[], options: Options): readonly string[] {
  const { log, detail, start } = options
  const due = dueTo(options)
  const wrong: string[] = []
  const take = (kind: Due['kind'], position: string, name: string): Due | undefined => {
    const found = due.get(`${kind} ${position}`)
    if (!found) wrong.push(`${name} at ${position} is not to be told`)
    else if (found.seen++ > 0) wrong.push(`${found.name} is told twice`)
    return found
  }
  const streams = new Map<string, LoggedEvent[]>()
  const at = new Map<string, LoggedEvent[]>()
  for (const event of log) {
    const stream = streams.get(event.stream) ?? []
    stream.push(event)
    streams.set(event.stream, stream)
    at.set(event.position, stream)
  }
  let before = ''
  /** By position: the number. */
  const markers = new Map<string, number>()
  for (const event of events) {
    const name = `${event.__typename} ${event.conversation?.id ?? event.conversationId ?? ''} ${event.revision ?? ''}`
    const position = positionOf(event.cursor)
    const place = `${position} ${rank(event.__typename)}`
    if (place <= before) wrong.push(`${name} at ${place} comes after ${before}`)
    if (position <= start) wrong.push(`${name} at ${position} lies before the start`)
    before = place
    switch (event.__typename) {
      case 'ConversationAdded':
        take('added', position, name)
        break
      case 'ConversationRemoved':
        take('removed', position, name)
        break
      case 'InvitationReceived':
        take('invitation', position, name)
        break
      case 'ReadMarkerAdvanced':
        markers.set(position, event.number)
        break
      case 'EventsSkipped': {
        if (detail === 'MESSAGES') wrong.push(`${name} is nothing for those who want messages`)
        // A conversation that was lost since is not named.
        const stream = at.get(position) ?? []
        if (stream[event.throughRevision]?.position !== position) wrong.push(`${name} has a cursor of something else`)
        for (const one of stream.slice(event.revision, event.throughRevision + 1))
          if (take('event', one.position, `${name} with ${one.revision}`)?.must)
            wrong.push(`${name}: ${one.type} ${one.revision} is hidden`)
        break
      }
      default: {
        if (detail === 'MESSAGES' && !messageTypes.has(event.__typename))
          wrong.push(`${name} is nothing for those who want messages`)
        const found = take('event', position, name)
        if (!found) break
        const { type, revision, id } = found.event
        if (!found.may) wrong.push(`${name} is shown, and is not to be seen`)
        if (type !== event.__typename || revision !== event.revision)
          wrong.push(`${name} is told where ${type} ${revision} is`)
        if ((type === 'MessageSent' || type === 'DMSent') && event.message && event.message.id !== `message_${id}`)
          wrong.push(`${name} is told of another message`)
      }
    }
  }
  for (const { name, kind, seen, must, event } of due.values()) {
    const wanted = kind !== 'event' || detail === 'EVERYTHING' || (must && messageTypes.has(event.type))
    if (wanted && seen === 0) wrong.push(`${name} is missing`)
  }
  for (const { stream, position, data } of log) {
    if (!stream.startsWith(`read-${options.viewer.replace('user_', '')}-`) || position <= start) continue
    // Of a read marker only the newest stays in the log.
    if (markers.get(position) !== data.number) wrong.push(`${stream} at ${position} is missing`)
  }
  return wrong
}

/** Of what comes at one position. */
const rank = (type: string): number => (type === 'ConversationAdded' ? 0 : type === 'ConversationRemoved' ? 2 : 1)

function dueTo({ log, viewer, start }: Options): Map<string, Due> {
  const due = new Map<string, Due>()
  const sights = sightsOf(log, viewer)
  const member = new Set<string>()
  for (const event of log) {
    const { stream, type, data, position, revision } = event
    const add = (kind: Due['kind'], may = true, must = true) => {
      if (position <= start) return
      const name = `${kind} ${type} ${stream} ${revision} at ${position}`
      due.set(`${kind} ${position}`, { name, kind, event, may, must, seen: 0 })
    }
    if (stream === streamOf(viewer).replace('user', 'invitations') && type === 'InvitationReceived') add('invitation')
    if (!stream.startsWith('room-') && !stream.startsWith('dm-')) continue
    const begins =
      (type === 'UserJoined' && data.userId === viewer) ||
      (type === 'DMOpened' && Array.isArray(data.members) && data.members.includes(viewer))
    if (begins && !member.has(stream)) {
      member.add(stream)
      add('added')
    }
    if (!member.has(stream)) continue
    // As it was right before the event, right after it, and whenever it may be read later.
    const all = (sights.get(stream) ?? []).slice(Math.max(0, revision - 1))
    const earliest = Number(data.subjectRevision ?? revision)
    const sees = ({ readable, from }: Sight) => readable && earliest >= from && !neverShown.has(type)
    add('event', all.some(sees), all.slice(revision === 0 ? 0 : 1).every(sees))
    if (!leaving.has(type) || data.userId !== viewer) continue
    member.delete(stream)
    add('removed')
  }
  return due
}

/** What the viewer sees of each conversation, by the revision after which. */
function sightsOf(log: readonly LoggedEvent[], viewer: string): Map<string, Sight[]> {
  const sights = new Map<string, Sight[]>()
  const rooms = new Map<string, { open: boolean; since: boolean; banned: boolean; joined: number | undefined }>()
  for (const { stream, type, data, revision } of log) {
    if (!stream.startsWith('room-') && !stream.startsWith('dm-')) continue
    const room = rooms.get(stream) ?? { open: false, since: false, banned: false, joined: undefined }
    rooms.set(stream, room)
    if (type === 'RoomCreated') {
      room.open = data.visibility === 'PUBLIC'
      room.since = data.historyVisibility === 'SINCE_JOINED'
    }
    if (type === 'DMOpened' && Array.isArray(data.members) && data.members.includes(viewer)) room.joined = 0
    if (data.userId === viewer) {
      if (type === 'UserJoined') room.joined = revision
      if (leaving.has(type)) room.joined = undefined
      if (type === 'MemberBanned') room.banned = true
      if (type === 'MemberUnbanned') room.banned = false
    }
    const sight = {
      readable: !room.banned && (room.open || room.joined !== undefined),
      from: room.since ? (room.joined ?? Number.POSITIVE_INFINITY) : 0,
    }
    const before = sights.get(stream)
    if (before) before.push(sight)
    else sights.set(stream, [sight])
  }
  return sights
}
