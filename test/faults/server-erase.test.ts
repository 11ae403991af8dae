// What was deleted leaves no byte in the folder of the server or in what it writes about its work.

import { randomUUID } from 'node:crypto'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { parley } from '../support/cli.ts'
import { ApiClient, createRoom, guest, join as joinRoom, registered, send } from '../support/client.ts'
import { documentOf } from '../support/commandDocuments.ts'
import { newFolder, type ServerProcess, startServerProcess } from '../support/testServer.ts'
import { textsIn, tracesIn, tracesLeft } from '../support/traces.ts'

const env = { PARLEY_LOG_LEVEL: 'trace' }
const patienceMs = 20_000

let folder = ''
let server: ServerProcess
/** What all servers of a test have written. */
let written = ''
const start = async (): Promise<void> => {
  server = await startServerProcess({ folder, env })
}
const again = async (how: 'stop' | 'kill'): Promise<void> => {
  await server[how]()
  written += server.log()
  await start()
}

beforeEach(async () => {
  folder = await newFolder()
  written = ''
  await start()
})
afterEach(async () => {
  await server[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

/** A text like no other, with characters that JSON escapes and that UTF-8 writes in several bytes. */
const marker = (): string => `"${randomUUID()}" \\ é 漢 ${randomUUID()}`

const run = (client: ApiClient, command: 'editMessage' | 'deleteMessage', input: object) =>
  client.command(documentOf(command), { input })

interface Room {
  readonly author: ApiClient
  readonly roomId: string
}

/** Sends a message, edits it, and gives its id and both texts. */
async function sentAndEdited({ author, roomId }: Room): Promise<{ id: string; texts: readonly string[] }> {
  const texts = [marker(), marker()]
  const { message } = await send(author, roomId, texts[0] ?? '', randomUUID())
  await run(author, 'editMessage', { messageId: message.id, text: texts[1] })
  return { id: message.id, texts }
}

const several = (room: Room) => Promise.all(Array.from({ length: 12 }, () => sentAndEdited(room)))

const deleteAll = (author: ApiClient, messages: readonly { readonly id: string }[]) =>
  Promise.all(messages.map(({ id }) => run(author, 'deleteMessage', { messageId: id })))

/** The half of each text that is plain ASCII too: nothing of it may be left even where the rest was cut off. */
const markersOf = (messages: readonly { readonly texts: readonly string[] }[]): readonly string[] =>
  messages.flatMap(({ texts }) => texts.flatMap((text) => [text, text.slice(1, 37)]))

async function expectErased(messages: readonly { readonly texts: readonly string[] }[]): Promise<void> {
  expect(await tracesLeft(folder, markersOf(messages), patienceMs)).toEqual([])
  expect(textsIn(Buffer.from(written + server.log()), markersOf(messages))).toEqual([])
}

async function expectKept(messages: readonly { readonly texts: readonly string[] }[]): Promise<void> {
  const last = messages.map(({ texts }) => texts[1] ?? '')
  const found = (await tracesIn(folder, last)).join('\n')
  // As it must be escaped in JSON.
  for (const text of last) expect(found).toContain(text)
}

async function aRoom(): Promise<Room> {
  const author = await registered(server.graphql, 'ada')
  return { author, roomId: (await createRoom(author, 'Tea')).id }
}

/** The same session, wherever the server is now. */
const signedIn = ({ token }: ApiClient): ApiClient => new ApiClient(server.graphql, token)

test('ERASE: what is deleted while traffic goes on leaves no byte; what is kept is found', {
  timeout: 60_000,
}, async () => {
  const room = await aRoom()
  const kept = await several(room)
  const goners = await several(room)
  const bystander = await guest(server.graphql, 'Bob')
  await joinRoom(bystander, room.roomId)
  const stopping = new AbortController()
  const traffic = (async () => {
    while (!stopping.signal.aborted) await send(bystander, room.roomId, `noise ${randomUUID()}`)
  })()
  await deleteAll(room.author, goners)
  await expectErased(goners)
  stopping.abort()
  await traffic
  await expectErased(goners)
  await expectKept(kept)
})

test('ERASE: after restarts and rebuilds, what is deleted leaves no byte', { timeout: 60_000 }, async () => {
  const room = await aRoom()
  const kept = await several(room)
  const goners = await several(room)
  await again('stop')
  const rebuilding = parley(['projections', 'rebuild', '--all', '--data', folder])
  await deleteAll(signedIn(room.author), goners)
  expect(await rebuilding).toMatchObject({ code: 0 })
  await expectErased(goners)
  expect(await parley(['projections', 'rebuild', '--all', '--data', folder])).toMatchObject({ code: 0 })
  await again('kill')
  await expectErased(goners)
  await expectKept(kept)
  expect(await parley(['projections', 'verify', '--all', '--data', folder])).toMatchObject({ code: 0 })
})

test('ERASE: a deletion is carried through though the server is killed right after it', {
  timeout: 90_000,
}, async () => {
  const room = await aRoom()
  const kept = await several(room)
  const goners: Awaited<ReturnType<typeof several>> = []
  for (let round = 0; round < 4; round++) {
    const author = signedIn(room.author)
    const now = await several({ author, roomId: room.roomId })
    await deleteAll(author, now)
    goners.push(...now)
    await again('kill')
  }
  await expectErased(goners)
  await expectKept(kept)
})

test('passwords and tokens are nowhere in the folder or in what is written', { timeout: 60_000 }, async () => {
  const { author } = await aRoom()
  const visitor = await guest(server.graphql, 'Bob')
  const wrong = `wrong ${randomUUID()}`
  const refused = await author.command(documentOf('login'), { input: { username: 'ada', password: wrong } })
  expect(refused).toMatchObject({ code: 'UNAUTHENTICATED' })
  const secretOf = (token = '') => token.slice(token.indexOf('.') + 1)
  const secrets = ['correct horse battery', wrong, secretOf(author.token), secretOf(visitor.token)]
  for (const secret of secrets) expect(secret.length).toBeGreaterThan(20)
  await again('stop')
  // The control: what is there is found.
  await writeFile(join(folder, 'left-behind'), Buffer.from(secretOf(author.token), 'utf16le'))
  expect(await tracesIn(folder, secrets)).toEqual([`${join(folder, 'left-behind')}: ${secretOf(author.token)}`])
  expect(written).toContain('Stopping')
  expect(textsIn(Buffer.from(written), secrets)).toEqual([])
})
