// Who is told of what: every type of event that a feed can deliver.

import type { GraphQLInterfaceType } from 'graphql'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { schema } from '../../schema/schema.ts'
import { directIdOf } from '../../src/domain/ids.ts'
import { conversationStream } from '../../src/domain/streams.ts'
import { beforeFirst, encodeCursor } from '../../src/live/cursor.ts'
import {
  by,
  dmOpened,
  dmSent,
  memberRoleChanged,
  memberUnbanned,
  messageDeleted,
  messageEdited,
  roomArchived,
  roomUnarchived,
  roomUpdated,
  userLeft,
} from '../fixtures/events.ts'
import { type Caller, callers, newPeople, newPlace, type People, type Place } from '../support/callers.ts'
import { type Data, guest } from '../support/client.ts'
import { follow } from '../support/following.ts'
import { type LiveReader, readLive } from '../support/liveReader.ts'
import { mutate } from '../support/mutate.ts'
import { type OpenServer, startOpenServer } from '../support/openServer.ts'

const signedIn = callers.filter((caller) => caller !== 'anonymous')
const inTheRoom: readonly Caller[] = ['member', 'moderator', 'owner']
const wereInIt: readonly Caller[] = [...inTheRoom, 'former member', 'banned']
const inTheDirect: readonly Caller[] = ['owner']

/** Of a private room, and of a direct conversation of its owner. */
const told: Readonly<Record<string, readonly Caller[]>> = {
  RoomCreated: inTheRoom,
  RoomUpdated: inTheRoom,
  RoomArchived: inTheRoom,
  RoomUnarchived: inTheRoom,
  UserJoined: inTheRoom,
  UserLeft: inTheRoom,
  UserInvited: inTheRoom,
  MemberRemoved: inTheRoom,
  MemberRoleChanged: inTheRoom,
  MessageSent: inTheRoom,
  MessageEdited: inTheRoom,
  MessageDeleted: inTheRoom,
  // Bans have no type of their own yet.
  EventsSkipped: inTheRoom,
  DMOpened: inTheDirect,
  DMSent: inTheDirect,
  ConversationAdded: wereInIt,
  ConversationRemoved: ['former member', 'banned'],
  InvitationReceived: ['invited'],
  ReadMarkerAdvanced: ['member'],
  UserConnected: signedIn,
  UserDisconnected: signedIn,
}

/** The types of an interface. */
const types = (name: string): readonly string[] => {
  // The schema has these interfaces.
  const type = schema.getType(name) as GraphQLInterfaceType
  return schema.getPossibleTypes(type).map((possible) => possible.name)
}

let server: OpenServer
let people: People
let place: Place
let direct: string
const inboxes = new Map<Caller, LiveReader>()
const servers = new Map<Caller, LiveReader>()

beforeAll(async () => {
  server = await startOpenServer({ presenceTimes: { graceMs: 50, awayAfterMs: 600_000 } })
  people = await newPeople(server)
  for (const caller of signedIn) {
    inboxes.set(caller, live(caller, 'subscription { inboxFeed(detail: EVERYTHING) { events { __typename } } }'))
    servers.set(caller, live(caller, 'subscription { serverFeed { events { __typename } } }'))
  }
  await Promise.all([...inboxes.values(), ...servers.values()].map((reader) => reader.until((all) => all.length > 0)))
  place = await newPlace(people, 'PRIVATE', 'owner')
  const { ids } = people
  await server.plant(
    conversationStream(place.room),
    by(ids.owner, messageEdited(place.own, 'two, again', { subjectRevision: 8 })),
    by(ids.owner, messageDeleted(place.own, { subjectRevision: 8 })),
    by(ids.owner, roomUpdated({ topic: 'Tea' })),
    by(ids.owner, roomArchived),
    by(ids.owner, roomUnarchived),
    by(ids.owner, memberRoleChanged(ids.other, 'MODERATOR')),
    by(ids.other, userLeft(ids.other)),
    by(ids.owner, memberUnbanned(ids.banned)),
  )
  const both = [ids.owner, ids.other] as const
  direct = directIdOf(both)
  await server.plant(conversationStream(directIdOf(both)), by(ids.owner, dmOpened(...both)), by(ids.other, dmSent(1)))
  await mutate(people.client('member'), 'markRead', { messageId: place.message })
  const comer = await guest(server.graphql)
  const coming = follow(comer, 'subscription { serverFeed { cursor } }')
  await coming.frame(0)
  await servers.get('owner')?.until((frames) => typesIn(frames).has('UserConnected'))
  await coming[Symbol.asyncDispose]()
})
afterAll(async () => {
  for (const reader of [...inboxes.values(), ...servers.values()]) reader.drop()
  await server[Symbol.asyncDispose]()
})

function live(caller: Caller, query: string, variables = {}): LiveReader {
  const { graphql, token } = people.client(caller)
  return readLive('SSE', { graphql, token, query, variables })
}

const typesIn = (frames: readonly Data[]): ReadonlySet<string> =>
  new Set(frames.flatMap(({ events }) => events.map(({ __typename }: Data) => __typename)))

/** Each of these types is got by those it is told, and by nobody else. */
async function expectTold(of: readonly string[], got: (caller: Caller) => Promise<ReadonlySet<string>>): Promise<void> {
  const found = await Promise.all(callers.map(async (caller) => [caller, await got(caller)] as const))
  for (const type of of)
    expect([type, found.filter(([, some]) => some.has(type)).map(([caller]) => caller)]).toEqual([
      type,
      callers.filter((caller) => told[type]?.includes(caller)),
    ])
}

describe('who is told of what', () => {
  const ofConversations = types('ConversationEvent')

  test('by the feed of a conversation', async () => {
    const feed = `subscription ($id: ID!, $after: FeedCursor) { conversationFeed(conversationId: $id, after: $after) { caughtUp events { __typename } } }`
    await expectTold(ofConversations, async (caller) => {
      const readers = [place.room, direct].map((id) => {
        // Ids of conversations.
        const after = encodeCursor(id as Place['room'], beforeFirst)
        return live(caller, feed, { id, after })
      })
      const caughtUp = (reader: LiveReader) => reader.until((all) => all.some(({ caughtUp: over }) => over))
      await Promise.all(readers.map((reader) => Promise.race([reader.ended, caughtUp(reader)])))
      for (const reader of readers) reader.drop()
      return typesIn(readers.flatMap(({ frames }) => frames))
    })
  })

  test('by its events', async () => {
    const query = 'query ($id: ID!) { conversation(id: $id) { events(first: 100) { events { __typename } } } }'
    await expectTold(ofConversations, async (caller) => {
      const headers = { 'parley-at-least': await server.store.end() }
      const answers = await Promise.all(
        [place.room, direct].map((id) => people.client(caller).post(query, { id }, { headers })),
      )
      return typesIn(answers.flatMap(({ body }) => body.data?.conversation?.events ?? []))
    })
  })

  test('by the feed of everything', async () => {
    const own = types('InboxEvent').filter((type) => !ofConversations.includes(type))
    for (const type of own)
      for (const caller of told[type] ?? []) await inboxes.get(caller)?.until((frames) => typesIn(frames).has(type))
    await expectTold(own, async (caller) => typesIn(inboxes.get(caller)?.frames ?? []))
  })

  test('by the feed of the server', async () => {
    const all = types('ServerEvent')
    for (const reader of servers.values())
      await reader.until((frames) => all.every((type) => typesIn(frames).has(type)))
    await expectTold(all, async (caller) => typesIn(servers.get(caller)?.frames ?? []))
  })

  test('every type of event has a row', () => {
    const all = [...new Set(['ConversationEvent', 'InboxEvent', 'ServerEvent'].flatMap(types))]
    expect(all.toSorted()).toEqual(Object.keys(told).toSorted())
  })
})
