// Plays one log into one room, from where an earlier run stopped.

import { type Api, refusalFields } from './api.ts'
import { nickKey } from './nicks.ts'
import { type People, rename } from './people.ts'
import type { MessageStep, Plan, Step } from './plan.ts'
import { described, eventsBefore, type RoomEvent, type RoomStep, roomStepsOf } from './roomLog.ts'

export interface Room {
  readonly id: string
  readonly slug: string
  /** Where the log stood when it was made or found. */
  readonly position: string
}

const roomDocument = `mutation ($input: CreateRoomInput!) {
  createRoom(input: $input) { ${refusalFields} ... on CreateRoomPayload { position room { id slug } } }
}`
const joinDocument = `mutation ($input: JoinRoomInput!) {
  joinRoom(input: $input) { ${refusalFields} ... on JoinRoomPayload { position } }
}`
const leaveDocument = `mutation ($input: LeaveRoomInput!) {
  leaveRoom(input: $input) { ${refusalFields} ... on LeaveRoomPayload { position } }
}`
const sendDocument = `mutation ($input: SendMessageInput!) {
  sendMessage(input: $input) { ${refusalFields}
    ... on SendMessagePayload { position duplicate message { id author { displayName } } }
  }
}`

interface Sent {
  readonly position: string
  readonly duplicate: boolean
  readonly message: { readonly id: string; readonly author: { readonly displayName: string } | null }
}

/** The room of a log: made once, found again ever after by its slug, which is the key of making it too. */
export async function roomFor(
  host: Api,
  { name, slug }: { readonly name: string; readonly slug: string },
): Promise<Room> {
  const { position, room } = await host.command<{
    readonly position: string
    readonly room: Pick<Room, 'id' | 'slug'>
  }>(roomDocument, { name, slug, idempotencyKey: slug })
  return { ...room, position }
}

/**
 * How many of the plan's room steps the room's log holds.
 *
 * @throws where the log holds anything else: the room is not this replay's alone, or the file has changed
 */
export function stepsDone(expected: readonly string[], log: readonly RoomEvent[]): number {
  for (const event of log)
    if (described(event) !== expected[event.revision])
      throw new Error(
        `Revision ${event.revision} of the room is "${described(event)}", but the file makes it "${expected[event.revision] ?? 'none'}". ` +
          'The room was used for something else, or the file has changed: choose another --room.',
      )
  return log.length - eventsBefore
}

/** Where a replay goes on. */
export interface Standing {
  readonly done: readonly Step[]
  readonly rest: readonly Step[]
}

/** Cuts a plan after the steps whose events the room holds. */
export function standingOf(plan: Plan, done: number): Standing {
  const last: RoomStep | undefined = roomStepsOf(plan)[done - 1]
  const cut = last === undefined ? 0 : plan.steps.indexOf(last) + 1
  return { done: plan.steps.slice(0, cut), rest: plan.steps.slice(cut) }
}

/** Who must be signed in to go on: who has something left to do, and who can show that a message is sent once only. */
export function peopleNeeded({ done, rest }: Standing): ReadonlySet<string> {
  const acting = done.filter((step) => step.kind === 'message' || (step.kind === 'name' && isOtherName(step)))
  return new Set([...acting, ...rest].map(({ person }) => person))
}

const isOtherName = ({ person, nick }: { readonly person: string; readonly nick: string }): boolean =>
  nickKey(nick) !== person

export interface Applied {
  /** Of the last change; undefined where nothing had to be changed. */
  readonly position: string | undefined
  readonly differences: readonly string[]
}

/** Carries out the rest, one step after the other; then everybody goes back to the nick of their account. */
export async function apply(people: People, room: Room, plan: Plan, { done, rest }: Standing): Promise<Applied> {
  const differences: string[] = []
  let position: string | undefined
  const call = async (key: string, nick: string) => {
    position = (await rename(await people.get(key), nick)) ?? position
  }
  if (rest.some((step) => step.kind !== 'name')) {
    // What people are called where an interrupted run goes on.
    const names = new Map(done.flatMap((step) => (step.kind === 'name' ? [[step.person, step.nick]] : [])))
    const acting = new Set(rest.map(({ person }) => person))
    for (const [key, nick] of names) if (acting.has(key)) await call(key, nick)
    for (const step of rest) {
      if (step.kind === 'name') await call(step.person, step.nick)
      else if (step.kind === 'message') {
        const sent = await send(people, room, step)
        position = sent.position
        if (sent.duplicate) differences.push(`${step.clientMessageId} was there, and not in the log`)
        const nick = sent.message.author?.displayName
        if (nick !== step.nick) differences.push(`${step.clientMessageId} is by ${nick}, not ${step.nick}`)
      } else {
        const document = step.kind === 'join' ? joinDocument : leaveDocument
        const { api } = await people.get(step.person)
        position = (await api.command<{ position: string }>(document, { roomId: room.id })).position
      }
    }
  }
  // So the end is the same whichever files are replayed, in whichever order; in another file, case may differ.
  const renamed = new Set([...done, ...rest].flatMap((s) => (s.kind === 'name' && isOtherName(s) ? [s.person] : [])))
  for (const key of renamed)
    if (nickKey((await people.get(key)).displayName) !== key) await call(key, plan.people.get(key) ?? key)
  return { position, differences }
}

const send = async (people: People, room: Room, { person, text, clientMessageId }: MessageStep): Promise<Sent> =>
  (await people.get(person)).api.command<Sent>(sendDocument, { conversationId: room.id, text, clientMessageId })

/** How many messages are sent again at a time. */
const repeatsAtOnce = 8

/** Sends again what the room holds. Each must be answered with the message that is there. @returns what was not */
export async function repeat(
  people: People,
  room: Room,
  { done }: Standing,
  log: readonly RoomEvent[],
): Promise<{ readonly repeated: number; readonly differences: readonly string[] }> {
  const ids = new Map(log.flatMap(({ message }) => (message ? [[message.clientMessageId, message.id]] : [])))
  const messages = done.filter((step) => step.kind === 'message')
  const waiting = messages.values()
  const differences: string[] = []
  const workers = Array.from({ length: repeatsAtOnce }, async () => {
    for (const step of waiting) {
      const { duplicate, message } = await send(people, room, step)
      const id = ids.get(step.clientMessageId)
      if (!duplicate || message.id !== id)
        differences.push(`${step.clientMessageId} sent again is ${message.id} (duplicate: ${duplicate}), not ${id}`)
    }
  })
  await Promise.all(workers)
  return { repeated: messages.length, differences }
}
