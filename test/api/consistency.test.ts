import { describe, expect, test } from 'vitest'
import { callControl } from '../../src/cli/control.ts'
import { ApiClient, createRoom, guest, join, registered, send } from '../support/client.ts'
import { startTestServer, storesInFolder } from '../support/testServer.ts'

const newest = 'query ($id: ID) { room(id: $id) { lastNumber messages(last: 1) { nodes { text } } } }'

/** Half of the queries name the position in a header, the others in their extensions. */
const atLeast = (position: string, n: number) =>
  n % 2 === 0 ? { headers: { 'parley-at-least': position } } : { extensions: { atLeast: position } }

/** Well formed, and far beyond what this log will ever hold. */
const farFuture = storesInFolder() ? 'ffffffffffffff' : '7fffffffffffffff'.repeat(2)

/** Hundreds of sends in turn: each waits for the disk. */
const slowly = { timeout: 120_000 }

describe('READYOURWRITES', () => {
  test('a query of another session that carries the position of a send sees it, 200 times', slowly, async () => {
    await using server = await startTestServer()
    const ada = await registered(server.graphql, 'ada')
    const reader = await guest(server.graphql)
    const room = await createRoom(ada, 'Positions')
    for (let n = 1; n <= 200; n++) {
      const { position } = await send(ada, room.id, `message ${n}`)
      const { room: seen } = await reader.query(newest, { id: room.id }, atLeast(position, n))
      expect(seen).toEqual({ lastNumber: n, messages: { nodes: [{ text: `message ${n}` }] } })
    }
  })

  test(
    "a session's own queries see its writes without saying so, while the projections are rebuilt too",
    slowly,
    async () => {
      await using server = await startTestServer()
      const ada = await registered(server.graphql, 'ada')
      const reader = await guest(server.graphql)
      const room = await createRoom(ada, 'Rebuilding')
      for (let n = 1; n <= 100; n++) await send(ada, room.id, `before ${n}`)
      let rebuilding = true
      const rebuilt = callControl(server.folder, 'projections.rebuild', { all: true }).finally(() => {
        rebuilding = false
      })
      let n = 100
      for (; rebuilding || n < 200; n++) {
        const { position } = await send(ada, room.id, `message ${n + 1}`)
        const expected = { lastNumber: n + 1, messages: { nodes: [{ text: `message ${n + 1}` }] } }
        expect((await ada.query(newest, { id: room.id })).room).toEqual(expected)
        expect((await reader.query(newest, { id: room.id }, atLeast(position, n))).room).toEqual(expected)
      }
      await rebuilt
      const { room: after } = await ada.query(newest, { id: room.id })
      expect(after.lastNumber).toBe(n)
    },
  )

  test('in one mutation, what stands after it sees what it did', async () => {
    await using server = await startTestServer()
    const ada = await registered(server.graphql, 'ada')
    const room = await createRoom(ada, 'One operation')
    const data = await ada.query(
      `mutation ($id: ID!) {
        one: sendMessage(input: { conversationId: $id, text: "one" }) { ... on SendMessagePayload { conversation { lastNumber messages { nodes { text } } } } }
        two: sendMessage(input: { conversationId: $id, text: "two" }) { ... on SendMessagePayload { conversation { lastNumber } } }
      }`,
      { id: room.id },
    )
    expect(data).toEqual({
      one: { conversation: { lastNumber: 1, messages: { nodes: [{ text: 'one' }] } } },
      two: { conversation: { lastNumber: 2 } },
    })
  })

  test('a position that is none is refused', async () => {
    await using server = await startTestServer()
    const ada = await guest(server.graphql)
    for (const position of ['x', 'g'.repeat(14), '0', '-1', '0'.repeat(17)])
      for (const options of [atLeast(position, 0), atLeast(position, 1)]) {
        const { status, body } = await ada.post('{ viewer { id } }', {}, options)
        expect([status, body.errors?.[0]?.extensions?.code], position).toEqual([400, 'BAD_INPUT'])
      }
    const { body } = await ada.post('{ viewer { id } }', {}, { extensions: { atLeast: 7 } })
    expect(body.errors?.[0]?.extensions?.code).toBe('BAD_INPUT')
  })

  test('one that the log does not reach is answered at once, and says that it is behind', async () => {
    await using server = await startTestServer()
    const ada = await guest(server.graphql)
    const began = performance.now()
    const { body } = await ada.post('{ viewer { user { kind } } }', {}, atLeast(farFuture, 0))
    expect(performance.now() - began).toBeLessThan(1_500)
    expect(body).toMatchObject({
      data: { viewer: { user: { kind: 'GUEST' } } },
      extensions: { parley: { behind: true, position: expect.any(String) } },
    })
    const { body: next } = await ada.post('{ viewer { user { kind } } }')
    expect(next.extensions).toBeUndefined()
  })

  test('one that a mutation carries does not hold up what comes after it', async () => {
    await using server = await startTestServer()
    const ada = await registered(server.graphql, 'ada')
    const room = await createRoom(ada, 'Far future')
    const bob = await guest(server.graphql)
    const document = 'mutation ($input: JoinRoomInput!) { joinRoom(input: $input) { __typename } }'
    await bob.post(document, { input: { roomId: room.id } }, atLeast(farFuture, 0))
    const { body } = await bob.post(newest, { id: room.id })
    expect(body).toMatchObject({ data: { room: { lastNumber: 0 } } })
    expect(body.extensions).toBeUndefined()
  })

  test('nobody who is not signed in has anything to wait for', async () => {
    await using server = await startTestServer()
    const { data } = (await new ApiClient(server.graphql).post('{ viewer { id } }', {}, atLeast(farFuture, 1))).body
    expect(data).toEqual({ viewer: null })
  })

  test('two people who write in turns read each other by positions', slowly, async () => {
    await using server = await startTestServer()
    const ada = await registered(server.graphql, 'ada')
    const bob = await guest(server.graphql)
    const room = await createRoom(ada, 'In turns')
    await join(bob, room.id)
    for (let n = 1; n <= 60; n++) {
      const [writer, reader] = n % 2 === 0 ? [ada, bob] : [bob, ada]
      const { position } = await send(writer, room.id, `turn ${n}`)
      const { room: seen } = await reader.query(
        'query ($id: ID) { room(id: $id) { unreadCount lastMessage { text } } }',
        { id: room.id },
        atLeast(position, n),
      )
      expect(seen, `turn ${n}`).toEqual({ unreadCount: 1, lastMessage: { text: `turn ${n}` } })
    }
  })
})
