// Random rooms, in which people come and go, are removed and banned, and settings change: what feeds show, and what can be asked
// for, is the same for each of them at every pause, on every transport, and what the rules say. SEED replays a run;
// PARLEY_TEST_WORLDS makes it longer.

import { isDeepStrictEqual } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { roomId, type UserId } from '../../src/domain/ids.ts'
import { type Data, guest, registered } from '../support/client.ts'
import { liveTransports } from '../support/liveReader.ts'
import { mutate } from '../support/mutate.ts'
import { logOf, type OpenServer, plantBan, plantUnban, startOpenServer } from '../support/openServer.ts'
import { chosenSeed, Random } from '../support/random.ts'
import { readable } from '../support/readable.ts'
import { SeenBy } from '../support/seenBy.ts'
import { sendBy, transports } from '../support/transports.ts'
import {
  eventFields,
  eventsOf,
  feed,
  inboxFeed,
  messageFields,
  type Person,
  revisionsOf,
  upTo,
  Watching,
  type World,
} from '../support/watching.ts'

const seed = chosenSeed()
const worlds = Number(process.env.PARLEY_TEST_WORLDS ?? 3)
const pauses = 5
const stepsBetween = 14

let server: OpenServer
let ada: Person
beforeAll(async () => {
  server = await startOpenServer()
  ada = await registered(server.graphql, 'ada')
})
afterAll(() => server[Symbol.asyncDispose]())

// ── what happens ──

const steps: Readonly<Record<string, (world: World) => Promise<unknown>>> = {
  send: async ({ room, random, people, messages }) => {
    const author = random.pick([ada, ...people])
    const sent = await mutate(author, 'sendMessage', { conversationId: room, text: 'said' }, 'message { id revision }')
    if (sent.message) messages.push({ ...sent.message, author })
  },
  edit: async ({ random, messages }) => {
    if (messages.length === 0) return
    const { id, author } = random.pick(messages)
    await mutate(author, 'editMessage', { messageId: id, text: `edited ${random.between(1, 1_000_000)}` })
  },
  delete: async ({ random, messages }) => {
    if (messages.length > 0) await mutate(ada, 'deleteMessage', { messageId: random.pick(messages).id })
  },
  join: async ({ room, random, people }) => {
    const person = random.pick(people)
    await mutate(ada, 'inviteToRoom', { roomId: room, userIds: [person.userId] })
    await mutate(person, 'joinRoom', { roomId: room })
  },
  leave: ({ room, random, people }) => mutate(random.pick(people), 'leaveRoom', { roomId: room }),
  remove: ({ room, random, people }) =>
    mutate(ada, 'removeMember', { roomId: room, userId: random.pick(people).userId }),
  ban: ({ room, random, people }) => plantBan(server, room, random.pick(people).userId, true),
  unban: ({ room, random, people }) => plantUnban(server, room, random.pick(people).userId),
  toPublic: ({ room }) => mutate(ada, 'updateRoom', { roomId: room, visibility: 'PUBLIC', historyVisibility: 'ALL' }),
  toPrivate: ({ room, random }) =>
    mutate(ada, 'updateRoom', {
      roomId: room,
      visibility: 'PRIVATE',
      historyVisibility: random.pick(['ALL', 'SINCE_JOINED']),
    }),
  topic: ({ room, random }) =>
    mutate(ada, 'updateRoom', { roomId: room, topic: `topic ${random.between(1, 1_000_000)}` }),
}
const weights = {
  send: 12,
  edit: 8,
  delete: 2,
  join: 8,
  leave: 1,
  remove: 2,
  ban: 1,
  unban: 1,
  toPublic: 1,
  toPrivate: 2,
  topic: 1,
}

// ── what is seen of it ──

type Transport = (typeof transports)[number]

/** Asked by every transport: what comes is the same by all of them. */
async function byAll<T>(ask: (transport: Transport) => Promise<T>): Promise<T> {
  const [first, ...others] = await Promise.all(
    transports.map(async (transport) => ({ transport, shown: await ask(transport) })),
  )
  if (first === undefined) throw new Error('There is no transport.')
  for (const { transport, shown } of others)
    expect(shown, `by ${transport} as by ${first.transport}`).toEqual(first.shown)
  return first.shown
}

/** What can be asked for now, by id. */
async function shownById({ world: { messages, random }, person }: Watching): Promise<ReadonlyMap<string, Data>> {
  const token = person.token ?? ''
  const found = new Map<string, Data>()
  const many = `query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Message { ${messageFields} } } }`
  for (let first = 0; first < messages.length; first += 100) {
    const ids = messages.slice(first, first + 100).map(({ id }) => id)
    const nodes = await byAll(async (transport) => {
      const { data } = await sendBy(transport, server, { query: many, variables: { ids }, token })
      return data?.nodes as readonly (Data | null)[]
    })
    for (const node of nodes) if (node) found.set(node.id, node)
  }
  if (messages.length === 0) return found
  const { id } = random.pick(messages)
  const one = `query ($id: ID!) { node(id: $id) { ... on Message { ${messageFields} } } }`
  const node = await byAll(
    async (transport) => (await sendBy(transport, server, { query: one, variables: { id }, token })).data?.node,
  )
  expect(node, 'by itself').toEqual(found.get(id) ?? null)
  return found
}

/** The log, as they are shown it page by page. */
const pagedEvents = ({ world: { room }, person }: Watching): Promise<readonly Data[]> =>
  byAll(async (transport) => {
    const events: Data[] = []
    const query = `query ($id: ID!, $after: FeedCursor) { conversation(id: $id) { events(first: 40, after: $after) { cursor caughtUp events { ${eventFields} } } } }`
    for (let after: string | undefined, more = true; more; ) {
      const sent = { query, variables: { id: room, after }, token: person.token ?? '' }
      const { data } = await sendBy(transport, server, sent)
      const conversation = data?.conversation as Data | null
      if (!conversation) return []
      events.push(...conversation.events.events)
      after = conversation.events.cursor
      more = !conversation.events.caughtUp
    }
    return events
  })

/** What a feed shows from a cursor up to now: the same, event by event, over a socket and as an event stream. */
async function replayed(
  watching: Watching,
  query: string,
  variables: Readonly<Record<string, unknown>>,
): Promise<readonly Data[]> {
  const [first = [], ...others] = await Promise.all(
    liveTransports.map(async (transport) => {
      const again = watching.follow(query, variables, transport)
      await again.until((frames) => frames.some(({ caughtUp }) => caughtUp))
      again.drop()
      // What is skipped may be cut into other ranges another time.
      return eventsOf(again.frames).flatMap((event) =>
        event.__typename === 'EventsSkipped'
          ? revisionsOf([event]).map((revision) => ({ ...event, revision, throughRevision: revision }))
          : [event],
      )
    }),
  )
  for (const shown of others) expect(shown, 'as an event stream').toEqual(first)
  return first
}

/** Messages that were last shown otherwise than they can be asked for now, though their newest change was not kept from them. */
function strayed(
  { world: { messages } }: Watching,
  shown: readonly Data[],
  byId: ReadonlyMap<string, Data>,
  newestAbout: (sentRevision: number) => number,
  mayHaveMissed: (newest: number) => boolean,
): readonly unknown[] {
  const revisions = new Set(shown.map(({ revision }) => revision))
  const last = new Map(shown.flatMap(({ message }) => (message ? [[message.id, message]] : [])))
  return messages.flatMap(({ id, revision }) => {
    const [now, then] = [byId.get(id), last.get(id)]
    const newest = newestAbout(revision)
    if (!now || (!revisions.has(newest) && mayHaveMissed(newest))) return []
    return isDeepStrictEqual(now, then) ? [] : [{ now, then, newest }]
  })
}

async function compare(watching: Watching): Promise<void> {
  const { world, person, cursors } = watching
  const log = await logOf(server, world.room)
  const seen = new SeenBy(log, person.userId as UserId)
  await watching.catchUp(seen)
  await watching.catchUpInbox(seen)
  const byId = await shownById(watching)
  expect([...byId.keys()], 'by id').toEqual(
    world.messages.filter(({ revision }) => seen.sees(revision)).map(({ id }) => id),
  )

  /** Events that are shown as things are now. */
  const asNow = (events: readonly Data[], first: number) => {
    expect(revisionsOf(events)).toEqual(upTo(first, seen.head))
    const shown = events.filter(({ __typename }) => __typename !== 'EventsSkipped')
    const bans = new Set(log.filter(({ type }) => /Banned|Unbanned/.test(type)).map(({ revision }) => revision))
    expect(shown.filter(({ revision }) => !bans.has(revision)).map(({ revision }) => revision)).toEqual(
      upTo(first, seen.head).filter((revision) => !bans.has(revision) && seen.seesEvent(revision)),
    )
    for (const { message } of shown) if (message !== undefined) expect(message).toEqual(byId.get(message?.id))
  }
  if (seen.readable) {
    asNow(await pagedEvents(watching), 0)
    const from = world.random.pick(cursors)
    asNow(await replayed(watching, feed, { after: from.cursor }), from.revision + 1)
  } else {
    expect(await pagedEvents(watching)).toEqual([])
    const again = watching.follow(feed, { after: world.random.pick(cursors).cursor })
    expect((await again.ended).codes).toEqual(['NOT_FOUND'])
    again.drop()
  }

  // What came live: all of it in order, nothing that they could not see then, and each message last as it is now.
  expect(revisionsOf(watching.events)).toEqual(upTo(0, revisionsOf(watching.events).at(-1) ?? -1))
  const about = (revision: number) => seen.newestAbout(revision)
  const shownLive = watching.events.filter(({ __typename }) => __typename !== 'EventsSkipped')
  expect(shownLive.filter(({ revision }) => !seen.mayHaveSeenEvent(revision))).toEqual([])
  expect(
    strayed(watching, shownLive, byId, about, (newest) => seen.mayHaveMissedEvent(newest)),
    'live',
  ).toEqual([])

  // The same of the feed of everything, for as long as they have been in the room.
  const inboxShown = watching.inboxEvents.filter(({ __typename }) => __typename !== 'EventsSkipped')
  expect(inboxShown.filter(({ revision }) => !seen.mayHaveSeenEvent(revision))).toEqual([])
  const wasAway = (newest: number) => seen.mayHaveMissedEvent(newest) || !seen.memberSince(newest - 1)
  expect(strayed(watching, inboxShown, byId, about, wasAway), 'in the inbox').toEqual([])
  const after = world.random.pick(watching.inboxCursors)
  const detail = world.random.pick(['MESSAGES', 'EVERYTHING'])
  for (const { message } of await replayed(watching, inboxFeed, { after, detail })) {
    // Nothing of it is read for whoever has lost it.
    if (message === null) expect(seen.readable, 'not read').toBe(false)
    else if (message !== undefined && seen.readable) expect(message, `again, ${detail}`).toEqual(byId.get(message.id))
  }
}

async function newWorld(number: number): Promise<World> {
  const random = new Random(seed + number)
  const isPublic = random.chance(0.4)
  const { room } = await mutate(
    ada,
    'createRoom',
    {
      name: `World ${number}`,
      visibility: isPublic ? 'PUBLIC' : 'PRIVATE',
      historyVisibility: isPublic ? 'ALL' : random.pick(['ALL', 'SINCE_JOINED']),
    },
    'room { id }',
  )
  const people = await Promise.all(Array.from({ length: 4 }, () => guest(server.graphql)))
  return { random, room: roomId(room.id.slice('room_'.length)), people, messages: [] }
}

test.each(upTo(1, worlds))('SAME: world %i', async (number) => {
  try {
    const world = await newWorld(number)
    const watchings = world.people.map((person) => new Watching(world, person))
    await Promise.all(watchings.map((watching) => watching.ready()))
    for (let pause = 0; pause < pauses; pause++) {
      for (let step = 0; step < stepsBetween; step++) await steps[world.random.weighted(weights)]?.(world)
      await readable(server.graphql)
      for (const watching of watchings) await compare(watching)
    }
    for (const watching of watchings) watching.close()
  } catch (error) {
    throw new Error(`Again with SEED=${seed}: ${error instanceof Error ? error.message : error}`, { cause: error })
  }
})
