// The feed of what concerns the whole server.

import { expect, test } from 'vitest'
import { anchorOf, encodeServerCursor } from '../../src/live/cursor.ts'
import { ApiClient, createRoom, guest, registered } from '../support/client.ts'
import { type Following, follow } from '../support/following.ts'
import { plantInServerStream } from '../support/serverStream.ts'
import { newFolder, startTestServer } from '../support/testServer.ts'

const presenceTimes = { graceMs: 100, awayAfterMs: 60_000 }

const following = (
  client: ApiClient,
  variables: { readonly after?: string; readonly types?: readonly string[] } = {},
) =>
  follow(
    client,
    `subscription ($after: FeedCursor, $types: [String!]) { serverFeed(after: $after, types: $types) {
      cursor caughtUp reset { reason } events { __typename cursor occurredAt
        ... on UserConnected { user { id presence } onlineCount } ... on UserDisconnected { user { id presence } onlineCount } } } }`,
    variables,
  )
const eventsOf = ({ frames }: Following, userId: string) =>
  frames.flatMap(({ events }) => events).filter(({ user }) => user.id === userId)

test('people who come and go are told of, with how many are there then', async () => {
  await using server = await startTestServer({ presenceTimes })
  const ada = await registered(server.graphql, 'ada')
  const bob = await guest(server.graphql)
  await using followed = following(ada)
  await using leaving = following(ada, { types: ['UserDisconnected'] })
  expect(await followed.frame(0)).toMatchObject({ caughtUp: true, reset: null })
  await leaving.frame(0)
  const socket = bob.socket({ lazy: false, onNonLazyError: () => {} })
  await expect
    .poll(() => eventsOf(followed, bob.userId))
    .toMatchObject([{ __typename: 'UserConnected', user: { presence: 'ONLINE' }, onlineCount: 2 }])
  await socket.dispose()
  await expect
    .poll(() => eventsOf(followed, bob.userId).at(1))
    .toMatchObject({
      __typename: 'UserDisconnected',
      user: { presence: 'OFFLINE' },
      onlineCount: 1,
    })
  await expect.poll(() => eventsOf(leaving, bob.userId)).toMatchObject([{ __typename: 'UserDisconnected' }])

  // They are told of live only: who comes back later hears nothing of them.
  const { cursor } = followed.frames.at(-1) ?? {}
  await using later = following(ada, { after: cursor })
  expect(await later.frame(0)).toMatchObject({ caughtUp: true, reset: null, cursor })
  expect(eventsOf(later, bob.userId)).toEqual([])
})

test('RESUME: the cursor goes past what this version does not know, and an event that is gone is a reset', async () => {
  const folder = await newFolder()
  const planted = await plantInServerStream(folder, 600)
  await using server = await startTestServer({ folder, presenceTimes })
  const ada = await registered(server.graphql, 'ada')
  // Whoever comes and goes meanwhile is not what this is about.
  const types = ['BroadcastSent']
  const at = (revision: number) => encodeServerCursor({ revision, anchor: anchorOf(planted[revision] ?? '') })
  const end = at(599)
  for (const after of [undefined, encodeServerCursor({ revision: -1, anchor: '0'.repeat(16) }), at(10), end]) {
    await using followed = following(ada, { types, ...(after !== undefined && { after }) })
    const last = await followed.until(({ caughtUp }) => caughtUp)
    expect(last).toMatchObject({ cursor: end, reset: null, events: [] })
  }
  const elsewhere = anchorOf('40000000-0000-4000-8000-000000000001')
  for (const revision of [10, 600]) {
    const after = encodeServerCursor({ revision, anchor: elsewhere })
    await using followed = following(ada, { types, after })
    expect(await followed.frame(0)).toMatchObject({ cursor: end, reset: { reason: 'LOG_REPLACED' } })
  }
})

test('a cursor that is damaged or of another feed is BAD_INPUT, and anonymous callers are told to sign in', async () => {
  await using server = await startTestServer({ presenceTimes })
  const ada = await registered(server.graphql, 'ada')
  const { id } = await createRoom(ada, 'Tea')
  const { room } = await ada.query('query ($id: ID) { room(id: $id) { feedCursor } }', { id })
  const own = encodeServerCursor({ revision: -1, anchor: '0'.repeat(16) })
  for (const after of [room.feedCursor, `${own.slice(0, -2)}AA`, 'nonsense']) {
    await using followed = following(ada, { after })
    expect(await followed.ended).toEqual(['BAD_INPUT'])
  }
  await using conversation = follow(
    ada,
    'subscription ($id: ID!, $after: FeedCursor) { conversationFeed(conversationId: $id, after: $after) { cursor } }',
    { id, after: own },
  )
  expect(await conversation.ended).toEqual(['BAD_INPUT'])
  await using anonymous = following(new ApiClient(server.graphql))
  expect(await anonymous.ended).toEqual(['UNAUTHENTICATED'])
})

test('REVOKE: it ends with the session', async () => {
  await using server = await startTestServer({ presenceTimes })
  const ada = await registered(server.graphql, 'ada')
  await using followed = following(ada)
  await followed.frame(0)
  await ada.command('mutation { logout { __typename } }')
  expect(await followed.ended).toEqual(['the socket was closed'])
})
