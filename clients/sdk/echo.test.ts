// A message of one's own is shown at once, and once: as on its way, then as sent, whichever tells it first.

import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ApiClient, createRoom, guest, join, registered, send } from '../../test/support/client.ts'
import { mutate } from '../../test/support/mutate.ts'
import { TcpProxy } from '../../test/support/tcpProxy.ts'
import { startTestServer, type TestServer } from '../../test/support/testServer.ts'
import type { ConversationView, SignIn } from './client.ts'
import { hastyClient } from './followingForTests.ts'

const patience = { timeout: 20_000 }

let server: TestServer
let ada: ApiClient & { readonly userId: string }
let asAda: SignIn
let rooms = 0
beforeAll(async () => {
  server = await startTestServer()
  ada = await registered(server.graphql, 'ada')
  asAda = { token: ada.token ?? '' }
})
afterAll(() => server[Symbol.asyncDispose]())

const newRoom = () => createRoom(ada, `Room ${rooms++}`)

/** `sent Hello`, `sending Bye` … */
const shown = (view: ConversationView): readonly string[] =>
  view.entries.map((entry) => `${entry.state} ${entry.state === 'sent' ? entry.message.text : entry.queued.text}`)

test('a message is shown while it is on its way, and never twice, while connections break', async () => {
  const room = await newRoom()
  await using proxy = await TcpProxy.start()
  const { client } = await hastyClient({ addresses: [proxy.to(server.url)], signIn: asAda })
  const looks: (readonly string[])[] = []
  const view = await client.openConversation(room.id, { onChange: (now) => void looks.push(shown(now)) })
  const texts = Array.from({ length: 20 }, (_, index) => `text ${index}`)
  for (const [index, text] of texts.entries()) {
    await view.send(text)
    expect(shown(view).filter((line) => line.endsWith(` ${text}`))).toHaveLength(1)
    if (index % 5 === 2) proxy.cut()
  }
  await client.outbox.settled()
  await expect.poll(() => shown(view), patience).toEqual(texts.map((text) => `sent ${text}`))
  for (const look of looks) {
    const plain = look.map((line) => line.replace(/^\w+ /, ''))
    expect(plain).toEqual(texts.slice(0, plain.length))
  }
  expect(looks.flat()).toContain('sending text 0')
  client.close()
})

test('an answer that is lost is no loss: the feed confirms the message, and it is not asked again', async () => {
  const room = await newRoom()
  // The message arrives; its answer does not.
  let attempts = 0
  const { client } = await hastyClient({
    addresses: [server.url],
    signIn: asAda,
    fetch: async (address, request) => {
      const isSend = request.body.includes('mutation SendMessage')
      const answer = await fetch(address, request)
      if (!isSend) return answer
      attempts++
      await expect.poll(() => shown(view), patience).toEqual(['sent Hello'])
      throw new TypeError('fetch failed')
    },
  })
  const view = await client.openConversation(room.id)
  await expect.poll(() => view.caughtUp, patience).toBe(true)
  await view.send('Hello')
  await client.outbox.settled()
  expect(attempts).toBe(1)
  expect(client.outbox.entries()).toEqual([])
  expect(shown(view)).toEqual(['sent Hello'])
  client.close()
})

test('edits, deletions and the messages of others come in their places, and history page by page', async () => {
  const room = await newRoom()
  const bob = await guest(server.graphql, 'Bob')
  await join(bob, room.id)
  // In the same session, whose own writes a query shows.
  for (let index = 0; index < 7; index++) await send(ada, room.id, `old ${index}`)
  const { client } = await hastyClient({ addresses: [server.url], signIn: asAda })
  const view = await client.openConversation(room.id, { pageSize: 3 })
  expect(shown(view)).toEqual(['sent old 4', 'sent old 5', 'sent old 6'])
  await view.send('mine')
  const { message } = await send(bob, room.id, 'theirs')
  await mutate(bob, 'editMessage', { messageId: message.id, text: 'theirs, edited' })
  await client.outbox.settled()
  await expect.poll(() => shown(view).slice(3), patience).toEqual(['sent mine', 'sent theirs, edited'])
  await mutate(bob, 'deleteMessage', { messageId: message.id })
  await expect.poll(() => shown(view).at(-1), patience).toBe('sent null')
  await view.loadEarlier()
  await view.loadEarlier()
  expect(view.hasEarlier).toBe(false)
  await view.loadEarlier()
  expect(shown(view).slice(0, 7)).toEqual(Array.from({ length: 7 }, (_, index) => `sent old ${index}`))
  view.close()
  expect(await view.ended).toBeUndefined()
  client.close()
})

test('what waits from an earlier page is shown in a view of the next, and becomes sent', async () => {
  const room = await newRoom()
  let away = true
  const { client } = await hastyClient({
    addresses: [server.url],
    signIn: asAda,
    fetch: (address, request) =>
      away && request.body.includes('mutation SendMessage')
        ? Promise.reject(new TypeError('fetch failed'))
        : fetch(address, request),
  })
  await client.send(room.id, 'waits')
  const view = await client.openConversation(room.id)
  expect(shown(view)).toEqual(['sending waits'])
  away = false
  await client.outbox.settled()
  await expect.poll(() => shown(view), patience).toEqual(['sent waits'])
  client.close()
})
