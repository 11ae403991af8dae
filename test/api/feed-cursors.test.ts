// Where a feed begins: now, after a cursor, or anew because the log is another one.

import { cp, rm } from 'node:fs/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ApiClient, createRoom, registered, send } from '../support/client.ts'
import {
  type FeedConnection,
  followOverEventStream,
  followOverSocket,
  type SeenEvent,
  type SeenFrame,
} from '../support/feedReader.ts'
import { appendMessages, appendUnknown, damageEvent } from '../support/roomLog.ts'
import { newFolder, startTestServer, storesInFolder, type TestServer } from '../support/testServer.ts'

let folder = ''
let server: TestServer
let ada: ApiClient & { readonly userId: string }
let roomId = ''
const open: FeedConnection[] = []

beforeEach(async () => {
  folder = await newFolder()
  server = await startTestServer({ folder })
  ada = await registered(server.graphql, 'ada')
  roomId = (await createRoom(ada, 'Tea')).id
})
afterEach(async () => {
  for (const connection of open.splice(0)) connection.drop()
  await server[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

const restart = async (): Promise<void> => {
  server = await startTestServer({ folder })
}

const transports = [
  ['a WebSocket', followOverSocket],
  ['server-sent events', followOverEventStream],
] as const

/** Frames until the condition holds. @throws with the codes where the feed ends before */
async function frames(
  follow: (typeof transports)[number][1],
  after: string | undefined,
  enough: (frames: readonly SeenFrame[]) => boolean = (seen) => seen.some(({ caughtUp }) => caughtUp),
): Promise<readonly SeenFrame[]> {
  const seen: SeenFrame[] = []
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const connection = follow({ graphql: server.graphql, token: ada.token, conversationId: roomId, after }, (frame) => {
    seen.push(frame)
    if (enough(seen)) resolve()
  })
  open.push(connection)
  void connection.ended.then(({ errors }) => reject(new Error(errors.join())))
  await promise
  return seen
}

const eventsOf = (seen: readonly SeenFrame[]): readonly SeenEvent[] => seen.flatMap(({ events }) => events)

/** The cursor of the event with this revision. */
async function cursorAt(revision: number): Promise<string> {
  const { room } = await new ApiClient(server.graphql, ada.token).query(
    'query ($id: ID) { room(id: $id) { events(first: 100) { events { revision cursor } } } }',
    { id: roomId },
  )
  return room.events.events.find((event: SeenEvent) => event.revision === revision).cursor
}

test.each(transports)(
  'RESUME: over %s a feed without a cursor begins now, and its first frame says so',
  async (_, follow) => {
    await send(ada, roomId, 'before')
    let first: readonly SeenFrame[] = []
    const following = frames(follow, undefined, (seen) => {
      first = seen
      return seen.length > 1
    })
    while (first.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    expect(first).toMatchObject([{ caughtUp: true, events: [], reset: null }])
    await send(ada, roomId, 'after')
    expect(eventsOf(await following)).toMatchObject([{ __typename: 'MessageSent', revision: 3 }])
  },
)

test.each(transports)(
  'RESUME: over %s a replay of 2,000 events takes few frames, and its end is said once',
  async (_, follow) => {
    const after = await cursorAt(1)
    await server[Symbol.asyncDispose]()
    const texts = Array.from({ length: 2_000 }, (__, index) => `message ${index}`)
    await appendMessages(folder, { roomId, actor: ada.userId, from: 1, texts })
    await restart()
    const seen = await frames(follow, after)
    expect(seen.map(({ caughtUp }) => caughtUp)).toEqual(seen.map((__, index) => index === seen.length - 1))
    expect(seen.length).toBeLessThanOrEqual(10)
    expect(eventsOf(seen).map(({ revision }) => revision)).toEqual(texts.map((__, index) => index + 2))
  },
)

test.each(transports)('over %s a cursor that is cut, altered or of another feed is BAD_INPUT', async (_, follow) => {
  const cursor = await cursorAt(1)
  const other = await createRoom(ada, 'Coffee')
  const { room } = await ada.query('query ($id: ID) { room(id: $id) { feedCursor } }', { id: other.id })
  const middle = cursor[20] === 'A' ? 'B' : 'A'
  const altered = cursor.slice(0, 20) + middle + cursor.slice(21)
  for (const bad of [cursor.slice(0, -4), altered, `${cursor}AAAA`, '', 'tea', room.feedCursor])
    await expect(frames(follow, bad), bad).rejects.toThrow('BAD_INPUT')
})

test.runIf(storesInFolder()).each(transports)(
  'RESUME: over %s a cursor of a log that was replaced is answered with a reset, and the feed goes on',
  async (_, follow) => {
    const shared = await cursorAt(1)
    await server[Symbol.asyncDispose]()
    const backup = `${folder}-backup`
    await cp(folder, backup, { recursive: true })
    await restart()
    const again = new ApiClient(server.graphql, ada.token)
    for (const text of ['one', 'two', 'three']) await send(again, roomId, text)
    const [lost, beyond] = [await cursorAt(2), await cursorAt(4)]
    await server[Symbol.asyncDispose]()
    await rm(folder, { recursive: true })
    await cp(backup, folder, { recursive: true })
    await rm(backup, { recursive: true })
    await restart()
    const restored = new ApiClient(server.graphql, ada.token)

    // Of a revision beyond the end, and then of one where another event stands.
    expect(await frames(follow, beyond)).toMatchObject([
      { caughtUp: true, events: [], reset: { reason: 'LOG_REPLACED' } },
    ])
    await send(restored, roomId, 'another')
    const [first] = await frames(follow, lost)
    expect(first).toMatchObject({ caughtUp: true, events: [], reset: { reason: 'LOG_REPLACED' } })
    const going = frames(follow, first?.cursor, (seen) => eventsOf(seen).length > 0)
    await send(restored, roomId, 'and one more')
    const gone = await going
    expect(gone.map(({ reset }) => reset)).toEqual(gone.map(() => null))
    expect(eventsOf(gone).map(({ revision }) => revision)).toEqual([3])
    // What both logs hold is no reason to begin anew.
    const known = await frames(follow, shared)
    expect(known.map(({ reset }) => reset)).toEqual(known.map(() => null))
    expect(eventsOf(known).map(({ revision }) => revision)).toEqual([2, 3])
  },
)

test.runIf(storesInFolder()).each(transports)(
  'RESUME: over %s what cannot be shown is said to be skipped',
  async (_, follow) => {
    for (const text of ['one', 'two']) await send(ada, roomId, text)
    const after = await cursorAt(1)
    await server[Symbol.asyncDispose]()
    damageEvent(folder, roomId, 3)
    await appendUnknown(folder, { roomId, actor: ada.userId })
    await restart()
    await send(new ApiClient(server.graphql, ada.token), roomId, 'three')
    const events = eventsOf(await frames(follow, after))
    expect(events).toMatchObject([
      { __typename: 'MessageSent', revision: 2 },
      { __typename: 'EventsSkipped', revision: 3, throughRevision: 4 },
      { __typename: 'MessageSent', revision: 5 },
    ])
    const resumed = await frames(follow, events[1]?.cursor)
    expect(eventsOf(resumed)).toMatchObject([{ __typename: 'MessageSent', revision: 5 }])
  },
)
