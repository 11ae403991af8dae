// One person in a room in which things happen: their feeds of it, as they go on from pause to pause.

import type { ConversationId } from '../../src/domain/ids.ts'
import { beforeFirst, encodeCursor } from '../../src/live/cursor.ts'
import type { ApiClient, Data } from './client.ts'
import { type LiveReader, type LiveTransport, liveTransports, readLive } from './liveReader.ts'
import type { Random } from './random.ts'
import type { SeenBy } from './seenBy.ts'

export type Person = ApiClient & { readonly userId: string }

export interface SentMessage {
  readonly id: string
  readonly revision: number
  readonly author: Person
}

export interface World {
  readonly random: Random
  readonly room: string
  readonly people: readonly Person[]
  readonly messages: SentMessage[]
}

export const messageFields = 'id text editedAt deletedAt'
export const eventFields = `__typename revision ... on MessageSent { message { ${messageFields} } }
  ... on MessageEdited { message { ${messageFields} } } ... on MessageDeleted { message { ${messageFields} } }
  ... on EventsSkipped { throughRevision }`
export const feed = `subscription ($id: ID!, $after: FeedCursor) { conversationFeed(conversationId: $id, after: $after) {
  cursor caughtUp events { ${eventFields} } } }`
export const inboxFeed = `subscription ($after: FeedCursor, $detail: InboxDetail!) { inboxFeed(after: $after, detail: $detail) {
  cursor caughtUp events { __typename ... on ConversationEvent { conversation { id } } ${eventFields.replace('revision', '... on ConversationEvent { revision }')} } } }`

export const eventsOf = (frames: readonly Data[]): readonly Data[] => frames.flatMap(({ events }) => events)

export const revisionsOf = (events: readonly Data[]): readonly number[] =>
  events.flatMap(({ revision, throughRevision = revision }) =>
    Array.from({ length: throughRevision - revision + 1 }, (_, index) => revision + index),
  )

export const upTo = (first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index)

/** One person's feeds of a room, as they go on from pause to pause. */
export class Watching {
  readonly world: World
  readonly person: Person
  /** All that came live. */
  readonly events: Data[] = []
  readonly inboxEvents: Data[] = []
  /** Cursors of the feed with their revisions. */
  readonly cursors: { readonly cursor: string; readonly revision: number }[]
  readonly inboxCursors: string[] = []
  readonly #inbox: LiveReader
  #inboxTaken = 0
  #reader: LiveReader | undefined
  #taken = 0

  constructor(world: World, person: Person) {
    this.world = world
    this.person = person
    const start = encodeCursor(world.room as ConversationId, beforeFirst)
    this.cursors = [{ cursor: start, revision: -1 }]
    this.#inbox = this.follow(inboxFeed, { detail: 'EVERYTHING' })
  }

  follow(
    query: string,
    variables: Readonly<Record<string, unknown>>,
    transport: LiveTransport = this.world.random.pick(liveTransports),
  ): LiveReader {
    const { room } = this.world
    const { graphql, token } = this.person
    return readLive(transport, { graphql, token, query, variables: { id: room, ...variables } })
  }

  async ready(): Promise<void> {
    await this.#inbox.until((frames) => frames.length > 0)
  }

  /** Takes what has come, and goes on where access was lost and has come back. */
  async catchUp(seen: SeenBy): Promise<void> {
    for (;;) {
      const reader = this.#reader
      if (reader) {
        const isThere = (frames: readonly Data[]) => (revisionsOf(eventsOf(frames)).at(-1) ?? this.#last()) >= seen.head
        const how = await Promise.race([reader.until(isThere).then(() => 'there' as const), reader.ended])
        this.#take(reader)
        if (how === 'there') return
        reader.drop()
        this.#reader = undefined
      }
      if (!seen.readable) return
      this.#taken = 0
      this.#reader = this.follow(feed, { after: this.cursors.at(-1)?.cursor })
    }
  }

  async catchUpInbox(seen: SeenBy): Promise<void> {
    // Whoever is in the room is told of its newest event.
    if (seen.memberSince(seen.head))
      await this.#inbox.until((frames) => (revisionsOf(this.#ofRoom(frames)).at(-1) ?? -1) >= seen.head)
    const frames = this.#inbox.frames.slice(this.#inboxTaken)
    this.#inboxTaken += frames.length
    this.inboxEvents.push(...this.#ofRoom(frames))
    this.inboxCursors.push(...frames.map(({ cursor }) => cursor))
  }

  /** Nobody is in another room. */
  #ofRoom(frames: readonly Data[]): readonly Data[] {
    return eventsOf(frames).filter(({ revision }) => revision !== undefined)
  }

  #last(): number {
    return this.cursors.at(-1)?.revision ?? -1
  }

  #take(reader: LiveReader): void {
    for (const frame of reader.frames.slice(this.#taken)) {
      this.events.push(...frame.events)
      const revision = revisionsOf(frame.events).at(-1)
      if (revision !== undefined) this.cursors.push({ cursor: frame.cursor, revision })
    }
    this.#taken = reader.frames.length
  }

  close(): void {
    this.#reader?.drop()
    this.#inbox.drop()
  }
}
