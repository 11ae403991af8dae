import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type ApiClient, createRoom, guest, registered, send } from '../support/client.ts'
import { mutate } from '../support/mutate.ts'
import { readable } from '../support/readable.ts'
import { startTestServer, type TestServer } from '../support/testServer.ts'

type Person = ApiClient & { readonly userId: string }

let server: TestServer
let ada: Person
let bob: Person
let eve: Person
let roomId: string
let rooms = 0
beforeAll(async () => {
  server = await startTestServer()
  ada = await registered(server.graphql, 'ada')
  ;[bob, eve] = await Promise.all([guest(server.graphql, 'Bob'), guest(server.graphql, 'Eve')])
})
afterAll(() => server[Symbol.asyncDispose]())
beforeEach(async () => {
  roomId = (await createRoom(ada, `Room ${++rooms}`)).id
})

const join = (who: Person) => mutate(who, 'joinRoom', { roomId }, 'position room { memberCount }')
const leave = (who: Person) => mutate(who, 'leaveRoom', { roomId }, 'position roomId')
const setRole = (who: Person, whom: Person, role: string) =>
  mutate(who, 'setMemberRole', { roomId, userId: whom.userId, role }, 'position membership { role user { id } }')
const remove = (who: Person, whom: { readonly userId: string }, reason?: string) =>
  mutate(who, 'removeMember', { roomId, userId: whom.userId, reason }, 'position room { memberCount } user { id }')
const seenBy = async (who: ApiClient) => {
  await readable(server.graphql)
  return (
    await who.query(
      'query ($id: ID) { room(id: $id) { memberCount viewerMembership { role } members { nodes { role user { displayName } } } messages { nodes { text } } } }',
      { id: roomId },
    )
  ).room
}

describe('joining and leaving', () => {
  test('twice is once', async () => {
    const joined = await join(bob)
    expect(joined).toMatchObject({ __typename: 'JoinRoomPayload', room: { memberCount: 2 } })
    expect((await join(bob)).position).toBe(joined.position)
    const left = await leave(bob)
    expect(left).toMatchObject({ __typename: 'LeaveRoomPayload', roomId })
    expect((await leave(bob)).position).toBe(left.position)
    expect(await seenBy(bob)).toMatchObject({ memberCount: 1, viewerMembership: null })
  })

  test('where there is no such room, one can do neither', async () => {
    for (const id of ['room_00000000-0000-4000-8000-000000000000', bob.userId, 'x'])
      for (const command of ['joinRoom', 'leaveRoom', 'archiveRoom', 'unarchiveRoom'])
        expect(await mutate(bob, command, { roomId: id }), command).toMatchObject({
          __typename: 'NotFoundError',
          code: 'NOT_FOUND',
        })
  })

  test('whoever is no member reads, and does not write', async () => {
    await send(ada, roomId, 'Welcome')
    expect(await seenBy(bob)).toMatchObject({ viewerMembership: null, messages: { nodes: [{ text: 'Welcome' }] } })
    expect(await send(bob, roomId, 'Thanks')).toMatchObject({ __typename: 'ForbiddenError', code: 'FORBIDDEN' })
  })

  test('the last owner makes another one before leaving', async () => {
    await join(bob)
    expect(await leave(ada)).toMatchObject({ __typename: 'ConflictError', code: 'CONFLICT' })
    expect(await setRole(ada, ada, 'MEMBER')).toMatchObject({ __typename: 'ConflictError' })
    expect(await setRole(ada, bob, 'OWNER')).toMatchObject({ membership: { role: 'OWNER', user: { id: bob.userId } } })
    expect(await leave(ada)).toMatchObject({ __typename: 'LeaveRoomPayload' })
    expect(await setRole(bob, bob, 'OWNER')).toMatchObject({ __typename: 'SetMemberRolePayload' })
  })

  test('who is alone may leave, and may come back as a member', async () => {
    expect(await leave(ada)).toMatchObject({ __typename: 'LeaveRoomPayload' })
    await join(ada)
    expect(await seenBy(ada)).toMatchObject({ memberCount: 1, viewerMembership: { role: 'MEMBER' } })
  })
})

describe('roles', () => {
  test('only owners give them, and only to members', async () => {
    await join(bob)
    expect(await setRole(bob, bob, 'OWNER')).toMatchObject({ __typename: 'ForbiddenError' })
    expect(await setRole(ada, eve, 'MODERATOR')).toMatchObject({ __typename: 'NotFoundError', field: 'userId' })
    const made = await setRole(ada, bob, 'MODERATOR')
    expect((await setRole(ada, bob, 'MODERATOR')).position).toBe(made.position)
    expect(await setRole(bob, ada, 'MEMBER')).toMatchObject({ __typename: 'ForbiddenError' })
    expect(await setRole(ada, bob, 'MEMBER')).toMatchObject({ membership: { role: 'MEMBER' } })
  })

  test('moderators remove those below them, not each other and not owners', async () => {
    await Promise.all([join(bob), join(eve)])
    expect(await remove(bob, eve)).toMatchObject({ __typename: 'ForbiddenError' })
    await setRole(ada, bob, 'MODERATOR')
    expect(await remove(bob, ada)).toMatchObject({ __typename: 'ForbiddenError', field: 'userId' })
    await setRole(ada, eve, 'MODERATOR')
    expect(await remove(bob, eve)).toMatchObject({ __typename: 'ForbiddenError' })
    await setRole(ada, eve, 'MEMBER')
    expect(await remove(bob, eve, 'Too loud')).toMatchObject({ room: { memberCount: 2 }, user: { id: eve.userId } })
    expect(await remove(ada, bob)).toMatchObject({ room: { memberCount: 1 } })
  })

  test('who is removed may still read the public room, and join it again', async () => {
    await join(bob)
    const removed = await remove(ada, bob)
    expect((await remove(ada, bob)).position).toBe(removed.position)
    expect(await send(bob, roomId, 'Still here')).toMatchObject({ __typename: 'ForbiddenError' })
    await send(ada, roomId, 'After')
    expect(await seenBy(bob)).toMatchObject({ viewerMembership: null, messages: { nodes: [{ text: 'After' }] } })
    expect(await join(bob)).toMatchObject({ __typename: 'JoinRoomPayload' })
    expect(await send(bob, roomId, 'Back')).toMatchObject({ __typename: 'SendMessagePayload' })
  })

  test('nobody removes somebody who does not exist', async () => {
    for (const userId of ['user_00000000-0000-4000-8000-000000000000', roomId, 'x'])
      expect(await remove(ada, { userId })).toMatchObject({ __typename: 'NotFoundError', field: 'userId' })
  })

  test('members are listed in the order in which they joined', async () => {
    await join(eve)
    await join(bob)
    expect((await seenBy(bob)).members.nodes).toEqual([
      { role: 'OWNER', user: { displayName: 'ada' } },
      { role: 'MEMBER', user: { displayName: 'Eve' } },
      { role: 'MEMBER', user: { displayName: 'Bob' } },
    ])
  })
})
