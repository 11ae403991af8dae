// The events of a room: what the plan expects there, and what the server holds.

import type { Api } from './api.ts'
import { hostUsername, usernameOf } from './nicks.ts'
import type { Plan, Step } from './plan.ts'

/** One event as this program asks for it, in the log's pages and in feeds alike. */
export interface RoomEvent {
  readonly __typename: string
  readonly revision: number
  readonly cursor: string
  readonly actor: { readonly username: string } | null
  readonly throughRevision?: number
  readonly message?: {
    readonly id: string
    readonly clientMessageId: string | null
    readonly text: string | null
  } | null
}

export interface EventPage {
  readonly events: readonly RoomEvent[]
  readonly cursor: string
  readonly caughtUp: boolean
  readonly reset: { readonly reason: string } | null
}

export const pageFields = `cursor caughtUp reset { reason } events {
  __typename revision cursor actor { username }
  ... on EventsSkipped { throughRevision }
  ... on MessageSent { message { id clientMessageId text } }
}`

const logDocument = `query ($id: ID!, $after: FeedCursor, $first: Int) {
  conversation(id: $id) { events(after: $after, first: $first) { ${pageFields} } }
}`

const pageSize = 100

/** All events of a room, from revision 0. @param room.position what was written up to there is seen */
export async function readLog(
  api: Api,
  { id, position }: { readonly id: string; readonly position: string },
): Promise<readonly RoomEvent[]> {
  const events: RoomEvent[] = []
  for (let after: string | undefined; ; ) {
    const { conversation } = await api.query<{ conversation: { events: EventPage } | null }>(
      logDocument,
      { id, after, first: pageSize },
      position,
    )
    if (conversation === null) throw new Error(`There is no room ${id}.`)
    const page = conversation.events
    events.push(...page.events)
    if (page.caughtUp || page.events.length === 0) return events
    after = page.cursor
  }
}

/** A step that is one event of the room. */
export type RoomStep = Exclude<Step, { kind: 'name' }>

export const roomStepsOf = ({ steps }: Plan): readonly RoomStep[] => steps.filter((step) => step.kind !== 'name')

/** How many events a room has before the first step: that it was made, and that its maker joined. */
export const eventsBefore = 2

/** What each revision of a fully replayed room is. */
export function expectedEvents(plan: Plan): readonly string[] {
  const types = { join: 'UserJoined', leave: 'UserLeft', message: 'MessageSent' } as const
  const steps = roomStepsOf(plan).map((step) =>
    step.kind === 'message'
      ? words(types.message, usernameOf(step.person), step.clientMessageId, step.text)
      : words(types[step.kind], usernameOf(step.person)),
  )
  return [words('RoomCreated', hostUsername), words('UserJoined', hostUsername), ...steps]
}

/** An event as one line that can be compared and shown: type, who, and of a message its key and its text. */
export function described({ __typename, actor, message }: RoomEvent): string {
  const who = actor?.username ?? 'nobody'
  if (__typename !== 'MessageSent' || !message) return words(__typename, who)
  return words(__typename, who, message.clientMessageId ?? 'no key', message.text ?? 'no text')
}

const words = (...parts: readonly string[]): string => parts.join(' ')
