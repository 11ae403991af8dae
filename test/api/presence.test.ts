// Who is there, over real sockets and streams, with times that are shorter than they are for people.

import { expect, test } from 'vitest'
import { parley } from '../support/cli.ts'
import { ApiClient, createRoom, type Data, guest, join, registered, send } from '../support/client.ts'
import { type Following, follow } from '../support/following.ts'
import { mutate } from '../support/mutate.ts'
import { startOpenServer } from '../support/openServer.ts'
import { startServerProcess, startTestServer } from '../support/testServer.ts'

const presenceTimes = { graceMs: 300, awayAfterMs: 60_000 }

const fields = 'id username presence statusText lastSeenAt'
const watching = (client: ApiClient, args: Readonly<Record<string, unknown>>, socket = client.socket()): Following =>
  follow(
    client,
    `subscription ($conversationId: ID, $userIds: [ID!]) { presence(conversationId: $conversationId, userIds: $userIds) { initial users { ${fields} } } }`,
    args,
    socket,
  )
const seen = async (client: ApiClient, id: string): Promise<Data> =>
  (await client.query(`query ($id: ID) { user(id: $id) { ${fields} } }`, { id })).user
const statuses = ({ users }: Data): readonly string[] =>
  users.map(({ username, presence }: Data) => `${username} ${presence}`).sort()
const saysOf = (name: string, presence: string) => (frame: Data) => statuses(frame).includes(`${name} ${presence}`)
/** Connects at once; that the server goes is what some tests are about. */
const open = { lazy: false, onNonLazyError: () => {} }
/** A device that asks nothing more: a socket that is open. */
async function device(client: ApiClient) {
  const socket = client.socket(open)
  await new Promise<void>((resolve) => socket.on('connected', () => resolve()))
  return socket
}
const setPresence = (client: ApiClient, input: Readonly<Record<string, unknown>>) =>
  mutate(client, 'setPresence', input, `position user { ${fields} }`)

test('somebody is there with the first of several devices, and gone with the last, after the grace', async () => {
  await using server = await startTestServer({ presenceTimes })
  const ada = await registered(server.graphql, 'ada')
  const bob = await registered(server.graphql, 'bob')
  await using followed = watching(ada, { userIds: [bob.userId] })
  expect(await followed.frame(0)).toMatchObject({ initial: true, users: [{ presence: 'OFFLINE', lastSeenAt: null }] })
  const laptop = await device(bob)
  expect(await followed.frame(1)).toMatchObject({ initial: false, users: [{ presence: 'ONLINE', lastSeenAt: null }] })
  const phone = await device(bob)
  await laptop.dispose()
  await phone.dispose()
  const again = await device(bob)
  await new Promise((resolve) => setTimeout(resolve, 600))
  // Two devices, one of them closed, and a reconnect within the grace: nothing to tell.
  expect(followed.frames).toHaveLength(2)
  const before = Date.now()
  await again.dispose()
  const gone = await followed.frame(2)
  expect(statuses(gone)).toEqual(['bob OFFLINE'])
  expect(Math.abs(Date.parse(gone.users[0].lastSeenAt) - before)).toBeLessThan(1_000)
  expect(await seen(ada, bob.userId)).toMatchObject({ presence: 'OFFLINE', lastSeenAt: gone.users[0].lastSeenAt })
})

test('an event stream is a device, and so is a socket with a token of the operation, while it is open', async () => {
  await using server = await startTestServer({ presenceTimes })
  const ada = await registered(server.graphql, 'ada')
  const bob = await registered(server.graphql, 'bob')
  await using followed = watching(ada, { userIds: [bob.userId] })
  await followed.frame(0)
  const query = `subscription { presence(userIds: ["${ada.userId}"]) { initial } }`
  const aborting = new AbortController()
  const response = await fetch(server.graphql, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'text/event-stream',
      authorization: `Bearer ${bob.token}`,
    },
    body: JSON.stringify({ query }),
    signal: aborting.signal,
  })
  expect(response.status).toBe(200)
  expect(statuses(await followed.frame(1))).toEqual(['bob ONLINE'])
  aborting.abort()
  expect(statuses(await followed.frame(2))).toEqual(['bob OFFLINE'])

  // Ada's own socket carries an operation of Bob's.
  const socket = ada.socket()
  const own = socket.iterate({ query, extensions: { headers: { authorization: `Bearer ${bob.token}` } } })
  await own.next()
  expect(statuses(await followed.frame(3))).toEqual(['bob ONLINE'])
  await own.return?.()
  expect(statuses(await followed.frame(4))).toEqual(['bob OFFLINE'])
  await socket.dispose()
})

test('somebody who asks nothing on any device is away, and back with the next operation', async () => {
  await using server = await startTestServer({ presenceTimes: { graceMs: 300, awayAfterMs: 500 } })
  const ada = await registered(server.graphql, 'ada')
  const bob = await registered(server.graphql, 'bob')
  await using followed = watching(ada, { userIds: [bob.userId] })
  await followed.frame(0)
  const [laptop, phone] = [await device(bob), await device(bob)]
  expect(statuses(await followed.frame(1))).toEqual(['bob ONLINE'])
  expect(statuses(await followed.frame(2))).toEqual(['bob AWAY'])
  await laptop.iterate({ query: '{ viewer { id } }' }).next()
  expect(statuses(await followed.frame(3))).toEqual(['bob ONLINE'])
  await Promise.all([laptop.dispose(), phone.dispose()])
})

test('what is set by hand wins while a device is there, and null clears it', async () => {
  await using server = await startTestServer({ presenceTimes })
  const ada = await registered(server.graphql, 'ada')
  const bob = await guest(server.graphql, 'Bob')
  expect(await setPresence(bob, { status: 'BUSY', statusText: '  In a meeting ' })).toMatchObject({
    user: { presence: 'OFFLINE', statusText: 'In a meeting' },
  })
  const laptop = await device(bob)
  await expect.poll(async () => (await seen(ada, bob.userId)).presence).toBe('BUSY')
  expect(await setPresence(bob, { status: 'AWAY' })).toMatchObject({
    user: { presence: 'AWAY', statusText: 'In a meeting' },
  })
  expect(await setPresence(bob, { status: null, statusText: null })).toMatchObject({
    user: { presence: 'ONLINE', statusText: null },
  })
  const { position } = await setPresence(bob, { status: 'BUSY' })
  expect(await setPresence(bob, { status: 'BUSY' })).toMatchObject({ position })
  await laptop.dispose()
  await expect.poll(async () => (await seen(ada, bob.userId)).presence).toBe('OFFLINE')
})

test('nobody is OFFLINE by hand, and a status text is one short line', async () => {
  await using server = await startTestServer()
  const bob = await guest(server.graphql)
  const refused: readonly [object, string, string][] = [
    [{ status: 'OFFLINE' }, 'BAD_INPUT', 'status'],
    [{ statusText: 'x'.repeat(101) }, 'TOO_LARGE', 'statusText'],
    [{ statusText: 'a\nb' }, 'BAD_INPUT', 'statusText'],
  ]
  for (const [input, code, field] of refused)
    expect(await setPresence(bob, { ...input })).toMatchObject({ __typename: 'ValidationError', code, field })
})

test('a conversation shows its members who are there, then those who change, and nobody else', async () => {
  await using server = await startTestServer({ presenceTimes })
  const ada = await registered(server.graphql, 'ada')
  const [bob, eve, dan] = [
    await registered(server.graphql, 'bob'),
    await registered(server.graphql, 'eve'),
    await registered(server.graphql, 'dan'),
  ]
  const { id: conversationId } = await createRoom(ada, 'Tea')
  await join(bob, conversationId)
  await join(dan, conversationId)
  const devices = [await device(bob), await device(eve)]
  const reader = ada.socket()
  await using followed = watching(ada, { conversationId }, reader)
  // Ada's own device is there by the time that she subscribes, or soon after.
  await followed.until(saysOf('bob', 'ONLINE'))
  expect(followed.frames[0]).toMatchObject({ initial: true })
  const dans = await device(dan)
  await followed.until(saysOf('dan', 'ONLINE'))
  await dans.dispose()
  await followed.until(saysOf('dan', 'OFFLINE'))
  expect(followed.frames.flatMap(statuses).filter((status) => status.startsWith('eve'))).toEqual([])

  const room = async (fieldsOf: string) =>
    (await ada.query(`query ($id: ID) { room(id: $id) { ${fieldsOf} } }`, { id: conversationId })).room
  expect(await room('onlineCount')).toEqual({ onlineCount: 2 })
  const members = 'totalCount nodes { user { username } }'
  const { there, others } = await room(
    `there: members(online: true) { ${members} } others: members(online: false) { ${members} }`,
  )
  expect(there).toEqual({ totalCount: 2, nodes: [{ user: { username: 'ada' } }, { user: { username: 'bob' } }] })
  expect(others).toEqual({ totalCount: 1, nodes: [{ user: { username: 'dan' } }] })
  const { server: counts } = await ada.query('{ server { onlineCount connectionCount } }')
  expect(counts).toEqual({ onlineCount: 3, connectionCount: 3 })
  for (const socket of devices) await socket.dispose()
})

test('people are listed by name, by the beginning of a name, and by whether they are there', async () => {
  await using server = await startTestServer({ presenceTimes })
  const ada = await registered(server.graphql, 'ada')
  const bob = await registered(server.graphql, 'Bob')
  await registered(server.graphql, 'bea')
  await guest(server.graphql, 'Beatrix')
  await mutate(bob, 'updateProfile', { displayName: 'Übergroß' })
  const list = async (args: string) => {
    const { users } = await ada.query(
      `{ users(${args}) { totalCount pageInfo { endCursor hasNextPage } nodes { username displayName } } }`,
    )
    return { ...users, names: users.nodes.map(({ displayName }: Data) => displayName) }
  }
  expect(await list('first: 10')).toMatchObject({ totalCount: 4 })
  expect((await list('query: "B"')).names.sort()).toEqual(['Beatrix', 'bea', 'Übergroß'])
  expect((await list('query: "ÜBER"')).names).toEqual(['Übergroß'])
  expect((await list('query: "nobody"')).names).toEqual([])
  const first = await list('query: "b", first: 1')
  const rest = await list(`query: "b", first: 5, after: "${first.pageInfo.endCursor}"`)
  expect([first.names.length, rest.names.length, first.pageInfo.hasNextPage]).toEqual([1, 2, true])
  const laptop = await device(bob)
  await expect.poll(async () => (await list('online: true')).names).toEqual(['Übergroß'])
  expect(await list('online: true, query: "a"')).toMatchObject({ names: [], totalCount: 0 })
  expect(await list('online: false')).toMatchObject({ totalCount: 3 })
  await laptop.dispose()
})

const ids = (count: number) =>
  Array.from({ length: count }, (_, n) => `user_00000000-0000-4000-8000-${`${n}`.padStart(12, '0')}`)

test('presence of nothing, of both, of too many, and of what is not there, is refused', async () => {
  await using server = await startTestServer()
  const ada = await guest(server.graphql)
  const refused: readonly [Readonly<Record<string, unknown>>, string][] = [
    [{}, 'BAD_INPUT'],
    [{ conversationId: 'room_x', userIds: ids(1) }, 'BAD_INPUT'],
    [{ userIds: [] }, 'BAD_INPUT'],
    [{ userIds: ids(10_000) }, 'BAD_INPUT'],
    [{ conversationId: 'nonsense' }, 'NOT_FOUND'],
    [{ conversationId: 'room_00000000-0000-4000-8000-000000000000' }, 'NOT_FOUND'],
  ]
  for (const [args, code] of refused) {
    await using followed = watching(ada, args)
    expect(await followed.ended).toEqual([code])
  }
})

test('people who do not exist are left out, and anonymous callers are told to sign in', async () => {
  await using server = await startTestServer({ presenceTimes })
  const ada = await guest(server.graphql)
  await using followed = watching(ada, { userIds: [...ids(3), ada.userId, 'nonsense'] })
  expect((await followed.frame(0)).users).toMatchObject([{ id: ada.userId }])
  await using anonymous = watching(new ApiClient(server.graphql), { userIds: [ada.userId] })
  expect(await anonymous.ended).toEqual(['UNAUTHENTICATED'])
})

test('REVOKE: following a conversation ends with the right to read it', async () => {
  await using server = await startTestServer({ presenceTimes })
  const ada = await registered(server.graphql, 'ada')
  const bob = await registered(server.graphql, 'bob')
  const { room } = await mutate(ada, 'createRoom', { name: 'Tea', visibility: 'PRIVATE' }, 'room { id }')
  await mutate(ada, 'inviteToRoom', { roomId: room.id, userIds: [bob.userId] })
  await join(bob, room.id)
  await using followed = watching(bob, { conversationId: room.id })
  await followed.frame(0)
  await mutate(ada, 'removeMember', { roomId: room.id, userId: bob.userId })
  expect(await followed.ended).toEqual([])
  await using again = watching(bob, { conversationId: room.id })
  expect(await again.ended).toEqual(['NOT_FOUND'])
})

test('REVOKE: following people ends with the session', async () => {
  await using server = await startTestServer({ presenceTimes })
  const ada = await registered(server.graphql, 'ada')
  await using followed = watching(ada, { userIds: [ada.userId] })
  await followed.frame(0)
  await ada.command('mutation { logout { __typename } }')
  expect(await followed.ended).toEqual(['the socket was closed'])
})

test('a server that stops takes its devices with it, and so does the next start after one that was killed', async () => {
  await using first = await startServerProcess()
  const ada = await registered(first.graphql, 'ada')
  const { folder } = first
  const asked = async (graphql: string) => {
    return await seen(new ApiClient(graphql, ada.token), ada.userId)
  }
  const online = async (client: ApiClient) => {
    const socket = client.socket(open)
    await expect.poll(async () => (await asked(client.graphql)).presence, { timeout: 10_000 }).toBe('ONLINE')
    return socket
  }
  await online(ada)
  await first.kill()
  const killedAt = Date.now()

  await using second = await startServerProcess({ folder })
  const after = await asked(second.graphql)
  expect(after.presence).toBe('OFFLINE')
  expect(Date.parse(after.lastSeenAt)).toBeLessThanOrEqual(killedAt)
  await online(new ApiClient(second.graphql, ada.token))
  expect(await second.stop()).toBe(0)

  await using third = await startServerProcess({ folder })
  expect(await asked(third.graphql)).toMatchObject({ presence: 'OFFLINE' })
  expect((await asked(third.graphql)).lastSeenAt >= after.lastSeenAt).toBe(true)
}, 60_000)

test('a disabled account is not there, and not counted, before its devices are gone', async () => {
  await using server = await startTestServer({ presenceTimes: { graceMs: 60_000, awayAfterMs: 60_000 } })
  const ada = await registered(server.graphql, 'ada')
  const bob = await registered(server.graphql, 'bob')
  const { id } = await createRoom(bob, 'Tea')
  await using followed = watching(ada, { userIds: [bob.userId] })
  const laptop = await device(bob)
  await followed.until(saysOf('bob', 'ONLINE'))
  const { code } = await parley(['user', 'disable', 'bob', '--data', server.folder])
  expect(code).toBe(0)
  await expect.poll(() => statuses(followed.frames.at(-1) ?? {})).toEqual(['bob OFFLINE'])
  const { room, users } = await ada.query(
    'query ($id: ID) { room(id: $id) { onlineCount } users(query: "bob") { totalCount } }',
    { id },
  )
  expect([room.onlineCount, users.totalCount]).toEqual([0, 0])
  await laptop.dispose()
})

test('messages are sent without a word about presence', async () => {
  await using server = await startOpenServer({ presenceTimes })
  const ada = await registered(server.graphql, 'ada')
  const { id } = await createRoom(ada, 'Tea')
  const laptop = await device(ada)
  await expect.poll(async () => (await seen(ada, ada.userId)).presence).toBe('ONLINE')
  const first = await send(ada, id, 'one')
  const later = Array.from({ length: 20 }, (_, n) => `${n}`)
  for (const text of later) await send(ada, id, text)
  // One event a message, and none between them.
  const logged: string[] = []
  for await (const page of server.store.readAll({ after: first.position })) logged.push(...page.map(({ type }) => type))
  expect(logged).toEqual(later.map(() => 'MessageSent'))
  await laptop.dispose()
})
