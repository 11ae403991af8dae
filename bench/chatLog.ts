// A log as a server that is used for chat has it: people, rooms, mostly messages.

import { randomUUID } from 'node:crypto'
import type { DateTime, UserId } from '../src/domain/ids.ts'
import { metadataOf } from '../src/eventstore/decode.ts'
import type { EventStore, NewEvent } from '../src/eventstore/port.ts'

interface Size {
  readonly events: number
  readonly rooms: number
  readonly members: number
}

/** Events of one append: about what a busy conversation gathers while one append is under way. */
const batch = 50
const rooms = 32

/** Appends so many events to an empty log: 85 % messages, the rest edits, deletions, read markers, people who come and go. */
export async function fillWithChat(store: EventStore, size: Size): Promise<void> {
  const begin = Date.UTC(2026, 0, 1)
  let made = 0
  const make = (type: string, data: NewEvent['data'], actor: UserId, body?: NewEvent['body']): NewEvent => {
    made++
    const occurredAt = new Date(begin + made * 1_000).toISOString() as DateTime
    const id = randomUUID()
    return {
      id,
      type,
      data,
      ...(body && { body }),
      metadata: metadataOf({ actor, occurredAt, correlationId: id, causationId: id }),
    }
  }
  const people = Array.from({ length: size.members * 4 }, () => randomUUID())
  await inLanes(people, async (raw) => {
    const actor = `user_${raw}` as UserId
    const username = `name${raw.slice(0, 8)}`
    const body = { displayName: `Name ${raw.slice(0, 4)}`, passwordHash: 'x'.repeat(90) }
    await store.append(`user-${raw}`, [make('UserRegistered', { username, serverRole: 'MEMBER' }, actor, body)], 'none')
    await store.append(`username-${username}`, [make('UsernameClaimed', { userId: actor }, actor)], 'none')
  })
  const houses = Array.from({ length: size.rooms }, (_, index) => new House(index, people, size.members, make))
  await inLanes(houses, (house) => store.append(house.stream, house.open(), 'none'))
  let turn = 0
  while (made < size.events) {
    const some = Array.from({ length: rooms }, () => houses[turn++ % houses.length]).filter(
      (house) => house !== undefined,
    )
    await Promise.all(
      some.map(async (house) => {
        await store.append(house.stream, house.talk(batch), 'exists')
        const [stream, marker] = house.read()
        await store.append(stream, [marker], 'any')
      }),
    )
  }
}

type Make = (type: string, data: NewEvent['data'], actor: UserId, body?: NewEvent['body']) => NewEvent

class House {
  readonly stream: string
  readonly #id: string
  readonly #name: string
  readonly #members: readonly UserId[]
  readonly #make: Make
  /** Number and id of newer messages. */
  #newer: { readonly id: string; readonly author: UserId }[] = []
  #number = 0
  #step = 0

  constructor(index: number, people: readonly string[], members: number, make: Make) {
    const raw = randomUUID()
    this.stream = `room-${raw}`
    this.#id = `room_${raw}`
    this.#name = `Room ${index}`
    this.#make = make
    const offset = (index * 7) % people.length
    this.#members = Array.from(
      { length: members },
      (_, at) => `user_${people[(offset + at) % people.length]}` as UserId,
    )
  }

  open(): NewEvent[] {
    const data = { visibility: 'PUBLIC', historyVisibility: 'ALL', name: this.#name }
    const joins = this.#members.map((userId) =>
      this.#make('UserJoined', { userId, role: 'MEMBER', atNumber: 0 }, userId),
    )
    return [this.#make('RoomCreated', data, this.#member()), ...joins]
  }

  /** Of a hundred events: 87 messages, 6 edits, 3 deletions, 2 leave, 2 come. */
  talk(events: number): NewEvent[] {
    return Array.from({ length: events }, () => {
      const at = this.#step++ % 100
      const about = this.#newer.at(-1 - (this.#step % 200))
      if (at % 16 === 5 && about) {
        const data = { messageId: `message_${about.id}`, subjectRevision: 0 }
        return this.#make('MessageEdited', data, about.author, { text: text(this.#step) })
      }
      if (at % 33 === 9 && about) {
        const data = { messageId: `message_${about.id}`, subjectRevision: 0, forgets: [about.id], cause: 'AUTHOR' }
        return this.#make('MessageDeleted', data, about.author)
      }
      const userId = this.#member()
      if (at === 40 || at === 90) return this.#make('UserLeft', { userId }, userId)
      if (at === 41 || at === 91)
        return this.#make('UserJoined', { userId, role: 'MEMBER', atNumber: this.#number }, userId)
      this.#number += 1
      const body = { text: text(this.#step), contentHash: 'c'.repeat(43) }
      const message = this.#make(
        'MessageSent',
        { number: this.#number, clientMessageId: `k${this.#step}` },
        userId,
        body,
      )
      this.#newer.push({ id: message.id, author: userId })
      if (this.#newer.length > 400) this.#newer = this.#newer.slice(-200)
      return message
    })
  }

  read(): readonly [string, NewEvent] {
    const userId = this.#member()
    const data = { number: this.#number, messageId: `message_${this.#newer.at(-1)?.id}` }
    return [`read-${userId.slice('user_'.length)}-${this.#id}`, this.#make('ReadMarkerAdvanced', data, userId)]
  }

  #member(): UserId {
    const member = this.#members[(this.#step * 13) % this.#members.length]
    if (member === undefined) throw new RangeError('A room needs members.')
    return member
  }
}

/** 40 to 240 characters. */
const text = (step: number): string => `Message ${step}: ${'lorem ipsum dolor sit amet '.repeat(1 + (step % 8))}`

/** Sixteen at a time. */
async function inLanes<T>(all: readonly T[], work: (one: T) => Promise<unknown>): Promise<void> {
  for (let from = 0; from < all.length; from += 16) await Promise.all(all.slice(from, from + 16).map(work))
}
