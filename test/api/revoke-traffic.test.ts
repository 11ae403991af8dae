// The end of access under traffic: nothing that happened after it is received, what happened before it is, and once access is
// given again all of it is there.

import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { roomId, type SessionId, type UserId } from '../../src/domain/ids.ts'
import { conversationStream, sessionStream, userStream } from '../../src/domain/streams.ts'
import type { RecordedEvent } from '../../src/eventstore/port.ts'
import { ApiClient, type Data, guest, registered, send } from '../support/client.ts'
import { type LiveReader, type LiveTransport, liveTransports, readLive } from '../support/liveReader.ts'
import { mutate } from '../support/mutate.ts'
import { type OpenServer, plantBan, plantSession, plantUnban, startOpenServer } from '../support/openServer.ts'
import { chosenSeed, Random } from '../support/random.ts'
import { marksIn, startTraffic, type Traffic, Witness } from '../support/traffic.ts'
import { type Received, sendBy, transports } from '../support/transports.ts'

const seed = chosenSeed()
const timings = 3

let server: OpenServer
let witness: Witness
let ada: ApiClient
beforeAll(async () => {
  server = await startOpenServer()
  witness = new Witness(server.store, await server.store.end())
  ada = await registered(server.graphql, 'ada')
})
afterAll(async () => {
  witness[Symbol.dispose]()
  await server[Symbol.asyncDispose]()
})

interface Viewer {
  readonly userId: string
  /** Of the session that they follow with. */
  token: string
  session: SessionId
}

interface Scene {
  readonly room: string
  readonly viewer: Viewer
}

interface Ending {
  readonly of: 'room' | 'session'
  readonly visibility: 'PUBLIC' | 'PRIVATE'
  /** Whether the viewer is a member. */
  readonly member: boolean
  /** How long the session lasts, in ms; a day where it is left out. */
  readonly lastsMs?: number
  /** @returns the position of the event that ends it, or the time (RFC 3339) */
  readonly ends: (scene: Scene) => Promise<{ readonly position?: string; readonly time?: string }>
  readonly regains: (scene: Scene) => Promise<unknown>
}

const asViewer = ({ token }: Viewer) => new ApiClient(server.graphql, token)

async function letIn({ room, viewer }: Scene): Promise<void> {
  await mutate(ada, 'inviteToRoom', { roomId: room, userIds: [viewer.userId] })
  expect(await mutate(asViewer(viewer), 'joinRoom', { roomId: room })).toMatchObject({ __typename: 'JoinRoomPayload' })
}

async function signInAgain({ viewer }: Scene): Promise<void> {
  const { id, token } = await plantSession(server, viewer.userId)
  viewer.token = token
  viewer.session = id
}

// Ids that the API gave are what their prefix says.
const accountStream = ({ userId }: Viewer) => userStream(userId as UserId)

const privateRoom = { of: 'room', visibility: 'PRIVATE', member: true } as const
const inSession = { of: 'session', visibility: 'PUBLIC', member: true, regains: signInAgain } as const
const logoutFields = '{ ... on LogoutPayload { position } }'

const endings: Readonly<Record<string, Ending>> = {
  'removal from a private room': {
    ...privateRoom,
    ends: ({ room, viewer }) => mutate(ada, 'removeMember', { roomId: room, userId: viewer.userId }),
    regains: letIn,
  },
  'leaving a private room': {
    ...privateRoom,
    ends: ({ room, viewer }) => mutate(asViewer(viewer), 'leaveRoom', { roomId: room }),
    regains: letIn,
  },
  'a ban from a private room': {
    ...privateRoom,
    ends: ({ room, viewer }) => plantBan(server, room, viewer.userId, true),
    regains: async (scene) => {
      await plantUnban(server, scene.room, scene.viewer.userId)
      // What another node has appended is noticed by the next append.
      await send(ada, scene.room, 'come back')
      await letIn(scene)
    },
  },
  'a ban from a public room': {
    of: 'room',
    visibility: 'PUBLIC',
    member: true,
    ends: ({ room, viewer }) => plantBan(server, room, viewer.userId, true),
    regains: ({ room, viewer }) => plantUnban(server, room, viewer.userId),
  },
  'a room made private': {
    of: 'room',
    visibility: 'PUBLIC',
    member: false,
    ends: ({ room }) => mutate(ada, 'updateRoom', { roomId: room, visibility: 'PRIVATE' }),
    regains: ({ room }) => mutate(ada, 'updateRoom', { roomId: room, visibility: 'PUBLIC' }),
  },
  'a logout': {
    ...inSession,
    ends: ({ viewer }) => asViewer(viewer).command(`mutation { logout ${logoutFields} }`),
  },
  'a logout everywhere': {
    ...inSession,
    ends: ({ viewer }) => asViewer(viewer).command(`mutation { logoutEverywhere ${logoutFields} }`),
  },
  'an end put to the session by another one': {
    ...inSession,
    ends: async ({ viewer }) => {
      const other = await plantSession(server, viewer.userId)
      return await new ApiClient(server.graphql, other.token).command(
        `mutation ($input: EndSessionInput!) { endSession(input: $input) ${logoutFields} }`,
        { input: { sessionId: viewer.session } },
      )
    },
  },
  'a changed password': {
    ...inSession,
    ends: ({ viewer }) =>
      server.plant(accountStream(viewer), {
        type: 'PasswordChanged',
        data: { forgets: [] },
        body: { passwordHash: '$argon2id$another' },
      }),
  },
  'a disabled account': {
    ...inSession,
    ends: ({ viewer }) => server.plant(accountStream(viewer), { type: 'UserDisabled', data: {} }),
    regains: async (scene) => {
      await server.plant(accountStream(scene.viewer), { type: 'UserEnabled', data: {} })
      await signInAgain(scene)
    },
  },
  'a session whose time is over': {
    ...inSession,
    lastsMs: 4_000,
    ends: async ({ viewer }) => {
      const [started] = witness.of(sessionStream(viewer.session))
      const time = String(started?.data.expiresAt)
      await sleep(Date.parse(time) - Date.now())
      return { time }
    },
  },
}

const feed = `subscription ($id: ID!, $after: FeedCursor) { conversationFeed(conversationId: $id, after: $after) { cursor caughtUp reset { reason }
  events { __typename revision conversation { ... on Room { topic } lastMessage { text } }
    ... on MessageSent { message { id text } } ... on MessageEdited { message { id text } } ... on MessageDeleted { message { id text } }
    ... on EventsSkipped { throughRevision } } } }`

const inbox = `subscription ($after: FeedCursor) { inboxFeed(after: $after, detail: EVERYTHING) { cursor caughtUp
  events { __typename ... on ConversationEvent { conversation { ... on Room { topic } lastMessage { text } } }
    ... on MessageSent { message { text } } ... on MessageEdited { message { text } } ... on ConversationRemoved { conversationId } } } }`

const everything = `query ($id: ID!, $seen: ID!, $cursor: FeedCursor) {
  conversation(id: $id) { ... on Room { topic } lastMessage { text } messages(last: 5) { nodes { text conversation { ... on Room { topic } } } }
    events(after: $cursor, first: 20) { events { __typename revision ... on MessageSent { message { text } } ... on MessageEdited { message { text } } conversation { ... on Room { topic } } } } }
  node(id: $seen) { ... on Message { text conversation { ... on Room { topic } } } }
  viewer { conversations { nodes { ... on Room { topic } lastMessage { text } } } } }`

/** Asks for everything again and again, by all transports, until told to stop. */
function startAsking({ room, viewer }: Scene, cursor: string, traffic: Traffic, random: Random) {
  const answers: Received[] = []
  let stopped = false
  const running = (async () => {
    while (!stopped) {
      const seen = random.pick(traffic.messages)
      const variables = { id: room, seen, cursor }
      answers.push(await sendBy(random.pick(transports), server, { query: everything, variables, token: viewer.token }))
    }
  })()
  const stop = async () => {
    stopped = true
    await running
    return answers
  }
  return { stop }
}

const follow = (transport: LiveTransport, { room, viewer }: Scene, after?: string): LiveReader =>
  readLive(transport, { graphql: server.graphql, token: viewer.token, query: feed, variables: { id: room, after } })

const followInbox = (transport: LiveTransport, { viewer }: Scene, after?: string): LiveReader =>
  readLive(transport, { graphql: server.graphql, token: viewer.token, query: inbox, variables: { after } })

const isRemoved = ({ events }: Data): boolean =>
  events.some(({ __typename }: Data) => __typename === 'ConversationRemoved')

/** The revisions that frames stand for, in their order. */
const revisionsIn = (frames: readonly Data[]): readonly number[] =>
  frames.flatMap(({ events }) =>
    events.flatMap(({ revision, throughRevision = revision }: Data) =>
      Array.from({ length: throughRevision - revision + 1 }, (_, index) => revision + index),
    ),
  )

const upTo = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, index) => first + index)

async function run(name: string, ending: Ending, number: number): Promise<void> {
  const random = new Random(seed + 1_000 * number + name.length)
  const label = `${name.replace(/\W/g, '')}-${number}`
  const { userId } = await guest(server.graphql, 'Bob')
  const { room: made } = await mutate(ada, 'createRoom', { name: label, visibility: ending.visibility }, 'room { id }')
  const session = await plantSession(server, userId, ending.lastsMs)
  const scene: Scene = { room: made.id, viewer: { userId, token: session.token, session: session.id } }
  if (ending.visibility === 'PRIVATE') await letIn(scene)
  else if (ending.member) await mutate(asViewer(scene.viewer), 'joinRoom', { roomId: made.id })
  const first = await send(ada, made.id, 'the first')
  const traffic = startTraffic(ada, made.id, random.fork(), label)
  const readers = liveTransports.map((transport) => follow(transport, scene))
  await Promise.all(readers.map((reader) => reader.until((frames) => frames.length > 1 && traffic.messages.length > 1)))
  const inboxes = liveTransports.map((transport) => followInbox(transport, scene))
  await Promise.all(inboxes.map((reader) => reader.until((frames) => frames.length > (ending.member ? 1 : 0))))
  const began = readers.map(({ frames }) => frames[0]?.cursor)
  const asking = startAsking(scene, began[0], traffic, random.fork())
  if (ending.lastsMs === undefined) await sleep(random.between(10, 120))

  const end = await ending.ends(scene)
  const stream = conversationStream(roomId(made.id.slice('room_'.length)))
  const isAfter = ({ position, metadata }: RecordedEvent): boolean =>
    end.position === undefined ? (metadata.occurredAt ?? '') > (end.time ?? '') : position > end.position

  // ── it ends, as it is to ──
  const ends = await Promise.all(readers.map((reader) => reader.ended))
  if (ending.of === 'room') expect(ends.map(({ how }) => how)).toEqual(['complete', 'complete'])
  else expect(await readers[0]?.closed).toBe(4403)
  const refused = ending.of === 'room' ? 'NOT_FOUND' : 'UNAUTHENTICATED'
  if (end.time === undefined && ending.of === 'session') expect(ends[1]).toEqual({ how: 'error', codes: [refused] })
  if (ending.of === 'session') await Promise.all(inboxes.map((reader) => reader.ended))
  else if (ending.member) await Promise.all(inboxes.map((reader) => reader.until((frames) => frames.some(isRemoved))))
  await sleep(random.between(10, 80))

  // ── nothing can be got any more, by resuming or by asking ──
  const [older] = traffic.messages
  const newer = traffic.messages.at(-1)
  const again = liveTransports.map((transport, index) => follow(transport, scene, began[index]))
  const refusals = await Promise.all(again.map((reader) => reader.ended))
  expect(refusals[1]?.codes).toEqual([refused])
  if (ending.of === 'room') expect(refusals[0]?.codes).toEqual([refused])
  else expect(await again[0]?.closed).toBe(4403)
  if (ending.of === 'room')
    for (const [index, transport] of liveTransports.entries()) {
      const reader = followInbox(transport, scene, inboxes[index]?.frames[0]?.cursor)
      await reader.until((frames) => frames.some(({ caughtUp }) => caughtUp))
      inboxes.push(reader)
    }
  for (const seen of [first.message.id, older, newer]) {
    const variables = { id: made.id, seen, cursor: began[0] }
    const { data, code } = await sendBy('POST', server, { query: everything, variables, token: scene.viewer.token })
    if (ending.of === 'session') expect(code).toBe('UNAUTHENTICATED')
    else expect([data?.node, data?.conversation]).toEqual([null, null])
  }
  const answers = await asking.stop()
  await traffic.stop()

  // ── nothing that came holds anything that stands after the end ──
  for (const reader of inboxes) reader.drop()
  const frames = [...readers, ...inboxes].flatMap((reader) => reader.frames)
  const late = marksIn([frames, again.map((reader) => reader.frames), answers]).filter((found) =>
    isAfter(witness.wrote(found)),
  )
  expect(late).toEqual([])
  expect(marksIn(readers.map((reader) => reader.frames)).length).toBeGreaterThan(0)
  const log = witness.of(stream)
  const lastBefore = log.findLast((event) => !isAfter(event))?.revision ?? -1
  expect(lastBefore).toBeLessThan(log.length - 1)
  for (const reader of readers) {
    const got = revisionsIn(reader.frames)
    const start = got[0] ?? 0
    // A room's end is told, and everything before it; a session's takes along what was on its way.
    expect(got).toEqual(upTo(start, ending.of === 'room' ? lastBefore : (got.at(-1) ?? start)))
    expect(got.at(-1)).toBeLessThanOrEqual(lastBefore)
  }

  // ── and once access is given again, everything is there ──
  await ending.regains(scene)
  for (const [index, transport] of liveTransports.entries()) {
    const before = readers[index]
    const reader = follow(transport, scene, before?.frames.at(-1)?.cursor)
    await reader.until((all) => all.some(({ caughtUp }) => caughtUp))
    reader.drop()
    const all = [...revisionsIn(before?.frames ?? []), ...revisionsIn(reader.frames)]
    expect(all).toEqual(upTo(all[0] ?? 0, all.at(-1) ?? 0))
    expect(all.at(-1)).toBeGreaterThanOrEqual(log.length - 1)
    expect(reader.frames.map(({ reset }) => reset).filter(Boolean)).toEqual([])
  }
  const shown = 'query ($seen: ID!) { node(id: $seen) { ... on Message { id text } } }'
  const [theirs, hers] = await Promise.all(
    [asViewer(scene.viewer), ada].map((client) => client.query(shown, { seen: newer })),
  )
  expect(theirs).toEqual(hers)
}

describe('REVOKE: nothing after it is received, until access is given again', () => {
  test.each(Object.entries(endings))('%s', async (name, ending) => {
    const runs = await Promise.allSettled(Array.from({ length: timings }, (_, number) => run(name, ending, number)))
    const failed = runs.find((one) => one.status === 'rejected')
    if (failed) throw new Error(`Again with SEED=${seed}`, { cause: failed.reason })
  })
})
