// Access that ends while an answer is being made. Each answer is made once for every read that it takes: that read waits until the
// viewer has lost access and more has happened since.

import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sessionStream } from '../../src/domain/streams.ts'
import { ApiClient, type Data, guest, registered, send } from '../support/client.ts'
import { type LiveTransport, liveTransports, readLive } from '../support/liveReader.ts'
import { mutate } from '../support/mutate.ts'
import { type OpenServer, plantSession, startOpenServer } from '../support/openServer.ts'

let server: OpenServer
let ada: ApiClient
let bob: ApiClient & { readonly userId: string }
beforeAll(async () => {
  server = await startOpenServer()
  ada = await registered(server.graphql, 'ada')
  bob = await guest(server.graphql, 'Bob')
})
afterAll(() => server[Symbol.asyncDispose]())

interface World {
  readonly room: string
  readonly message: string
}

const privateRoom = { name: 'Den', visibility: 'PRIVATE' }

async function makeRoom(input: Readonly<Record<string, unknown>> = privateRoom): Promise<World> {
  const { room } = await mutate(ada, 'createRoom', input, 'room { id }')
  if (input.visibility === 'PRIVATE') await letIn(room.id)
  return { room: room.id, message: await say(room.id, 'the first text') }
}

/** @returns the message, once it is in the read models: Ada reads her own writes, then everybody can. */
async function say(room: string, text: string): Promise<string> {
  const { message } = await send(ada, room, text)
  await caughtUp(room)
  return message.id
}

const caughtUp = (id: string) => ada.query('query ($id: ID!) { room(id: $id) { topic } }', { id })

async function letIn(roomId: string): Promise<void> {
  await mutate(ada, 'inviteToRoom', { roomId, userIds: [bob.userId] })
  await mutate(bob, 'joinRoom', { roomId })
}

const remove = (roomId: string) => mutate(ada, 'removeMember', { roomId, userId: bob.userId })

/** What happens once access has ended, and is then in the read models: every text of it holds the word. */
async function goOn({ room, message }: World, word: string): Promise<void> {
  await mutate(ada, 'editMessage', { messageId: message, text: `edited ${word}` })
  await mutate(ada, 'updateRoom', { roomId: room, topic: `topic ${word}` })
  await say(room, `sent ${word}`)
}

let words = 0
const newWord = () => `word-${++words}-`

const topic = '... on Room { topic }'
const queries: Readonly<Record<string, string>> = {
  'a conversation': `query ($room: ID!) { conversation(id: $room) { ${topic} lastMessage { text } messages { nodes { text conversation { ${topic} } } } } }`,
  'a message by its id': `query ($message: ID!) { node(id: $message) { ... on Message { text conversation { ${topic} lastMessage { text } } } } }`,
  'a membership by its id': `query ($membership: ID!) { node(id: $membership) { ... on Membership { role conversation { ${topic} messages { nodes { text } } } } } }`,
  'all conversations': `{ viewer { conversations { nodes { ${topic} lastMessage { text } members { nodes { conversation { ${topic} } } } } } } }`,
  'the events': `query ($room: ID!) { conversation(id: $room) { events { events { __typename revision conversation { ${topic} lastMessage { text } }
    ... on MessageSent { message { text conversation { ${topic} } } } ... on MessageEdited { message { text } } } } } }`,
}

const variablesOf = ({ room, message }: World) => ({
  room,
  message,
  membership: `membership_${room}_${bob.userId.slice('user_'.length)}`,
})

/**
 * Asks again and again, each time with another read held until `loses` is done; until no read is left.
 * @returns how many were held
 */
async function atEveryRead(
  ask: () => Promise<unknown>,
  loses: (word: string) => Promise<unknown>,
  regains: () => Promise<unknown>,
): Promise<number> {
  for (let number = 0; ; number++) {
    const word = newWord()
    const held = server.documents.holdRead(number)
    const answer = ask()
    const first = await Promise.race([held.asked.then(() => 'held' as const), answer])
    if (first === 'held') await loses(word)
    held.letGo()
    expect(JSON.stringify(await answer), `read ${number}`).not.toContain(word)
    if (first !== 'held') return number
    await regains()
  }
}

describe('REVOKE: a query that is under way shows nothing of what comes after the end of access', () => {
  test.each(Object.entries(queries))('%s, to somebody who is removed', async (_, query) => {
    const world = await makeRoom()
    const before = await bob.query(query, variablesOf(world))
    expect(JSON.stringify(before)).toContain('the first text')
    const reads = await atEveryRead(
      () => bob.post(query, variablesOf(world)),
      async (word) => {
        await remove(world.room)
        await goOn(world, word)
      },
      () => letIn(world.room),
    )
    expect(reads).toBeGreaterThan(4)
  })

  // Who is no member has neither a membership nor the conversation among all.
  const asked = Object.entries(queries).filter(([name]) => !/membership|all/.test(name))
  test.each(asked)('%s, once the room is private', async (name, query) => {
    const world = await makeRoom({ name: `Once public: ${name}` })
    await atEveryRead(
      () => bob.post(query, variablesOf(world)),
      async (word) => {
        await mutate(ada, 'updateRoom', { roomId: world.room, visibility: 'PRIVATE' })
        await goOn(world, word)
      },
      () => mutate(ada, 'updateRoom', { roomId: world.room, visibility: 'PUBLIC' }),
    )
  })

  test('a conversation, when the session ends', async () => {
    const query = queries['a conversation'] ?? ''
    const world = await makeRoom()
    let session = await plantSession(server, bob.userId)
    await atEveryRead(
      () => new ApiClient(server.graphql, session.token).post(query, variablesOf(world)),
      async (word) => {
        await server.plant(sessionStream(session.id), { type: 'SessionEnded', data: {} })
        await goOn(world, word)
      },
      async () => {
        session = await plantSession(server, bob.userId)
      },
    )
  })

  test.each(Object.entries(queries))(
    '%s, to somebody who came back to a room that shows what was sent since',
    async (_, query) => {
      let world = await makeRoom({ ...privateRoom, historyVisibility: 'SINCE_JOINED' })
      await atEveryRead(
        () => bob.post(query, variablesOf(world)),
        async (word) => {
          await remove(world.room)
          await mutate(ada, 'editMessage', { messageId: world.message, text: `edited ${word}` })
          await send(ada, world.room, `sent ${word}`)
          await letIn(world.room)
          await caughtUp(world.room)
        },
        async () => {
          world = { ...world, message: await say(world.room, 'the first text') }
        },
      )
    },
  )
})

const feed = `subscription ($room: ID!) { conversationFeed(conversationId: $room) { events { __typename revision
  conversation { ${topic} lastMessage { text } messages(last: 3) { nodes { text } } } ... on MessageSent { message { text conversation { ${topic} } } }
  ... on MessageEdited { message { text conversation { ${topic} lastMessage { text } } } } } } }`

async function followed(transport: LiveTransport, world: World, token = bob.token) {
  const reader = readLive(transport, { graphql: server.graphql, token, query: feed, variables: { room: world.room } })
  await reader.until((frames) => frames.length > 0)
  return reader
}

const inboxFeed = `subscription { inboxFeed(detail: EVERYTHING) { events { __typename
  ... on ConversationEvent { conversation { id ${topic} lastMessage { text } messages(last: 3) { nodes { text } } } }
  ... on MessageSent { message { text conversation { ${topic} } } } ... on MessageEdited { message { text conversation { ${topic} } } }
  ... on ConversationAdded { conversation { ${topic} lastMessage { text } } } ... on ConversationRemoved { conversationId } } } }`

describe.each(liveTransports)('REVOKE: a frame of the inbox that is under way over %s', (transport) => {
  test.each([
    ['shows nothing of what comes after the end of access', 'ALL', false],
    ['shows no edits of earlier messages to somebody who came back to less', 'SINCE_JOINED', true],
  ])('%s', async (_, historyVisibility, comesBack) => {
    const world = await makeRoom({ ...privateRoom, historyVisibility })
    let { message } = world
    for (let number = 0; ; number++) {
      const word = newWord()
      const { graphql, token } = bob
      const reader = readLive(transport, { graphql, token, query: inboxFeed })
      await reader.until((frames) => frames.length > 0)
      const letGo = server.documents.holdWrites()
      await mutate(ada, 'editMessage', { messageId: message, text: `under way ${number}` })
      const held = server.documents.holdRead(number)
      letGo()
      const came = reader.until((frames) => frames.length > 1)
      if ((await Promise.race([held.asked.then(() => 'held'), came])) !== 'held') {
        held.letGo()
        reader.drop()
        expect(number).toBeGreaterThan(4)
        return
      }
      await remove(world.room)
      if (comesBack) await mutate(ada, 'editMessage', { messageId: message, text: `edited ${word}` })
      else await goOn({ ...world, message }, word)
      if (comesBack) await letIn(world.room)
      await caughtUp(world.room)
      held.letGo()
      await reader.until((frames) => JSON.stringify(frames).includes('ConversationRemoved'))
      reader.drop()
      expect(JSON.stringify(reader.frames), `read ${number}`).not.toContain(word)
      if (!comesBack) await letIn(world.room)
      message = await say(world.room, 'another text')
    }
  })
})

describe.each(liveTransports)('REVOKE: a frame that is under way over %s', (transport) => {
  test('shows nothing of what comes after the end of access, and the feed then completes', async () => {
    const world = await makeRoom()
    for (let number = 0; ; number++) {
      const word = newWord()
      const reader = await followed(transport, world)
      // The frame waits for the read models, so that the reads that follow are its own.
      const letGo = server.documents.holdWrites()
      await mutate(ada, 'editMessage', { messageId: world.message, text: `under way ${number}` })
      const held = server.documents.holdRead(number)
      letGo()
      const came = reader.until((frames) => frames.length > 1)
      if ((await Promise.race([held.asked.then(() => 'held'), came])) !== 'held') {
        held.letGo()
        reader.drop()
        expect(number).toBeGreaterThan(4)
        return
      }
      await remove(world.room)
      await goOn(world, word)
      held.letGo()
      expect(await reader.ended).toEqual({ how: 'complete', codes: [] })
      reader.drop()
      expect(JSON.stringify(reader.frames), `read ${number}`).not.toContain(word)
      const types = reader.frames.flatMap(({ events }) => events.map((event: Data) => event.__typename))
      expect(types).toEqual(['MessageEdited', 'MemberRemoved'])
      await letIn(world.room)
    }
  })

  test('shows nothing of what comes after the time of the session is over', async () => {
    const world = await makeRoom()
    const word = newWord()
    const { token, expiresAt } = await plantSession(server, bob.userId, 1_000)
    const reader = await followed(transport, world, token)
    const letGo = server.documents.holdWrites()
    await mutate(ada, 'editMessage', { messageId: world.message, text: 'under way' })
    const held = server.documents.holdRead(0)
    letGo()
    await held.asked
    await sleep(expiresAt - Date.now())
    await goOn(world, word)
    held.letGo()
    expect(await reader.ended).toMatchObject({ how: 'error', codes: ['UNAUTHENTICATED'] })
    reader.drop()
    expect(JSON.stringify(reader.frames)).not.toContain(word)
  })

  test('shows no edits of earlier messages to somebody who came back where only later ones are shown', async () => {
    const world = await makeRoom({ ...privateRoom, historyVisibility: 'SINCE_JOINED' })
    let { message } = world
    for (let number = 0; ; number++) {
      const word = newWord()
      const reader = await followed(transport, world)
      const letGo = server.documents.holdWrites()
      await mutate(ada, 'editMessage', { messageId: message, text: `under way ${number}` })
      const held = server.documents.holdRead(number)
      letGo()
      const came = reader.until((frames) => frames.length > 1)
      if ((await Promise.race([held.asked.then(() => 'held'), came])) !== 'held') {
        held.letGo()
        reader.drop()
        return
      }
      await remove(world.room)
      await mutate(ada, 'editMessage', { messageId: message, text: `edited ${word}` })
      await letIn(world.room)
      await caughtUp(world.room)
      held.letGo()
      expect(await reader.ended).toEqual({ how: 'complete', codes: [] })
      reader.drop()
      expect(JSON.stringify(reader.frames), `read ${number}`).not.toContain(word)
      message = await say(world.room, 'another text')
    }
  })
})
