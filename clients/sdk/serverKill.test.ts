// ACK, ONCE, RESUME: clients write and follow while their server is killed and started again.
// SDK_SERVER_KILLS=20 for a longer run.

import { rm } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { createRoom, guest, join, registered } from '../../test/support/client.ts'
import { newFolder, type ServerProcess, startServerProcess } from '../../test/support/testServer.ts'
import { FeedReader, hastyClient } from './followingForTests.ts'

const kills = Number(process.env.SDK_SERVER_KILLS ?? 2)
const patience = { timeout: 20_000 }

test('ONCE, RESUME: what clients say while their server is killed again and again is told to all, once and in one order', {
  timeout: 60_000 + kills * 30_000,
}, async () => {
  const folder = await newFolder()
  let server: ServerProcess = await startServerProcess({ folder })
  const { port } = new URL(server.url)
  try {
    const ada = await registered(server.graphql, 'ada')
    const room = await createRoom(ada, 'Tea')
    const people = [ada, await guest(server.graphql, 'Bob'), await guest(server.graphql, 'Eve')]
    const clients = []
    for (const person of people) {
      if (person !== ada) await join(person, room.id)
      clients.push((await hastyClient({ addresses: [server.url], signIn: { token: person.token ?? '' } })).client)
    }
    const views = await Promise.all(clients.map((client) => client.openConversation(room.id)))
    const readers = clients.map((client) => new FeedReader(client.conversationFeed(room.id)))
    await expect.poll(() => readers.every(({ caughtUp }) => caughtUp), patience).toBe(true)
    let killing = true
    const writing = clients.map(async (client, index) => {
      const said: string[] = []
      while (killing) {
        said.push(`${index}.${said.length}`)
        await client.send(room.id, said.at(-1) ?? '')
        await sleep(100)
      }
      await client.outbox.settled()
      return said
    })
    for (let kill = 0; kill < kills; kill++) {
      // In the middle of things, once all are there again.
      const before = readers.map(({ texts }) => texts.length)
      await expect
        .poll(() => readers.every(({ texts }, index) => texts.length > (before[index] ?? 0)), patience)
        .toBe(true)
      await sleep(100)
      await server.kill()
      server = await startServerProcess({ folder, env: { PARLEY_PORT: port } })
    }
    await sleep(200)
    killing = false
    const said = await Promise.all(writing)
    const count = said.flat().length
    await expect.poll(() => readers.map(({ texts }) => texts.length), patience).toEqual(clients.map(() => count))
    const [first] = readers
    for (const [index, reader] of readers.entries()) {
      expect(reader.texts).toEqual(first?.texts)
      expect(reader.revisions).toEqual(first?.revisions)
      expect(reader.texts.filter((text) => text.startsWith(`${index}.`))).toEqual(said[index])
      expect(clients[index]?.count('CONNECTED')).toBeGreaterThan(kills)
      expect(clients[index]?.count('HOLE_FILLED')).toBe(0)
    }
    await expect
      .poll(() => views.map(({ entries }) => entries.filter(({ state }) => state === 'sent').length), patience)
      .toEqual(clients.map(() => count))
    for (const view of views)
      expect(view.entries.map((entry) => entry.state === 'sent' && entry.message.text)).toEqual(first?.texts)
    console.info(`${count} messages, ${clients.map((client) => client.count('CONNECTED')).join('+')} connections`)
    for (const client of clients) client.close()
  } finally {
    await server.kill()
    await rm(folder, { recursive: true, force: true })
  }
})
