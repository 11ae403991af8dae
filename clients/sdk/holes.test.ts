// A feed that leaves something out is found out by its revisions: what is missing is fetched, counted and told.

import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type ApiClient, createRoom, registered, send } from '../../test/support/client.ts'
import { chosenSeed, Random } from '../../test/support/random.ts'
import { startTestServer, type TestServer } from '../../test/support/testServer.ts'
import type { SignIn } from './client.ts'
import { FeedReader, hastyClient } from './followingForTests.ts'
import { lossyProxy } from './lossyProxyForTests.ts'

const patience = { timeout: 20_000 }

let server: TestServer
let ada: ApiClient & { readonly userId: string }
let asAda: SignIn
let room: { readonly id: string }
let rooms = 0
beforeAll(async () => {
  server = await startTestServer()
  ada = await registered(server.graphql, 'ada')
  asAda = { token: ada.token ?? '' }
})
beforeEach(async () => {
  room = await createRoom(ada, `Room ${rooms++}`)
})
afterAll(() => server[Symbol.asyncDispose]())

/** The texts that were sent, in order. */
async function sendSome(count: number): Promise<readonly string[]> {
  const texts = Array.from({ length: count }, (_, index) => `text ${index}`)
  for (const text of texts) await send(ada, room.id, text)
  return texts
}

test('what a feed leaves out is fetched from the log, counted and told, and shown in its place', async () => {
  // Of the messages, which begin at revision 2, it loses those with 4 to 6.
  await using proxy = await lossyProxy(server.graphql, (events) =>
    events.filter(({ revision = 0 }) => revision < 4 || revision > 6),
  )
  const { client, notices } = await hastyClient({ addresses: [proxy.url], signIn: asAda })
  const reader = new FeedReader(client.conversationFeed(room.id))
  await expect.poll(() => reader.caughtUp, patience).toBe(true)
  const sent = await sendSome(8)
  await expect.poll(() => reader.texts, patience).toEqual(sent)
  expect(reader.revisions).toEqual([2, 3, 4, 5, 6, 7, 8, 9])
  const hole = { name: 'HOLE_FILLED', conversationId: room.id, from: 4, through: 6, events: 3 }
  expect(notices.filter(({ name }) => name !== 'CONNECTED')).toEqual([hole])
  expect(client.count('HOLE_FILLED')).toBe(1)
  expect(proxy.asked.filter((query) => query.includes('query ConversationEvents'))).toHaveLength(1)
  client.close()
})

test('a hole is fetched page by page, however large it is', async () => {
  await using proxy = await lossyProxy(server.graphql, (events) =>
    events.filter(({ revision = 0 }) => revision < 4 || revision > 130),
  )
  const { client, notices } = await hastyClient({ addresses: [proxy.url], signIn: asAda })
  const reader = new FeedReader(client.conversationFeed(room.id))
  await expect.poll(() => reader.caughtUp, patience).toBe(true)
  const sent = await sendSome(130)
  await expect.poll(() => reader.texts.length, patience).toBe(130)
  expect(reader.texts).toEqual(sent)
  expect(notices).toContainEqual({ name: 'HOLE_FILLED', conversationId: room.id, from: 4, through: 130, events: 127 })
  client.close()
})

test('what cannot be had is told by its revisions, and the feed goes on', async () => {
  await using proxy = await lossyProxy(server.graphql, (events) => events.filter(({ revision }) => revision !== 4))
  const { client, notices } = await hastyClient({
    addresses: [proxy.url],
    signIn: asAda,
    fetch: async (address, request) => {
      if (!request.body.includes('query ConversationEvents')) return fetch(address, request)
      const errors = [{ message: 'Something is broken.', extensions: { code: 'INTERNAL' } }]
      return { status: 500, json: async () => ({ errors }) }
    },
  })
  const reader = new FeedReader(client.conversationFeed(room.id))
  await expect.poll(() => reader.caughtUp, patience).toBe(true)
  const sent = await sendSome(5)
  await expect.poll(() => reader.texts, patience).toEqual(sent.filter((_, index) => index !== 2))
  expect(notices).toContainEqual({ name: 'HOLE_LEFT', conversationId: room.id, from: 4, through: 4 })
  client.close()
})

test('what is missing right at the beginning of a feed is missed too', async () => {
  await using proxy = await lossyProxy(server.graphql, (events) => events.filter(({ revision }) => revision !== 2))
  const { client } = await hastyClient({ addresses: [proxy.url], signIn: asAda })
  const reader = new FeedReader(client.conversationFeed(room.id))
  await expect.poll(() => reader.caughtUp, patience).toBe(true)
  const sent = await sendSome(2)
  await expect.poll(() => reader.texts, patience).toEqual(sent)
  client.close()
})

test('whatever is lost or repeated on the way, each change is told once, in order', async () => {
  const seed = chosenSeed()
  console.info(`seed ${seed}`)
  const random = new Random(seed)
  await using proxy = await lossyProxy(server.graphql, (events) =>
    events.flatMap((event) => (random.chance(0.3) ? [] : random.chance(0.2) ? [event, event] : [event])),
  )
  const { client } = await hastyClient({ addresses: [proxy.url], signIn: asAda })
  const view = await client.openConversation(room.id, { pageSize: 100 })
  const reader = new FeedReader(client.conversationFeed(room.id))
  await expect.poll(() => reader.caughtUp, patience).toBe(true)
  await sendSome(80)
  // The last one may be lost; then nothing follows that would tell.
  const sentAfter = async () => {
    await send(ada, room.id, 'still there?')
    return reader.revisions.length
  }
  await expect.poll(sentAfter, patience).toBeGreaterThanOrEqual(80)
  expect(reader.revisions, `seed ${seed}`).toEqual(reader.revisions.map((_, index) => index + 2))
  expect(client.count('HOLE_FILLED')).toBeGreaterThan(0)
  expect(client.count('REPEATED')).toBeGreaterThan(0)
  expect(client.count('HOLE_LEFT')).toBe(0)
  const numbers = view.entries.map((entry) => (entry.state === 'sent' ? entry.message.number : 0))
  expect(numbers, `seed ${seed}`).toEqual(numbers.map((_, index) => index + 1))
  client.close()
})

test('an inbox with EVERYTHING that leaves something out is read once more from there', async () => {
  let lost = 0
  // It loses each third message, the first time that it passes.
  const passed = new Set<number>()
  await using proxy = await lossyProxy(server.graphql, (events) =>
    events.filter(({ revision }) => {
      if (revision === undefined || revision % 3 !== 0 || passed.has(revision)) return true
      passed.add(revision)
      lost++
      return false
    }),
  )
  const { client, notices } = await hastyClient({ addresses: [proxy.url], signIn: asAda })
  const texts: string[] = []
  const reading = (async () => {
    for await (const { events } of client.inboxFeed({ detail: 'EVERYTHING' }))
      for (const event of events) if ('message' in event) texts.push(event.message?.text ?? '')
  })()
  await expect.poll(() => client.count('CONNECTED'), patience).toBe(1)
  const sent = await sendSome(10)
  await expect.poll(() => texts, patience).toEqual(sent)
  expect(lost).toBeGreaterThan(1)
  expect(notices.filter(({ name }) => name === 'HOLE_FILLED').length).toBeGreaterThan(0)
  expect(client.count('HOLE_LEFT') + client.count('REPEATED')).toBe(0)
  client.close()
  await reading
})

test('what an inbox never brings is given up, and told', async () => {
  await using proxy = await lossyProxy(server.graphql, (events) => events.filter(({ revision }) => revision !== 4))
  const { client, notices } = await hastyClient({ addresses: [proxy.url], signIn: asAda })
  const texts: string[] = []
  const reading = (async () => {
    for await (const { events } of client.inboxFeed({ detail: 'EVERYTHING' }))
      for (const event of events) if ('message' in event) texts.push(event.message?.text ?? '')
  })()
  await expect.poll(() => client.count('CONNECTED'), patience).toBe(1)
  const sent = await sendSome(5)
  await expect.poll(() => texts, patience).toEqual(sent.filter((_, index) => index !== 2))
  expect(notices).toContainEqual({ name: 'HOLE_LEFT', conversationId: room.id, from: 4, through: 4 })
  client.close()
  await reading
})
