// A log of any length, full of what people do: rooms, people, sessions, messages that are edited and deleted. It follows from a seed.

import type { ParleyEvent } from '../../src/domain/events.ts'
import { type MessageId, messageId, type RoomId, roomId, sessionId, type UserId, userId } from '../../src/domain/ids.ts'
import {
  conversationStream,
  invitationsStream,
  presenceStream,
  readStream,
  sessionStream,
  slugStream,
  usernameStream,
  userStream,
} from '../../src/domain/streams.ts'
import type { EventStore } from '../../src/eventstore/port.ts'
import * as told from '../fixtures/events.ts'
import { clock } from '../fixtures/people.ts'
import { written } from './node.ts'
import type { Random } from './random.ts'

// What engines might change on its way: quotes, signs of query languages, characters above U+FFFF, right to left, composed and not.
const words = [
  'tea',
  "it's",
  '"quoted"',
  '$gt',
  'a.b',
  '👩‍🚀',
  '漢字',
  'שלום',
  'é',
  'e\u0301',
  '\u2028',
  '__proto__',
  '%20',
  '\\',
  '0',
  '',
]

interface Room {
  readonly id: RoomId
  readonly members: UserId[]
  readonly messages: { readonly id: MessageId; readonly revision: number }[]
  number: number
  revision: number
}

/** Events in one append, at most. */
const together = 60

export class RandomLog {
  readonly #store: EventStore
  readonly #random: Random
  readonly #people: UserId[] = []
  readonly #rooms: Room[] = []
  #events = 0

  constructor(store: EventStore, random: Random) {
    this.#store = store
    this.#random = random
  }

  /** Appends until there are this many events in all, or a few more. */
  async growTo(events: number): Promise<void> {
    while (this.#events < events) {
      const what = this.#random.weighted({
        arrive: this.#people.length < 5 ? 40 : 1,
        open: this.#people.length === 0 ? 0 : this.#rooms.length < 3 ? 20 : 0.2,
        talk: this.#rooms.length > 0 ? 30 : 0,
        mark: this.#rooms.length > 0 ? 10 : 0,
        invite: this.#rooms.length > 0 ? 1 : 0,
        show: this.#people.length > 0 ? 6 : 0,
      })
      await this.#do(what)
    }
  }

  async #do(what: 'arrive' | 'open' | 'talk' | 'mark' | 'invite' | 'show'): Promise<void> {
    if (what === 'arrive') return this.#arrive()
    const person = this.#random.pick(this.#people)
    if (what === 'open') return this.#open(person)
    if (what === 'show') {
      const nodes = this.#random.chance(0.5) ? {} : { here: [{ id: 'x', since: clock(this.#events), away: false }] }
      return this.#append(presenceStream(person), [told.presenceChanged({ nodes }, this.#text())])
    }
    const room = this.#random.pick(this.#rooms)
    if (what === 'talk') return this.#talk(room)
    if (what === 'invite')
      return this.#append(invitationsStream(person), [told.invitationReceived(this.#random.between(0, 9), room.id)])
    const message = room.messages.at(-1)
    if (message === undefined) return
    await this.#append(readStream(person, room.id), [told.readMarkerAdvanced(room.number, message.id)])
  }

  async #arrive(): Promise<void> {
    const person = userId(this.#uuid())
    const name = `person-${this.#people.length}`
    this.#people.push(person)
    await this.#append(usernameStream(name), [told.usernameClaimed(person)])
    await this.#append(userStream(person), [told.by(person, told.userRegistered(name)), told.passwordChanged()])
    const session = sessionId(this.#uuid())
    const ended = this.#random.chance(0.3) ? [told.sessionUsed, told.sessionEnded] : []
    await this.#append(sessionStream(session), [told.sessionStarted(person), ...ended])
  }

  async #open(owner: UserId): Promise<void> {
    const id = roomId(this.#uuid())
    const slug = `room-${this.#rooms.length}`
    this.#rooms.push({ id, members: [owner], messages: [], number: 0, revision: 1 })
    await this.#append(slugStream(slug), [told.slugClaimed(id)])
    const events = [told.roomCreated({ name: this.#text(), slug }), told.userJoined(owner, 'OWNER')]
    await this.#append(conversationStream(id), events, owner)
  }

  #talk(room: Room): Promise<void> {
    const events: (ParleyEvent & told.Told)[] = []
    for (let left = this.#random.between(1, together); left > 0; left--) {
      const event = this.#happens(room)
      if (event === undefined) continue
      events.push(event)
      room.revision += 1
    }
    return events.length === 0 ? Promise.resolve() : this.#append(conversationStream(room.id), events)
  }

  #happens(room: Room): (ParleyEvent & told.Told) | undefined {
    const actor = this.#random.pick(room.members)
    const about = this.#random.chance(0.1) ? this.#random.pick(this.#people) : undefined
    if (about !== undefined) return this.#memberChanges(room, about)
    const roll = this.#random.next()
    if (roll < 0.01) return told.roomUpdated({ topic: this.#text() })
    const old = room.messages.length > 0 ? this.#random.pick(room.messages.slice(-200)) : undefined
    if (old !== undefined && roll < 0.2) {
      const options = { subjectRevision: old.revision, mentions: this.#random.chance(0.2) ? [actor] : [] }
      return told.by(actor, told.messageEdited(old.id, this.#text(), options))
    }
    if (old !== undefined && roll < 0.25) {
      room.messages.splice(room.messages.indexOf(old), 1)
      return told.by(actor, told.messageDeleted(old.id, { subjectRevision: old.revision }))
    }
    const id = messageId(this.#uuid())
    room.messages.push({ id, revision: room.revision + 1 })
    room.number += 1
    const mentions = this.#random.chance(0.1) ? [this.#random.pick(room.members)] : []
    return told.by(actor, told.messageSent(room.number, this.#text(), { id, mentions }))
  }

  #memberChanges(room: Room, person: UserId): ParleyEvent & told.Told {
    const at = room.members.indexOf(person)
    if (at < 0) {
      room.members.push(person)
      return told.userJoined(person, 'MEMBER', room.number)
    }
    // The first one stays, so that there is always somebody.
    if (at === 0 || this.#random.chance(0.5))
      return told.memberRoleChanged(person, this.#random.pick(['MEMBER', 'MODERATOR']))
    room.members.splice(at, 1)
    return this.#random.chance(0.5) ? told.userLeft(person) : told.memberBanned(person, this.#text())
  }

  async #append(stream: string, events: readonly (ParleyEvent & told.Told)[], actor?: UserId): Promise<void> {
    const at = clock(this.#events)
    const someone = actor ?? this.#people[0]
    const stored = events.map((event) => {
      const by = event.actor ?? someone
      return written({ ...event, id: event.id ?? this.#uuid(), ...(by && { actor: by }), occurredAt: at })
    })
    await this.#store.append(stream, stored, 'any')
    this.#events += events.length
  }

  #text(): string {
    return Array.from({ length: this.#random.between(0, 12) }, () => this.#random.pick(words)).join(' ')
  }

  #uuid(): string {
    const hex = Array.from({ length: 32 }, () => this.#random.between(0, 15).toString(16)).join('')
    return [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20)].join(
      '-',
    )
  }
}
