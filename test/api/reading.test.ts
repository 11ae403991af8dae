import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type ApiClient, createRoom, guest, join, registered, send } from '../support/client.ts'
import { mutate } from '../support/mutate.ts'
import { readable } from '../support/readable.ts'
import { startTestServer, type TestServer } from '../support/testServer.ts'

let server: TestServer
let ada: ApiClient
let bob: ApiClient
let roomId: string
/** Five messages of Ada's, before Bob has joined. */
let ids: string[]
let rooms = 0
beforeAll(async () => {
  server = await startTestServer()
  ;[ada, bob] = await Promise.all([registered(server.graphql, 'ada'), guest(server.graphql, 'Bob')])
})
afterAll(() => server[Symbol.asyncDispose]())
beforeEach(async () => {
  roomId = (await createRoom(ada, `Room ${++rooms}`)).id
  ids = []
  for (let n = 0; n < 5; n++) ids.push((await send(ada, roomId, `${n}`)).message.id)
})

const mark = (who: ApiClient, messageId: string | undefined) =>
  mutate(who, 'markRead', { messageId }, 'position number conversation { id unreadCount }')
const state = async (who: ApiClient) => {
  await readable(server.graphql)
  return (
    await who.query(
      'query ($id: ID) { room(id: $id) { unreadCount viewerMembership { readNumber } readMarkers { number user { displayName } } } }',
      { id: roomId },
    )
  ).room
}

describe('what is unread', () => {
  test('begins where somebody joins, and ends where they send', async () => {
    expect(await state(bob)).toMatchObject({ unreadCount: 0, viewerMembership: null })
    await join(bob, roomId)
    expect(await state(bob)).toMatchObject({ unreadCount: 0, viewerMembership: { readNumber: 5 } })
    await send(ada, roomId, 'New')
    expect(await state(bob)).toMatchObject({ unreadCount: 1, viewerMembership: { readNumber: 5 } })
    await send(bob, roomId, 'Answer')
    expect(await state(bob)).toMatchObject({ unreadCount: 0, viewerMembership: { readNumber: 7 } })
    expect(await state(ada)).toMatchObject({ unreadCount: 1, viewerMembership: { readNumber: 6 } })
  })

  test('does not change by edits and deletions', async () => {
    await join(bob, roomId)
    const { message } = await send(ada, roomId, 'New')
    await mutate(ada, 'editMessage', { messageId: message.id, text: 'Newer' })
    await mutate(ada, 'deleteMessage', { messageId: message.id })
    expect(await state(bob)).toMatchObject({ unreadCount: 1 })
  })

  test('begins anew for those who come again', async () => {
    await join(bob, roomId)
    await mutate(bob, 'leaveRoom', { roomId })
    await send(ada, roomId, 'Missed')
    await join(bob, roomId)
    expect(await state(bob)).toMatchObject({ unreadCount: 0, viewerMembership: { readNumber: 6 } })
  })
})

describe('marking as read', () => {
  test('reads up to the message, and never moves back', async () => {
    await join(bob, roomId)
    const later: string[] = []
    for (let n = 0; n < 3; n++) later.push((await send(ada, roomId, `later ${n}`)).message.id)
    expect(await mark(bob, later[1])).toMatchObject({
      __typename: 'MarkReadPayload',
      number: 7,
      conversation: { id: roomId, unreadCount: 1 },
    })
    expect(await mark(bob, ids[0])).toMatchObject({ number: 7, conversation: { unreadCount: 1 } })
    expect(await state(bob)).toMatchObject({
      unreadCount: 1,
      viewerMembership: { readNumber: 7 },
      readMarkers: [{ number: 7, user: { displayName: 'Bob' } }],
    })
  })

  test('within a second is gathered: the highest wins, all are answered after it is stored', async () => {
    await join(bob, roomId)
    const later: string[] = []
    for (let n = 0; n < 8; n++) later.push((await send(ada, roomId, `later ${n}`)).message.id)
    await mark(bob, later[0])
    const began = performance.now()
    const results = await Promise.all([3, 6, 2, 5].map((n) => mark(bob, later[n])))
    expect(performance.now() - began).toBeGreaterThan(300)
    expect(results.map(({ number }) => number)).toEqual([12, 12, 12, 12])
    // One append answers them all.
    expect(new Set(results.map(({ position }) => position)).size).toBe(1)
    expect(await state(bob)).toMatchObject({ unreadCount: 1 })
  })

  test('is for members', async () => {
    expect(await mark(bob, ids[2])).toMatchObject({ __typename: 'ForbiddenError', code: 'FORBIDDEN' })
    await join(bob, roomId)
    expect(await mark(bob, ids[2])).toMatchObject({ __typename: 'MarkReadPayload' })
    await mutate(bob, 'leaveRoom', { roomId })
    expect(await mark(bob, ids[3])).toMatchObject({ __typename: 'ForbiddenError' })
  })

  test('tells the others how far one is, the furthest first', async () => {
    const eve = await guest(server.graphql, 'Eve')
    await Promise.all([join(bob, roomId), join(eve, roomId)])
    await Promise.all([mark(ada, ids[0]), mark(bob, ids[3]), mark(eve, ids[2])])
    expect((await state(ada)).readMarkers).toEqual([
      { number: 4, user: { displayName: 'Bob' } },
      { number: 3, user: { displayName: 'Eve' } },
      { number: 1, user: { displayName: 'ada' } },
    ])
  })
})
