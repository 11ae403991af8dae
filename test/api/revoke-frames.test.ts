// Access that ends while a frame of a feed is made. Each frame is made once for every read that it takes: that read waits until the
// viewer has lost access and more has happened since.

import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Data } from '../support/client.ts'
import { type LiveTransport, readLive } from '../support/liveReader.ts'
import { Losing, type LosingWorld, privateRoom } from '../support/losing.ts'
import { mutate } from '../support/mutate.ts'
import { plantSession } from '../support/openServer.ts'

let scene: Losing
beforeAll(async () => {
  scene = await Losing.start()
})
afterAll(() => scene[Symbol.asyncDispose]())

const topic = '... on Room { topic }'
/** Made for each alone, since what is the newest that somebody may see is per viewer; and such that are made for all. */
const newest = { alone: 'lastMessage { text } messages(last: 3) { nodes { text } }', together: 'lastNumber' }
type Making = keyof typeof newest

const feedOf = (
  making: Making,
) => `subscription ($room: ID!) { conversationFeed(conversationId: $room) { events { __typename revision
  conversation { ${topic} ${newest[making]} } ... on MessageSent { message { text conversation { ${topic} } } }
  ... on MessageEdited { message { text conversation { ${topic} ${newest[making]} } } } } } }`

const inboxFeedOf = (making: Making) => `subscription { inboxFeed(detail: EVERYTHING) { events { __typename
  ... on ConversationEvent { conversation { id ${topic} ${newest[making]} } }
  ... on MessageSent { message { text conversation { ${topic} } } } ... on MessageEdited { message { text conversation { ${topic} } } }
  ... on ConversationAdded { conversation { ${topic} lastMessage { text } } } ... on ConversationRemoved { conversationId } } } }`

/** Of one frame, before the last that is held. */
const fewestReads = { alone: 4, together: 1 } satisfies Record<Making, number>

const cases: readonly (readonly [LiveTransport, Making])[] = [
  ['WebSocket', 'together'],
  ['WebSocket', 'alone'],
  ['SSE', 'alone'],
]

async function followed([transport, making]: (typeof cases)[number], world: LosingWorld, token = scene.bob.token) {
  const reader = readLive(transport, {
    graphql: scene.server.graphql,
    token,
    query: feedOf(making),
    variables: { room: world.room },
  })
  await reader.until((frames) => frames.length > 0)
  return reader
}

describe.each(cases)('REVOKE: a frame of the inbox that is under way over %s, made %s', (transport, making) => {
  test.each([
    ['shows nothing of what comes after the end of access', 'ALL', false],
    ['shows no edits of earlier messages to somebody who came back to less', 'SINCE_JOINED', true],
  ])('%s', async (_, historyVisibility, comesBack) => {
    const world = await scene.makeRoom({ ...privateRoom, historyVisibility })
    let { message } = world
    for (let number = 0; ; number++) {
      const word = scene.newWord()
      const { graphql, token } = scene.bob
      const reader = readLive(transport, { graphql, token, query: inboxFeedOf(making) })
      await reader.until((frames) => frames.length > 0)
      const letGo = scene.server.documents.holdWrites()
      await mutate(scene.ada, 'editMessage', { messageId: message, text: `under way ${number}` })
      const held = scene.server.documents.holdRead(number)
      letGo()
      const came = reader.until((frames) => frames.length > 1)
      if ((await Promise.race([held.asked.then(() => 'held'), came])) !== 'held') {
        held.letGo()
        reader.drop()
        expect(number).toBeGreaterThan(fewestReads[making])
        return
      }
      await scene.remove(world.room)
      if (comesBack) await mutate(scene.ada, 'editMessage', { messageId: message, text: `edited ${word}` })
      else await scene.goOn({ ...world, message }, word)
      if (comesBack) await scene.letIn(world.room)
      await scene.caughtUp(world.room)
      held.letGo()
      await reader.until((frames) => JSON.stringify(frames).includes('ConversationRemoved'))
      reader.drop()
      expect(JSON.stringify(reader.frames), `read ${number}`).not.toContain(word)
      if (!comesBack) await scene.letIn(world.room)
      message = await scene.say(world.room, 'another text')
    }
  })
})

describe.each(cases)('REVOKE: a frame that is under way over %s, made %s', (transport, making) => {
  test('shows nothing of what comes after the end of access, and the feed then completes', async () => {
    const world = await scene.makeRoom()
    for (let number = 0; ; number++) {
      const word = scene.newWord()
      const reader = await followed([transport, making], world)
      // The frame waits for the read models, so that the reads that follow are its own.
      const letGo = scene.server.documents.holdWrites()
      await mutate(scene.ada, 'editMessage', { messageId: world.message, text: `under way ${number}` })
      const held = scene.server.documents.holdRead(number)
      letGo()
      const came = reader.until((frames) => frames.length > 1)
      if ((await Promise.race([held.asked.then(() => 'held'), came])) !== 'held') {
        held.letGo()
        reader.drop()
        expect(number).toBeGreaterThan(fewestReads[making])
        return
      }
      await scene.remove(world.room)
      await scene.goOn(world, word)
      held.letGo()
      expect(await reader.ended).toEqual({ how: 'complete', codes: [] })
      reader.drop()
      expect(JSON.stringify(reader.frames), `read ${number}`).not.toContain(word)
      const types = reader.frames.flatMap(({ events }) => events.map((event: Data) => event.__typename))
      expect(types).toEqual(['MessageEdited', 'MemberRemoved'])
      await scene.letIn(world.room)
    }
  })

  test('shows nothing of what comes after the time of the session is over', async () => {
    const world = await scene.makeRoom()
    const word = scene.newWord()
    const { token, expiresAt } = await plantSession(scene.server, scene.bob.userId, 1_000)
    const reader = await followed([transport, making], world, token)
    const letGo = scene.server.documents.holdWrites()
    await mutate(scene.ada, 'editMessage', { messageId: world.message, text: 'under way' })
    const held = scene.server.documents.holdRead(0)
    letGo()
    await held.asked
    await sleep(expiresAt - Date.now())
    await scene.goOn(world, word)
    held.letGo()
    // Who had nothing of their own under way is told just that it is over.
    const end = making === 'alone' ? { how: 'error', codes: ['UNAUTHENTICATED'] } : { how: 'complete' }
    expect(await reader.ended).toMatchObject(end)
    reader.drop()
    expect(JSON.stringify(reader.frames)).not.toContain(word)
  })

  test('shows no edits of earlier messages to somebody who came back where only later ones are shown', async () => {
    const world = await scene.makeRoom({ ...privateRoom, historyVisibility: 'SINCE_JOINED' })
    let { message } = world
    for (let number = 0; ; number++) {
      const word = scene.newWord()
      const reader = await followed([transport, making], world)
      const letGo = scene.server.documents.holdWrites()
      await mutate(scene.ada, 'editMessage', { messageId: message, text: `under way ${number}` })
      const held = scene.server.documents.holdRead(number)
      letGo()
      const came = reader.until((frames) => frames.length > 1)
      if ((await Promise.race([held.asked.then(() => 'held'), came])) !== 'held') {
        held.letGo()
        reader.drop()
        return
      }
      await scene.remove(world.room)
      await mutate(scene.ada, 'editMessage', { messageId: message, text: `edited ${word}` })
      await scene.letIn(world.room)
      await scene.caughtUp(world.room)
      held.letGo()
      expect(await reader.ended).toEqual({ how: 'complete', codes: [] })
      reader.drop()
      expect(JSON.stringify(reader.frames), `read ${number}`).not.toContain(word)
      message = await scene.say(world.room, 'another text')
    }
  })
})
