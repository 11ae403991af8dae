// Feeds of the client against a real server, while connections, servers and the client itself come and go.

import { cp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type ApiClient, createRoom, join as joinRoom, registered, send } from '../../test/support/client.ts'
import { mutate } from '../../test/support/mutate.ts'
import { TcpProxy } from '../../test/support/tcpProxy.ts'
import { newFolder, startTestServer, storesInFolder, type TestServer } from '../../test/support/testServer.ts'
import type { SignIn } from './client.ts'
import { RefusedError, SessionEndedError } from './errors.ts'
import { fileStorage } from './fileStorage.ts'
import { FeedReader, hastyClient } from './followingForTests.ts'
import { memoryStorage } from './memoryStorage.ts'

const patience = { timeout: 20_000 }

let folder: string
let server: TestServer
let ada: ApiClient & { readonly userId: string }
let room: { readonly id: string }
let asAda: SignIn
beforeEach(async () => {
  folder = await newFolder()
  server = await startTestServer({ folder })
  ada = await registered(server.graphql, 'ada')
  asAda = { token: ada.token ?? '' }
  room = await createRoom(ada, 'Tea')
})
afterEach(async () => {
  await server[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

/** The server ends, and begins again at the same address. */
async function restart(between: () => Promise<unknown> = async () => {}): Promise<void> {
  const { port } = new URL(server.url)
  await server[Symbol.asyncDispose]()
  await between()
  server = await startTestServer({ folder, env: { PARLEY_PORT: port } })
}

/** From one number to another, both included. */
const range = (from: number, through: number): readonly number[] =>
  Array.from({ length: through - from + 1 }, (_, index) => from + index)

test('RESUME: a feed goes on through resets of its connection and restarts of the server, each change once', async () => {
  await using proxy = await TcpProxy.start()
  const { client, notices } = await hastyClient({ addresses: [proxy.to(server.url)], signIn: asAda })
  const reader = new FeedReader(client.conversationFeed(room.id))
  await expect.poll(() => reader.caughtUp, patience).toBe(true)
  for (let round = 0; round < 6; round++) {
    for (let count = 0; count < 5; count++) await send(ada, room.id, `${round}.${count}`)
    if (round === 3) await restart()
    else proxy.cut()
    await send(ada, room.id, `${round} after`)
    await expect.poll(() => reader.texts.at(-1), patience).toBe(`${round} after`)
  }
  // Two events made the room.
  expect(reader.revisions).toEqual(range(2, 37))
  expect(client.count('CONNECTED')).toBeGreaterThanOrEqual(6)
  expect(client.count('HOLE_FILLED') + client.count('REPEATED')).toBe(0)
  expect(client.count('SERVER_RESTARTING')).toBe(1)
  expect(notices.map(({ name }) => name)).toContain('CONNECTION_LOST')
  client.close()
  expect(await reader.ended).toBeUndefined()
})

test('RESUME: whoever is cut off by one node goes on at another', async () => {
  await using one = await TcpProxy.start()
  await using two = await TcpProxy.start()
  const { client, notices } = await hastyClient({
    addresses: [one.to(server.url), two.to(server.url)],
    signIn: asAda,
  })
  const reader = new FeedReader(client.conversationFeed(room.id))
  await expect.poll(() => reader.caughtUp, patience).toBe(true)
  await one.refuse()
  await client.send(room.id, 'by the other')
  await expect.poll(() => reader.texts, patience).toEqual(['by the other'])
  await two.refuse()
  await one.comeBack()
  await client.send(room.id, 'and back')
  await expect.poll(() => reader.texts, patience).toEqual(['by the other', 'and back'])
  const connected = notices.flatMap((notice) => (notice.name === 'CONNECTED' ? [new URL(notice.address).port] : []))
  expect(connected).toEqual([one, two, one].map(({ port }) => String(port)))
  client.close()
})

test('RESUME: a network that is gone without a word is noticed, and the feed goes on elsewhere', async () => {
  await using proxy = await TcpProxy.start()
  const { client } = await hastyClient({
    addresses: [proxy.to(server.url)],
    signIn: asAda,
    times: { pingMs: 200, pongMs: 200 },
  })
  const reader = new FeedReader(client.conversationFeed(room.id))
  await expect.poll(() => reader.caughtUp, patience).toBe(true)
  proxy.abandon()
  await send(ada, room.id, 'heard?')
  await expect.poll(() => reader.texts, patience).toEqual(['heard?'])
  expect(client.count('CONNECTION_LOST')).toBe(1)
  client.close()
})

test('RESUME: the next client with the same storage goes on where the last one was', async () => {
  const kept = join(folder, 'client')
  const seen: number[] = []
  for (let round = 0; round < 3; round++) {
    // What happens while nobody is there.
    if (round > 0) for (let count = 0; count < 3; count++) await send(ada, room.id, `away ${round}.${count}`)
    const { client } = await hastyClient({
      addresses: [server.url],
      signIn: asAda,
      storage: fileStorage(kept),
    })
    const reader = new FeedReader(client.conversationFeed(room.id))
    await expect.poll(() => reader.caughtUp, patience).toBe(true)
    await client.send(room.id, `there ${round}`)
    await expect.poll(() => reader.texts.at(-1), patience).toBe(`there ${round}`)
    client.close()
    await reader.ended
    seen.push(...reader.revisions)
  }
  expect(seen).toEqual(range(2, 10))
})

test('RESUME: an inbox goes on too, and with EVERYTHING each of its conversations is checked', async () => {
  await using proxy = await TcpProxy.start()
  const other = await createRoom(ada, 'Cake')
  const { client } = await hastyClient({ addresses: [proxy.to(server.url)], signIn: asAda })
  const told: string[] = []
  const reading = (async () => {
    for await (const { events } of client.inboxFeed({ detail: 'EVERYTHING' }))
      for (const event of events) told.push('message' in event ? (event.message?.text ?? '') : event.__typename)
  })()
  await expect.poll(() => client.count('CONNECTED'), patience).toBe(1)
  const sent: string[] = []
  for (let count = 0; count < 12; count++) {
    sent.push(`text ${count}`)
    await send(ada, count % 2 === 0 ? room.id : other.id, `text ${count}`)
    if (count % 4 === 3) proxy.cut()
  }
  await expect.poll(() => told.filter((text) => text.startsWith('text')), patience).toEqual(sent)
  expect(client.count('HOLE_FILLED') + client.count('HOLE_LEFT') + client.count('REPEATED')).toBe(0)
  client.close()
  await reading
})

test('RESUME: an inbox goes on in the next client with the same storage, direct conversations included', async () => {
  const storage = memoryStorage()
  const bob = await registered(server.graphql, 'bob')
  const { conversation } = await mutate(ada, 'openDM', { to: [bob.userId] }, 'conversation { id }')
  const told: string[] = []
  const sent: string[] = []
  for (let round = 0; round < 3; round++) {
    if (round > 0) {
      sent.push(`away ${round}`, `away too ${round}`)
      await send(bob, conversation.id, `away ${round}`)
      await send(ada, room.id, `away too ${round}`)
    }
    const { client } = await hastyClient({ addresses: [server.url], signIn: asAda, storage })
    const reading = (async () => {
      for await (const { events } of client.inboxFeed())
        for (const event of events) if ('message' in event) told.push(event.message?.text ?? '')
    })()
    await expect.poll(() => client.count('CONNECTED'), patience).toBe(1)
    sent.push(`there ${round}`)
    await client.send(conversation.id, `there ${round}`)
    await expect.poll(() => told, patience).toEqual(sent)
    client.close()
    await reading
  }
})

test('REVOKE: when the session ends, feeds and views end and say so, and nothing comes back by itself', async () => {
  const storage = memoryStorage()
  const { client, notices } = await hastyClient({
    addresses: [server.url],
    signIn: { username: 'ada', password: 'correct horse battery' },
    storage,
  })
  const reader = new FeedReader(client.conversationFeed(room.id))
  const view = await client.openConversation(room.id)
  await expect.poll(() => reader.caughtUp && view.caughtUp, patience).toBe(true)
  await mutate(ada, 'changePassword', {
    currentPassword: 'correct horse battery',
    newPassword: 'another horse battery',
  })
  expect(await reader.ended).toBeInstanceOf(SessionEndedError)
  expect(await view.ended).toBeInstanceOf(SessionEndedError)
  await client.send(room.id, 'later')
  await client.outbox.settled()
  expect(notices.filter(({ name }) => name === 'SESSION_ENDED')).toHaveLength(1)
  client.close()

  // Whoever signs in again sends what was queued.
  const { client: next } = await hastyClient({
    addresses: [server.url],
    signIn: { username: 'Ada', password: 'another horse battery' },
    storage,
  })
  await next.outbox.settled()
  const again = await next.openConversation(room.id)
  expect(again.entries).toMatchObject([{ state: 'sent', message: { text: 'later' } }])
  next.close()
})

test('a guest stays the same guest, and begins without a server too', async () => {
  const storage = memoryStorage()
  const signIn: SignIn = { guest: { displayName: 'Gus' } }
  const { client } = await hastyClient({ addresses: [server.url], signIn, storage })
  client.close()
  let queued = ''
  await restart(async () => {
    const { client: again } = await hastyClient({ addresses: [server.url], signIn, storage })
    expect(again.user).toEqual(client.user)
    queued = await again.send(room.id, 'said while nobody listened')
    again.close()
  })
  const { client: last, notices } = await hastyClient({ addresses: [server.url], signIn, storage })
  await last.outbox.settled()
  // Who is no member may not write: a refusal for good, which is told, and can be tried again once it would be granted.
  expect(last.outbox.entries()).toMatchObject([{ clientMessageId: queued, refusal: { code: 'FORBIDDEN' } }])
  expect(notices).toMatchObject([{ name: 'MESSAGE_REFUSED', clientMessageId: queued, code: 'FORBIDDEN' }])
  await last.request('mutation ($id: ID!) { joinRoom(input: { roomId: $id }) { __typename } }', { id: room.id })
  expect(await last.outbox.retry(queued)).toBe(true)
  await last.outbox.settled()
  expect(last.outbox.entries()).toEqual([])
  const view = await last.openConversation(room.id)
  expect(view.entries).toMatchObject([{ state: 'sent', message: { text: 'said while nobody listened' } }])
  last.close()
})

test('whoever signs out is signed out on the server too, and the storage knows nobody any more', async () => {
  const storage = memoryStorage()
  const signIn: SignIn = { guest: {} }
  const { client, notices } = await hastyClient({ addresses: [server.url], signIn, storage })
  const reader = new FeedReader(client.conversationFeed(room.id))
  await expect.poll(() => reader.caughtUp, patience).toBe(true)
  const { token } = JSON.parse((await storage.get('session')) ?? '')
  await client.signOut()
  expect(await reader.ended).toBeUndefined()
  expect(notices.map(({ name }) => name)).toEqual(['CONNECTED'])
  await expect(hastyClient({ addresses: [server.url], signIn: { token } })).rejects.toThrow(SessionEndedError)
  const { client: next } = await hastyClient({ addresses: [server.url], signIn, storage })
  expect(next.user.id).not.toBe(client.user.id)
  next.close()
})

test('whoever may not read any more is told so at the end of the feed', async () => {
  const bob = await registered(server.graphql, 'bob')
  await joinRoom(bob, room.id)
  const { client } = await hastyClient({ addresses: [server.url], signIn: { token: bob.token ?? '' } })
  const reader = new FeedReader(client.conversationFeed(room.id))
  await expect.poll(() => reader.caughtUp, patience).toBe(true)
  await mutate(ada, 'updateRoom', { roomId: room.id, visibility: 'PRIVATE' })
  await mutate(ada, 'removeMember', { roomId: room.id, userId: bob.userId })
  expect(await reader.ended).toMatchObject({ name: 'RefusedError', code: 'NOT_FOUND' })
  // The read models may be a moment behind the feed.
  const opening = () => client.openConversation(room.id).catch((error: unknown) => error)
  await expect.poll(opening, patience).toBeInstanceOf(RefusedError)
  client.close()
})

test.runIf(storesInFolder())('in a log that was replaced a feed says so, and a view begins afresh', async () => {
  const copy = `${folder}-copy`
  await send(ada, room.id, 'kept')
  await restart(() => cp(folder, copy, { recursive: true }))
  const { client, notices } = await hastyClient({ addresses: [server.url], signIn: asAda })
  const reader = new FeedReader(client.conversationFeed(room.id))
  const view = await client.openConversation(room.id)
  await client.send(room.id, 'lost')
  await expect.poll(() => reader.texts, patience).toEqual(['lost'])
  await restart(async () => {
    await rm(folder, { recursive: true })
    await cp(copy, folder, { recursive: true })
  })
  await rm(copy, { recursive: true })
  await expect.poll(() => reader.resets, patience).toEqual(['LOG_REPLACED'])
  await client.send(room.id, 'new')
  await expect.poll(() => reader.texts, patience).toEqual(['lost', 'new'])
  await expect
    .poll(() => view.entries.map((entry) => entry.state === 'sent' && entry.message.text), patience)
    .toEqual(['kept', 'new'])
  expect(notices).toContainEqual({ name: 'LOG_REPLACED', feed: room.id })
  client.close()
})

test('a reader that is too slow holds no more than a bounded part, and misses nothing', {
  timeout: 60_000,
}, async () => {
  const { client } = await hastyClient({ addresses: [server.url], signIn: asAda })
  const gate = Promise.withResolvers<void>()
  const reader = new FeedReader(client.conversationFeed(room.id), () => gate.promise)
  await expect.poll(() => reader.caughtUp, patience).toBe(true)
  for (let batch = 0; batch < 15; batch++)
    await Promise.all(Array.from({ length: 100 }, (_, index) => send(ada, room.id, `${batch}.${index}`)))
  await expect.poll(() => client.count('READER_BEHIND'), patience).toBeGreaterThan(0)
  gate.resolve()
  await expect.poll(() => reader.revisions.length, patience).toBe(1_500)
  expect(reader.revisions).toEqual(range(2, 1_501))
  client.close()
})
