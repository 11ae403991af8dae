// A plain EventSource as a client of feeds: it asks the address that it was first given, and says which id it has seen last.

import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { createRoom, type Data, guest, join, registered, send } from '../support/client.ts'
import { PlainEventSource, type StreamEvent, streamEvents } from '../support/plainEventSource.ts'
import { chosenSeed, Random } from '../support/random.ts'
import { startTestServer } from '../support/testServer.ts'

/** Where a subscription is had by GET. */
function addressOf(graphql: string, query: string, variables: object = {}, extensions?: object): URL {
  const url = new URL(graphql)
  url.searchParams.set('query', query)
  url.searchParams.set('variables', JSON.stringify(variables))
  if (extensions) url.searchParams.set('extensions', JSON.stringify(extensions))
  return url
}

const textsOf = (events: readonly StreamEvent[]): readonly string[] =>
  events.flatMap(({ data }) => {
    const [feed]: Data[] = Object.values(JSON.parse(data).data)
    return feed?.events.flatMap(({ message }: Data) => (message ? [message.text] : []))
  })

const answer = { timeout: 20_000 }

const documents = {
  'a conversation feed that asks for its cursor':
    'subscription ($id: ID!, $after: FeedCursor) { conversationFeed(conversationId: $id, after: $after) { cursor events { ... on MessageSent { message { text } } } } }',
  'a conversation feed that asks for no cursor and has no place for one':
    'subscription ($id: ID!) { conversationFeed(conversationId: $id) { events { ... on MessageSent { message { text } } } } }',
  'an inbox feed that asks for no cursor':
    'subscription ($after: FeedCursor) { inboxFeed(after: $after) { events { ... on MessageSent { message { text } } } } }',
}

for (const [name, query] of Object.entries(documents))
  test(`RESUME: whenever it is broken off, ${name} brings every message once and in order`, async () => {
    const seed = chosenSeed()
    const random = new Random(seed)
    await using server = await startTestServer()
    const ada = await registered(server.graphql, 'ada')
    const { id } = await createRoom(ada, 'Tea')
    await using source = new PlainEventSource(addressOf(server.graphql, query, { id }), ada.token)
    // The first frame says where it began; a feed without `after` begins now.
    await expect.poll(() => source.lastEventId, answer).toBeDefined()
    const sent = Array.from({ length: 60 }, (_, index) => `message ${index + 1}`)
    for (const text of sent) {
      if (random.chance(0.2)) source.drop()
      await send(ada, id, text)
      if (random.chance(0.3)) await sleep(random.between(0, 15))
    }
    await expect.poll(() => textsOf(source.events).length, answer).toBeGreaterThanOrEqual(sent.length)
    expect(textsOf(source.events), `seed ${seed}`).toEqual(sent)
    expect(source.connections).toBeGreaterThan(1)
    for (const { id: cursor } of source.events) expect(cursor).toMatch(/^[\w-]+$/)
    console.log(`seed ${seed}: ${source.connections} connections`)
  })

test('RESUME: the id of an event is the cursor of its frame, on every feed that has one', async () => {
  await using server = await startTestServer()
  const ada = await registered(server.graphql, 'ada')
  const { id } = await createRoom(ada, 'Tea')
  await send(ada, id, 'one')
  await send(ada, id, 'two')
  const feeds = {
    conversationFeed: '(conversationId: $id) { cursor events { __typename } }',
    inboxFeed: '{ cursor events { __typename } }',
    serverFeed: '{ cursor events { __typename } }',
  }
  for (const [feed, rest] of Object.entries(feeds)) {
    const query = `subscription${rest.startsWith('(') ? '($id: ID!)' : ''} { ${feed}${rest} }`
    const variables = rest.startsWith('(') ? { id } : {}
    for await (const { id: cursor, data } of streamEvents({
      url: addressOf(server.graphql, query, variables),
      token: ada.token,
    })) {
      expect(JSON.parse(data).data[feed].cursor).toBe(cursor)
      break
    }
  }
})

test('presence and typing begin with the present state, and have no ids', async () => {
  await using server = await startTestServer()
  const ada = await registered(server.graphql, 'ada')
  const { id } = await createRoom(ada, 'Tea')
  for (const query of [
    'subscription ($id: ID!) { presence(conversationId: $id) { __typename } }',
    'subscription ($id: ID!) { typing(conversationId: $id) { __typename } }',
  ])
    for await (const event of streamEvents({
      url: addressOf(server.graphql, query, { id }),
      token: ada.token,
      lastEventId: 'of something else',
    })) {
      expect(event).toMatchObject({ id: undefined, type: 'next', data: expect.not.stringContaining('errors') })
      break
    }
})

test('an EventSource that can send no header has its token in the address', async () => {
  await using server = await startTestServer()
  const bob = await guest(server.graphql)
  const { room } = await bob.query('{ room(slug: "general") { id } }')
  await join(bob, room.id)
  const { conversation } = await bob.query('query ($id: ID!) { conversation(id: $id) { feedCursor } }', { id: room.id })
  await send(bob, room.id, 'hello')
  const query = documents['a conversation feed that asks for its cursor']
  const variables = { id: room.id, after: conversation.feedCursor }
  const extensions = { headers: { authorization: `Bearer ${bob.token}` } }
  for await (const event of streamEvents({ url: addressOf(server.graphql, query, variables, extensions) })) {
    expect(textsOf([event])).toEqual(['hello'])
    break
  }
  // Without one it is nobody, and told so in a way that EventSource shows.
  for await (const event of streamEvents({ url: addressOf(server.graphql, query, variables) })) {
    expect(event.data).toContain('UNAUTHENTICATED')
    break
  }
})

test('REVOKE: an id brings nobody back who may not read any more', async () => {
  await using server = await startTestServer()
  const ada = await registered(server.graphql, 'ada')
  const { id } = await createRoom(ada, 'Tea')
  const bob = await registered(server.graphql, 'bob')
  await join(bob, id)
  const url = addressOf(server.graphql, documents['a conversation feed that asks for its cursor'], { id })
  let lastEventId: string | undefined
  for await (const event of streamEvents({ url, token: bob.token })) {
    lastEventId = event.id
    break
  }
  await ada.command(
    'mutation ($input: UpdateRoomInput!) { updateRoom(input: $input) { ... on UpdateRoomPayload { position } } }',
    { input: { roomId: id, visibility: 'PRIVATE' } },
  )
  await ada.command(
    'mutation ($input: RemoveMemberInput!) { removeMember(input: $input) { ... on RemoveMemberPayload { position } } }',
    { input: { roomId: id, userId: bob.userId } },
  )
  await send(ada, id, 'a secret')
  const told: StreamEvent[] = []
  for await (const event of streamEvents({ url, token: bob.token, lastEventId })) told.push(event)
  expect(told.map(({ type }) => type)).toEqual(['next', 'complete'])
  expect(told[0]?.data).toContain('NOT_FOUND')
})
