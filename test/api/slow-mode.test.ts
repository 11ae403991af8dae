import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ApiClient, type Data, guest, join, registered } from '../support/client.ts'
import { mutate } from '../support/mutate.ts'
import { startTestServer, type TestServer } from '../support/testServer.ts'

type Person = ApiClient & { readonly userId: string }

let server: TestServer
let ada: Person
let bob: Person
beforeAll(async () => {
  server = await startTestServer()
  ;[ada, bob] = await Promise.all([registered(server.graphql, 'ada'), guest(server.graphql)])
})
afterAll(() => server[Symbol.asyncDispose]())

const slowRoom = async (name: string, slowModeSeconds: number): Promise<string> => {
  const { room } = await mutate(ada, 'createRoom', { name }, 'room { id slowModeSeconds }')
  expect(room.slowModeSeconds).toBe(0)
  expect(
    await mutate(ada, 'updateRoom', { roomId: room.id, slowModeSeconds }, 'room { slowModeSeconds }'),
  ).toMatchObject({ room: { slowModeSeconds } })
  await join(bob, room.id)
  return room.id
}
const say = (client: ApiClient, conversationId: string, text: string, clientMessageId?: string): Promise<Data> =>
  mutate(client, 'sendMessage', { conversationId, text, clientMessageId }, 'duplicate message { number }')

test('plain members wait and are told for how long, owners do not, and a repeat by its key is recognised first', async () => {
  const room = await slowRoom('Slow', 600)
  for (const text of ['one', 'two']) expect(await say(ada, room, text)).toMatchObject({ duplicate: false })
  expect(await say(bob, room, 'three', 'key-1')).toMatchObject({ duplicate: false, message: { number: 3 } })
  const refused = await say(bob, room, 'four')
  expect(refused).toMatchObject({ __typename: 'RateLimitedError', code: 'RATE_LIMITED' })
  expect(refused.retryAfterSeconds).toBeGreaterThan(590)
  expect(refused.retryAfterSeconds).toBeLessThanOrEqual(600)
  expect(await say(bob, room, 'three', 'key-1')).toMatchObject({ duplicate: true, message: { number: 3 } })
  expect(await say(bob, room, 'other', 'key-1')).toMatchObject({
    __typename: 'ConflictError',
    field: 'clientMessageId',
  })

  await mutate(bob, 'leaveRoom', { roomId: room })
  await join(bob, room)
  expect(await say(bob, room, 'four')).toMatchObject({ __typename: 'RateLimitedError' })

  await mutate(ada, 'setMemberRole', { roomId: room, userId: bob.userId, role: 'MODERATOR' })
  expect(await say(bob, room, 'four')).toMatchObject({ message: { number: 4 } })
  await mutate(ada, 'setMemberRole', { roomId: room, userId: bob.userId, role: 'MEMBER' })
  expect(await say(bob, room, 'five')).toMatchObject({ __typename: 'RateLimitedError' })
  await mutate(ada, 'updateRoom', { roomId: room, slowModeSeconds: 0 })
  expect(await say(bob, room, 'five')).toMatchObject({ message: { number: 5 } })
})

test('of several sent at the same instant one goes through', async () => {
  const room = await slowRoom('Hasty', 600)
  const answers = await Promise.all(Array.from({ length: 5 }, (_, n) => say(bob, room, `word ${n}`)))
  expect(answers.map(({ __typename }) => __typename).sort()).toEqual([
    ...Array.from({ length: 4 }, () => 'RateLimitedError'),
    'SendMessagePayload',
  ])
})

test('after the time that was told, it goes through', async () => {
  const room = await slowRoom('Brief', 1)
  await say(bob, room, 'one')
  const { retryAfterSeconds = 0 } = await say(bob, room, 'two')
  await new Promise((resolve) => setTimeout(resolve, retryAfterSeconds * 1_000))
  expect(await say(bob, room, 'two')).toMatchObject({ message: { number: 2 } })
})

test.each([-1, 21_601, null])('%s seconds are refused', async (slowModeSeconds) => {
  const { room } = await mutate(ada, 'createRoom', { name: `Refused ${slowModeSeconds}` }, 'room { id }')
  expect(await mutate(ada, 'updateRoom', { roomId: room.id, slowModeSeconds })).toMatchObject({
    __typename: 'ValidationError',
    field: 'slowModeSeconds',
  })
})

test('a plain member does not set it', async () => {
  const room = await slowRoom('Not theirs', 10)
  expect(await mutate(bob, 'updateRoom', { roomId: room, slowModeSeconds: 0 })).toMatchObject({
    __typename: 'ForbiddenError',
  })
})
