// The first frame of a subscription says whether its frames are made once for many, and if not, which field prevents it.

import { afterAll, beforeAll, expect, test } from 'vitest'
import { createRoom, registered, send } from '../support/client.ts'
import { type LiveTransport, liveTransports, readLive } from '../support/liveReader.ts'
import { startTestServer } from '../support/testServer.ts'

let server: Awaited<ReturnType<typeof startTestServer>>
let ada: Awaited<ReturnType<typeof registered>>
let room: string
beforeAll(async () => {
  server = await startTestServer()
  ada = await registered(server.graphql, 'ada')
  room = (await createRoom(ada, 'Tea')).id
})
afterAll(() => server[Symbol.asyncDispose]())

const feed = (selection: string, fragments = '') =>
  `subscription ($room: ID!) { conversationFeed(conversationId: $room) { cursor ${selection} } } ${fragments}`

const documents: Readonly<Record<string, readonly [document: string, because: string | undefined]>> = {
  'what is the same for everyone': [feed('events { __typename ... on MessageSent { message { text } } }'), undefined],
  'a field that is per viewer': [
    feed('events { ... on MessageSent { message { conversation { unreadCount } } } }'),
    'Conversation.unreadCount',
  ],
  'one in a fragment of a fragment': [
    feed(
      '...Frame',
      'fragment Frame on ConversationFeedPayload { events { ...Event } } fragment Event on ConversationEvent { conversation { viewerMembership { id } } }',
    ),
    'Conversation.viewerMembership',
  ],
  'one of an interface': [
    feed('events { ... on InboxEvent { occurredAt ... on ConversationEvent { conversation { unreadCount } } } }'),
    'Conversation.unreadCount',
  ],
  'interfaces that show the same': [feed('events { ... on InboxEvent { cursor occurredAt } }'), undefined],
  'another kind of feed': ['subscription { serverFeed { cursor } }', 'Subscription.serverFeed'],
}

test.each(
  liveTransports.flatMap((transport) =>
    Object.keys(documents).map((name): [LiveTransport, string] => [transport, name]),
  ),
)('over %s: %s', async (transport, name) => {
  const [query, because] = documents[name] ?? ['', undefined]
  const { graphql } = server
  const reader = readLive(transport, { graphql, token: ada.token, query, variables: { room } })
  await reader.until((frames) => frames.length > 0)
  if (name !== 'another kind of feed') {
    await send(ada, room, name)
    await reader.until((frames) => frames.length > 1)
  }
  reader.drop()
  const parley = because === undefined ? { shared: true } : { shared: false, because }
  const [first, ...rest] = reader.extensions
  expect(first).toEqual({ parley })
  expect(rest.filter((extensions) => extensions !== undefined)).toEqual([])
})
