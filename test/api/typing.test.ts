// Who types: told to others for some seconds, stored nowhere.

import { expect, test } from 'vitest'
import { ApiClient, createRoom, type Data, join, registered, send } from '../support/client.ts'
import { type Following, follow } from '../support/following.ts'
import { mutate } from '../support/mutate.ts'
import { startTestServer } from '../support/testServer.ts'

const watching = (client: ApiClient, conversationId: string): Following =>
  follow(client, 'subscription ($id: ID!) { typing(conversationId: $id) { users { username } } }', {
    id: conversationId,
  })
const setTyping = (client: ApiClient, conversationId: string, typing = true) =>
  mutate(client, 'setTyping', { conversationId, typing }, 'conversation { id typing { username } }')
const names = ({ users }: Data): readonly string[] => users.map(({ username }: Data) => username)
const typingNow = async (client: ApiClient, id: string): Promise<readonly string[]> => {
  const { conversation } = await client.query('query ($id: ID!) { conversation(id: $id) { typing { username } } }', {
    id,
  })
  return names({ users: conversation.typing })
}
/** The newest frame says this. */
const shows = (followed: Following, ...people: readonly string[]) =>
  expect.poll(() => names(followed.frames.at(-1) ?? { users: ['nothing yet'] }), { timeout: 15_000 }).toEqual(people)

test('who types is shown to everyone who reads, until they send, stop, or 6 s are over', async () => {
  await using server = await startTestServer()
  const ada = await registered(server.graphql, 'ada')
  const bob = await registered(server.graphql, 'bob')
  const { id } = await createRoom(ada, 'Tea')
  await join(bob, id)
  await using followed = watching(ada, id)
  expect(names(await followed.frame(0))).toEqual([])

  expect(await setTyping(bob, id)).toMatchObject({ conversation: { id, typing: [{ username: 'bob' }] } })
  await shows(followed, 'bob')
  await setTyping(ada, id)
  await shows(followed, 'bob', 'ada')
  // Whoever comes now is told the present state.
  await using late = watching(bob, id)
  expect(names(await late.frame(0))).toEqual(['bob', 'ada'])
  await send(bob, id, 'There it is')
  await shows(followed, 'ada')
  await setTyping(ada, id, false)
  await shows(followed)

  const begun = performance.now()
  await setTyping(bob, id)
  await shows(followed, 'bob')
  const told = followed.frames.length
  await setTyping(bob, id)
  await shows(followed)
  expect(performance.now() - begun).toBeGreaterThan(6_000)
  // Saying it again is no change.
  expect(followed.frames.length).toBe(told + 1)
  expect(await typingNow(ada, id)).toEqual([])
}, 60_000)

test('changes that come together are one frame', async () => {
  await using server = await startTestServer()
  const ada = await registered(server.graphql, 'ada')
  const { id } = await createRoom(ada, 'Tea')
  await using followed = watching(ada, id)
  await followed.frame(0)
  for (let n = 0; n < 20; n++) await setTyping(ada, id, n % 2 === 0)
  await setTyping(ada, id)
  await shows(followed, 'ada')
  expect(followed.frames.length).toBeLessThan(12)
})

test('only members of a conversation type there, and who may not see it is told that there is none', async () => {
  await using server = await startTestServer()
  const ada = await registered(server.graphql, 'ada')
  const bob = await registered(server.graphql, 'bob')
  const { id } = await createRoom(ada, 'Tea')
  const { room } = await mutate(ada, 'createRoom', { name: 'Garden', visibility: 'PRIVATE' }, 'room { id }')
  expect(await setTyping(bob, id)).toMatchObject({ __typename: 'ForbiddenError', field: 'conversationId' })
  expect(await setTyping(bob, room.id)).toMatchObject({ __typename: 'NotFoundError', field: 'conversationId' })
  expect(await setTyping(bob, ada.userId)).toMatchObject({ __typename: 'NotFoundError' })
  await using stranger = watching(bob, room.id)
  expect(await stranger.ended).toEqual(['NOT_FOUND'])
  await using anonymous = watching(new ApiClient(server.graphql), id)
  expect(await anonymous.ended).toEqual(['UNAUTHENTICATED'])

  await join(bob, id)
  await setTyping(bob, id)
  expect(await typingNow(ada, id)).toEqual(['bob'])
  await mutate(ada, 'archiveRoom', { roomId: id })
  expect(await typingNow(ada, id)).toEqual([])
  expect(await setTyping(bob, id)).toMatchObject({ __typename: 'ForbiddenError' })
})

test('leaving ends it', async () => {
  await using server = await startTestServer()
  const ada = await registered(server.graphql, 'ada')
  const bob = await registered(server.graphql, 'bob')
  const { id } = await createRoom(ada, 'Tea')
  await join(bob, id)
  await using followed = watching(ada, id)
  await setTyping(bob, id)
  await shows(followed, 'bob')
  await mutate(bob, 'leaveRoom', { roomId: id })
  await shows(followed)
})

test('REVOKE: following ends with the right to read', async () => {
  await using server = await startTestServer()
  const ada = await registered(server.graphql, 'ada')
  const bob = await registered(server.graphql, 'bob')
  const { id } = await createRoom(ada, 'Tea')
  await using followed = watching(bob, id)
  await followed.frame(0)
  await mutate(ada, 'updateRoom', { roomId: id, visibility: 'PRIVATE' })
  expect(await followed.ended).toEqual([])
  await setTyping(ada, id)
  expect(followed.frames).toHaveLength(1)
})

test('in a direct conversation its people see each other type and come, and nobody else does', async () => {
  await using server = await startTestServer()
  const ada = await registered(server.graphql, 'ada')
  const bob = await registered(server.graphql, 'bob')
  const eve = await registered(server.graphql, 'eve')
  const { conversation } = await mutate(ada, 'openDM', { to: [bob.userId] }, 'conversation { id }')
  await using followed = watching(bob, conversation.id)
  await followed.frame(0)
  expect(await setTyping(ada, conversation.id)).toMatchObject({ conversation: { typing: [{ username: 'ada' }] } })
  await shows(followed, 'ada')
  const presence = 'subscription ($id: ID) { presence(conversationId: $id) { users { username } } }'
  await using there = follow(ada, presence, { id: conversation.id })
  await there.until(({ users }) => names({ users }).includes('bob'))
  const { conversation: seen } = await ada.query(
    'query ($id: ID!) { conversation(id: $id) { members(online: true) { nodes { user { username } } } } }',
    { id: conversation.id },
  )
  expect(seen.members.nodes).toContainEqual({ user: { username: 'bob' } })
  expect(await setTyping(eve, conversation.id)).toMatchObject({ __typename: 'NotFoundError' })
  await using stranger = follow(eve, presence, { id: conversation.id })
  expect(await stranger.ended).toEqual(['NOT_FOUND'])
})
