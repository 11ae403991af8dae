// Feeds of more than one conversation, whose cursors come from a log that was replaced by an older copy.

import { cp, rm } from 'node:fs/promises'
import { afterEach, beforeEach, expect, test as plainTest } from 'vitest'
import { ApiClient, createRoom, registered, send } from '../support/client.ts'
import { type Following, follow } from '../support/following.ts'
import { InboxReader } from '../support/inboxReader.ts'
import { plantInServerStream } from '../support/serverStream.ts'
import { newFolder, startTestServer, storesInFolder, type TestServer } from '../support/testServer.ts'

/** A log is replaced by a copy of its folder. */
const test = plainTest.runIf(storesInFolder())

let folder = ''
let backup = ''
let server: TestServer
let token: string | undefined
let roomId = ''

beforeEach(async () => {
  folder = await newFolder()
  backup = `${folder}-backup`
  server = await startTestServer({ folder })
  const ada = await registered(server.graphql, 'ada')
  token = ada.token
  roomId = (await createRoom(ada, 'Tea')).id
})
afterEach(async () => {
  await server[Symbol.asyncDispose]()
  for (const path of [folder, backup]) await rm(path, { recursive: true, force: true })
})

const ada = (): ApiClient => new ApiClient(server.graphql, token)
const inboxCursor = async (): Promise<string> => (await ada().query('{ viewer { feedCursor } }')).viewer.feedCursor

/** Does something to the folder while no server uses it. */
async function between(work: () => Promise<unknown>): Promise<void> {
  await server[Symbol.asyncDispose]()
  await work()
  server = await startTestServer({ folder })
}
const copyAside = () => between(() => cp(folder, backup, { recursive: true }))
const restore = () =>
  between(async () => {
    await rm(folder, { recursive: true })
    await cp(backup, folder, { recursive: true })
  })

const replaced = { caughtUp: true, events: [], reset: { reason: 'LOG_REPLACED' } }

test('RESUME: a cursor of an inbox in a log that was replaced is answered with a reset, and the feed goes on', async () => {
  const shared = await inboxCursor()
  await copyAside()
  const newer: string[] = []
  {
    await using reader = new InboxReader(ada(), { after: shared })
    await reader.caughtUp()
    for (const text of ['one', 'two', 'three']) await send(ada(), roomId, text)
    await reader.until(({ told }) => told.includes('MessageSent three'))
    newer.push(...reader.events.map(({ cursor }) => cursor), await inboxCursor())
  }
  await restore()

  const first = async (after: string | undefined) => {
    await using reader = new InboxReader(ada(), { after })
    await reader.caughtUp()
    return reader.frames[0]
  }
  // Some lie beyond the end of this log, and then other events stand where they were.
  for (const cursor of newer) expect(await first(cursor)).toMatchObject(replaced)
  for (let more = 0; more < 10; more++) await send(ada(), roomId, `another ${more}`)
  for (const cursor of newer) expect(await first(cursor)).toMatchObject(replaced)

  await using going = new InboxReader(ada(), { after: (await first(newer[0]))?.cursor })
  await send(ada(), roomId, 'and one more')
  await going.until(({ told }) => told.length > 0)
  expect(going.told).toEqual(['MessageSent and one more'])
  expect(going.frames.map(({ reset }) => reset)).toEqual(going.frames.map(() => null))
  // What both logs hold is no reason to begin anew.
  await using known = new InboxReader(ada(), { after: shared })
  await known.until(({ told }) => told.length === 11)
  expect(known.frames.map(({ reset }) => reset)).toEqual(known.frames.map(() => null))
})

test('RESUME: a cursor of the server in a log that was replaced is answered with a reset, and the feed goes on', async () => {
  const following = (after?: string): Following =>
    follow(
      ada(),
      `subscription ($after: FeedCursor, $types: [String!]) { serverFeed(after: $after, types: $types) {
        cursor caughtUp reset { reason } events { __typename } } }`,
      // Whoever comes and goes meanwhile is not what this is about.
      { types: ['BroadcastSent'], ...(after !== undefined && { after }) },
    )
  const first = async (after?: string) => {
    await using followed = following(after)
    return await followed.frame(0)
  }
  await between(() => plantInServerStream(folder, 3))
  const { cursor: shared } = await first()
  await copyAside()
  await between(() => plantInServerStream(folder, 3))
  const { cursor: newer } = await first()
  await restore()
  expect(await first(newer)).toMatchObject({ ...replaced, cursor: shared })
  await between(() => plantInServerStream(folder, 5))
  const reset = await first(newer)
  expect(reset).toMatchObject(replaced)
  expect(await first(reset.cursor)).toMatchObject({ caughtUp: true, reset: null, cursor: reset.cursor })
  await using known = following(shared)
  expect(await known.until(({ caughtUp }) => caughtUp)).toMatchObject({ reset: null, cursor: reset.cursor })
})
