// Access that ends while a query is answered. Each answer is made once for every read that it takes: that read waits until the
// viewer has lost access and more has happened since.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sessionStream } from '../../src/domain/streams.ts'
import { ApiClient, send } from '../support/client.ts'
import { Losing, type LosingWorld, privateRoom } from '../support/losing.ts'
import { mutate } from '../support/mutate.ts'
import { plantSession } from '../support/openServer.ts'

let scene: Losing
beforeAll(async () => {
  scene = await Losing.start()
})
afterAll(() => scene[Symbol.asyncDispose]())

const topic = '... on Room { topic }'
const queries: Readonly<Record<string, string>> = {
  'a conversation': `query ($room: ID!) { conversation(id: $room) { ${topic} lastMessage { text } messages { nodes { text conversation { ${topic} } } } } }`,
  'a message by its id': `query ($message: ID!) { node(id: $message) { ... on Message { text conversation { ${topic} lastMessage { text } } } } }`,
  'a membership by its id': `query ($membership: ID!) { node(id: $membership) { ... on Membership { role conversation { ${topic} messages { nodes { text } } } } } }`,
  'all conversations': `{ viewer { conversations { nodes { ${topic} lastMessage { text } members { nodes { conversation { ${topic} } } } } } } }`,
  'the events': `query ($room: ID!) { conversation(id: $room) { events { events { __typename revision conversation { ${topic} lastMessage { text } }
    ... on MessageSent { message { text conversation { ${topic} } } } ... on MessageEdited { message { text } } } } } }`,
}

const variablesOf = ({ room, message }: LosingWorld) => ({
  room,
  message,
  membership: `membership_${room}_${scene.bob.userId.slice('user_'.length)}`,
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
    const word = scene.newWord()
    const held = scene.server.documents.holdRead(number)
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
    const world = await scene.makeRoom()
    const before = await scene.bob.query(query, variablesOf(world))
    expect(JSON.stringify(before)).toContain('the first text')
    const reads = await atEveryRead(
      () => scene.bob.post(query, variablesOf(world)),
      async (word) => {
        await scene.remove(world.room)
        await scene.goOn(world, word)
      },
      () => scene.letIn(world.room),
    )
    expect(reads).toBeGreaterThan(4)
  })

  // Who is no member has neither a membership nor the conversation among all.
  const asked = Object.entries(queries).filter(([name]) => !/membership|all/.test(name))
  test.each(asked)('%s, once the room is private', async (name, query) => {
    const world = await scene.makeRoom({ name: `Once public: ${name}` })
    await atEveryRead(
      () => scene.bob.post(query, variablesOf(world)),
      async (word) => {
        await mutate(scene.ada, 'updateRoom', { roomId: world.room, visibility: 'PRIVATE' })
        await scene.goOn(world, word)
      },
      () => mutate(scene.ada, 'updateRoom', { roomId: world.room, visibility: 'PUBLIC' }),
    )
  })

  test('a conversation, when the session ends', async () => {
    const query = queries['a conversation'] ?? ''
    const world = await scene.makeRoom()
    let session = await plantSession(scene.server, scene.bob.userId)
    await atEveryRead(
      () => new ApiClient(scene.server.graphql, session.token).post(query, variablesOf(world)),
      async (word) => {
        await scene.server.plant(sessionStream(session.id), { type: 'SessionEnded', data: {} })
        await scene.goOn(world, word)
      },
      async () => {
        session = await plantSession(scene.server, scene.bob.userId)
      },
    )
  })

  test.each(Object.entries(queries))(
    '%s, to somebody who came back to a room that shows what was sent since',
    async (_, query) => {
      let world = await scene.makeRoom({ ...privateRoom, historyVisibility: 'SINCE_JOINED' })
      await atEveryRead(
        () => scene.bob.post(query, variablesOf(world)),
        async (word) => {
          await scene.remove(world.room)
          await mutate(scene.ada, 'editMessage', { messageId: world.message, text: `edited ${word}` })
          await send(scene.ada, world.room, `sent ${word}`)
          await scene.letIn(world.room)
          await scene.caughtUp(world.room)
        },
        async () => {
          world = { ...world, message: await scene.say(world.room, 'the first text') }
        },
      )
    },
  )
})
