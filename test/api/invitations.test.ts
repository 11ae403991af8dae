import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ApiClient, type Data, guest, join, registered, send } from '../support/client.ts'
import { mutate } from '../support/mutate.ts'
import { type OpenServer, plantBan, plantUnban, startOpenServer } from '../support/openServer.ts'
import { readable } from '../support/readable.ts'

type Person = ApiClient & { readonly userId: string }

let server: OpenServer
let ada: Person
let bob: Person
beforeAll(async () => {
  server = await startOpenServer()
  ;[ada, bob] = await Promise.all([registered(server.graphql, 'ada'), registered(server.graphql, 'bob')])
})
afterAll(() => server[Symbol.asyncDispose]())

let made = 0
const privateRoom = async (input: object = {}): Promise<string> => {
  const name = `Room ${++made}`
  return (await mutate(ada, 'createRoom', { name, visibility: 'PRIVATE', ...input }, 'room { id }')).room.id
}
const invite = (client: ApiClient, roomId: string, ...userIds: readonly string[]) =>
  mutate(client, 'inviteToRoom', { roomId, userIds }, 'position room { id memberCount }')
const decline = (client: ApiClient, roomId: string) =>
  mutate(client, 'declineInvitation', { roomId }, 'position roomId')

const invitationsOf = async (client: ApiClient): Promise<readonly Data[]> =>
  (await client.query('{ viewer { invitations { id roomId roomName roomTopic invitedBy { username } invitedAt } } }'))
    .viewer.invitations
/** Resolves when they have so many: a process brings them a moment after the room has decided. */
const untilInvited = (client: ApiClient, count = 1) =>
  expect.poll(async () => (await invitationsOf(client)).length, { timeout: 15_000, interval: 20 }).toBe(count)
const untilGone = (client: ApiClient) => untilInvited(client, 0)

test('an invited person sees the name of the room and who invited them, joins, and the invitation is gone', async () => {
  const roomId = await privateRoom({ topic: 'Of what is below' })
  const visitor = await guest(server.graphql)
  expect(await invite(ada, roomId, visitor.userId)).toMatchObject({ room: { id: roomId, memberCount: 1 } })
  await untilInvited(visitor)
  expect(await invitationsOf(visitor)).toEqual([
    {
      id: expect.any(String),
      roomId,
      roomName: expect.stringMatching(/^Room /),
      roomTopic: 'Of what is below',
      invitedBy: { username: 'ada' },
      invitedAt: expect.stringMatching(/Z$/),
    },
  ])
  // Nothing of the room itself until they have joined.
  const see = 'query ($id: ID!) { conversation(id: $id) { id lastNumber } room(id: $id) { name } }'
  expect(await visitor.query(see, { id: roomId })).toEqual({ conversation: null, room: null })
  expect(await join(visitor, roomId)).toMatchObject({ __typename: 'JoinRoomPayload' })
  expect((await visitor.query(see, { id: roomId })).conversation).toEqual({ id: roomId, lastNumber: 0 })
  await untilGone(visitor)
  // Twice is once.
  expect(await join(visitor, roomId)).toMatchObject({ __typename: 'JoinRoomPayload' })
  expect(await decline(visitor, roomId)).toMatchObject({ __typename: 'NotFoundError', field: 'roomId' })
})

test('whoever declines does not get in, declining twice is once, and invited again they get in', async () => {
  const roomId = await privateRoom()
  const visitor = await guest(server.graphql)
  await invite(ada, roomId, visitor.userId)
  await untilInvited(visitor)
  const declined = await decline(visitor, roomId)
  expect(declined).toMatchObject({ __typename: 'DeclineInvitationPayload', roomId })
  expect(await invitationsOf(visitor)).toEqual([])
  expect(await decline(visitor, roomId)).toEqual(declined)
  expect(await join(visitor, roomId)).toMatchObject({ __typename: 'NotFoundError', field: 'roomId' })

  expect(await invite(ada, roomId, visitor.userId)).toMatchObject({ __typename: 'InviteToRoomPayload' })
  await untilInvited(visitor)
  expect(await join(visitor, roomId)).toMatchObject({ __typename: 'JoinRoomPayload' })
})

test('whoever was invited already is not invited again: the position and the invitation stay the same', async () => {
  const roomId = await privateRoom()
  const visitor = await guest(server.graphql)
  const first = await invite(ada, roomId, visitor.userId, visitor.userId)
  await untilInvited(visitor)
  const before = await invitationsOf(visitor)
  expect(await invite(ada, roomId, visitor.userId)).toEqual(first)
  await readable(server.graphql)
  expect(await invitationsOf(visitor)).toEqual(before)
})

test('leaving uses the invitation up; so does being removed', async () => {
  const roomId = await privateRoom()
  const visitor = await guest(server.graphql)
  for (const leave of [
    () => mutate(visitor, 'leaveRoom', { roomId }),
    () => mutate(ada, 'removeMember', { roomId, userId: visitor.userId }),
  ]) {
    await invite(ada, roomId, visitor.userId)
    expect(await join(visitor, roomId)).toMatchObject({ __typename: 'JoinRoomPayload' })
    await leave()
    expect(await join(visitor, roomId)).toMatchObject({ __typename: 'NotFoundError' })
  }
})

describe('who may invite', () => {
  test('to a private room moderators, to a public one members, to an archived one nobody', async () => {
    const visitor = await guest(server.graphql)
    const roomId = await privateRoom()
    await invite(ada, roomId, bob.userId)
    await join(bob, roomId)
    expect(await invite(bob, roomId, visitor.userId)).toMatchObject({ __typename: 'ForbiddenError' })
    await mutate(ada, 'setMemberRole', { roomId, userId: bob.userId, role: 'MODERATOR' })
    expect(await invite(bob, roomId, visitor.userId)).toMatchObject({ __typename: 'InviteToRoomPayload' })

    const open = await privateRoom({ visibility: 'PUBLIC' })
    expect(await invite(bob, open, visitor.userId)).toMatchObject({ __typename: 'ForbiddenError' })
    await join(bob, open)
    expect(await invite(bob, open, visitor.userId)).toMatchObject({ __typename: 'InviteToRoomPayload' })
    await untilInvited(visitor, 2)

    await mutate(ada, 'archiveRoom', { roomId })
    await mutate(ada, 'archiveRoom', { roomId: open })
    expect(await invite(ada, roomId, visitor.userId)).toMatchObject({ __typename: 'ConflictError', code: 'ARCHIVED' })
    expect(await join(visitor, roomId)).toMatchObject({ __typename: 'ConflictError', code: 'ARCHIVED' })
    // What cannot be joined is not shown; open again, it is.
    expect(await invitationsOf(visitor)).toEqual([])
    await mutate(ada, 'unarchiveRoom', { roomId })
    await readable(server.graphql)
    expect((await invitationsOf(visitor)).map((one) => one.roomId)).toEqual([roomId])
  })
})

describe('bad input', () => {
  test('nobody, too many, a member, unknown people, a disabled account', async () => {
    const roomId = await privateRoom()
    const visitor = await guest(server.graphql)
    const gone = await guest(server.graphql)
    await server.plant(`user-${gone.userId.slice('user_'.length)}`, { type: 'UserDisabled', data: {} })
    await readable(server.graphql)
    const unknown = 'user_00000000-0000-4000-8000-000000000000'
    const refusals: readonly (readonly [readonly string[], object])[] = [
      [[], { __typename: 'ValidationError', code: 'BAD_INPUT', field: 'userIds' }],
      [Array.from({ length: 101 }, () => visitor.userId), { code: 'TOO_LARGE', field: 'userIds' }],
      [[visitor.userId, ada.userId], { __typename: 'ConflictError', field: 'userIds.1' }],
      [[unknown], { __typename: 'NotFoundError', field: 'userIds.0' }],
      [['nonsense'], { __typename: 'NotFoundError', field: 'userIds.0' }],
      [[roomId], { __typename: 'NotFoundError', field: 'userIds.0' }],
      [[visitor.userId, gone.userId], { __typename: 'ConflictError', field: 'userIds.1' }],
    ]
    for (const [userIds, refusal] of refusals) expect(await invite(ada, roomId, ...userIds)).toMatchObject(refusal)
    // All or none: the one who could have been invited was not.
    await readable(server.graphql)
    expect(await join(visitor, roomId)).toMatchObject({ __typename: 'NotFoundError' })
    expect(await invitationsOf(visitor)).toEqual([])
    for (const text of ['nonsense', visitor.userId, 'room_00000000-0000-4000-8000-000000000000'])
      expect(await decline(visitor, text)).toMatchObject({ __typename: 'NotFoundError', field: 'roomId' })
  })

  test('a banned person is not invited, sees no invitation, and needs a new one when the ban is lifted', async () => {
    const roomId = await privateRoom()
    const visitor = await guest(server.graphql)
    await invite(ada, roomId, visitor.userId)
    await untilInvited(visitor)
    await plantBan(server, roomId, visitor.userId, false)
    // The node hears of what another one appended when it appends itself.
    await send(ada, roomId, 'Gone')
    expect(await invite(ada, roomId, visitor.userId)).toMatchObject({
      __typename: 'ConflictError',
      field: 'userIds.0',
    })
    await untilGone(visitor)
    expect(await join(visitor, roomId)).toMatchObject({ __typename: 'NotFoundError' })
    await plantUnban(server, roomId, visitor.userId)
    await send(ada, roomId, 'Forgiven')
    await readable(server.graphql)
    // The ban has taken the invitation away: it is not shown again, since it leads nowhere.
    expect(await join(visitor, roomId)).toMatchObject({ __typename: 'NotFoundError' })
    expect(await invitationsOf(visitor)).toEqual([])
    expect(await invite(ada, roomId, visitor.userId)).toMatchObject({ __typename: 'InviteToRoomPayload' })
    await untilInvited(visitor)
    expect(await join(visitor, roomId)).toMatchObject({ __typename: 'JoinRoomPayload' })
  })
})

test('declining and being invited again at the same instant: whoever is let in has an invitation that they did not decline', async () => {
  const roomId = await privateRoom()
  const visitor = await guest(server.graphql)
  await invite(ada, roomId, visitor.userId)
  await untilInvited(visitor)
  await Promise.all([decline(visitor, roomId), invite(ada, roomId, visitor.userId), decline(visitor, roomId)])
  // It was the old invitation that was declined, and a new one stands, or there was no new one, and nothing does.
  const { __typename } = await join(visitor, roomId)
  expect(['JoinRoomPayload', 'NotFoundError']).toContain(__typename)
  await untilGone(visitor)
  await invite(ada, roomId, visitor.userId)
  expect(await join(visitor, roomId)).toMatchObject({ __typename: 'JoinRoomPayload' })
})
