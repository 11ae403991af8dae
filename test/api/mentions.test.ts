import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ApiClient, createRoom, type Data, guest, join, registered } from '../support/client.ts'
import { mutate } from '../support/mutate.ts'
import { readable } from '../support/readable.ts'
import { startTestServer, type TestServer } from '../support/testServer.ts'

type Person = ApiClient & { readonly userId: string }

const names = ['ada', 'ada.l', 'ada.l-k', 'bob', 'bob_', 'Eve']
let server: TestServer
let people: ReadonlyMap<string, Person>
let owner: Person
let roomId: string
beforeAll(async () => {
  server = await startTestServer()
  owner = await registered(server.graphql, 'owner')
  people = new Map(
    await Promise.all(names.map(async (name) => [name, await registered(server.graphql, name)] as const)),
  )
  roomId = (await createRoom(owner, 'Mentions')).id
})
afterAll(() => server[Symbol.asyncDispose]())

const selection = 'message { id mentions { username } mentionsRoom }'
const sendIn = (who: ApiClient, conversationId: string, text: string) =>
  mutate(who, 'sendMessage', { conversationId, text }, selection)
const mentioned = ({ message }: Data) => message.mentions.map(({ username }: Data) => username)

describe('whom a text mentions', () => {
  test.each([
    ['@ada', ['ada']],
    ['@ADA and @eve', ['ada', 'Eve']],
    ['@ada.l', ['ada.l']],
    ['@ada.l-k!', ['ada.l-k']],
    ['Thanks @ada.', ['ada']],
    ['@ada.l. Then', ['ada.l']],
    ['@ada.l-', ['ada.l']],
    ['@ada...', ['ada']],
    ['@ada.x', ['ada']],
    ['@ada-hoc', ['ada']],
    ['@bob_', ['bob_']],
    ['@bob_x', ['bob']],
    ['@bobby', []],
    ['@bob @bob @BOB', ['bob']],
    ['(@bob), "@ada"', ['bob', 'ada']],
    ['mail@bob', []],
    ['`@bob` and\n```\n@ada\n```', []],
    ['@nobody', []],
    ['@', []],
    ['看@bob吧', ['bob']],
  ])('%j', async (text, expected) => {
    const sent = await sendIn(owner, roomId, text)
    expect(mentioned(sent)).toEqual(expected)
    expect(sent.message.mentionsRoom).toBe(false)
  })

  test.each(['@room', '@all', '@here now', '@Everyone!', '@room.'])('%j is everyone in the room', async (text) => {
    const { message } = await sendIn(owner, roomId, text)
    expect(message).toMatchObject({ mentions: [], mentionsRoom: true })
  })

  test.each(['@rooms', 'x@room', '`@room`'])('%j is not', async (text) => {
    expect((await sendIn(owner, roomId, text)).message.mentionsRoom).toBe(false)
  })

  test('an edit changes whom it shows', async () => {
    const { message } = await sendIn(owner, roomId, '@ada')
    const edited = await mutate(owner, 'editMessage', { messageId: message.id, text: '@bob and @room' }, selection)
    expect(mentioned(edited)).toEqual(['bob'])
    expect(edited.message.mentionsRoom).toBe(true)
    const { message: deleted } = await mutate(owner, 'deleteMessage', { messageId: message.id }, selection)
    expect(deleted).toMatchObject({ mentions: [], mentionsRoom: false })
  })
})

describe('mention counts', () => {
  const counts = async (who: ApiClient, id: string): Promise<Data> => {
    await readable(server.graphql)
    const query = 'query ($id: ID) { room(id: $id) { mentionCount unreadCount } viewer { mentionCount unreadCount } }'
    return await who.query(query, { id })
  }

  test('follow names and @room, not edits; reading and sending clear them', async () => {
    const room = await createRoom(owner, 'Counted')
    const ada = people.get('ada')
    const bob = people.get('bob')
    if (!ada || !bob) throw new Error('Nobody is there.')
    await Promise.all([join(ada, room.id), join(bob, room.id)])
    const { message: first } = await sendIn(owner, room.id, 'Hello @ada')
    await sendIn(owner, room.id, 'Hello @room')
    await sendIn(owner, room.id, 'Hello')
    expect((await counts(ada, room.id)).room).toEqual({ mentionCount: 2, unreadCount: 3 })
    expect((await counts(bob, room.id)).room).toEqual({ mentionCount: 1, unreadCount: 3 })
    await mutate(owner, 'editMessage', { messageId: first.id, text: 'Hello @bob' })
    expect((await counts(ada, room.id)).room).toEqual({ mentionCount: 2, unreadCount: 3 })
    expect((await counts(bob, room.id)).viewer).toEqual({ mentionCount: 1, unreadCount: 3 })
    await mutate(ada, 'markRead', { messageId: first.id })
    expect((await counts(ada, room.id)).room).toEqual({ mentionCount: 1, unreadCount: 2 })
    await sendIn(bob, room.id, 'Hello too')
    expect((await counts(bob, room.id)).room).toEqual({ mentionCount: 0, unreadCount: 0 })
    expect((await counts(owner, room.id)).room).toEqual({ mentionCount: 0, unreadCount: 1 })
  })

  test('a message that mentions somebody by name and with everyone counts once', async () => {
    const room = await createRoom(owner, 'Twice in one')
    const ada = people.get('ada')
    if (!ada) throw new Error('Nobody is there.')
    await join(ada, room.id)
    await sendIn(owner, room.id, '@ada and @room')
    expect((await counts(ada, room.id)).room).toEqual({ mentionCount: 1, unreadCount: 1 })
  })

  test('are 0 for those who are no members', async () => {
    const eve = people.get('Eve')
    if (!eve) throw new Error('Nobody is there.')
    await sendIn(owner, roomId, '@eve @room')
    expect((await counts(eve, roomId)).room).toEqual({ mentionCount: 0, unreadCount: 0 })
  })
})

test('@room is for members of rooms of up to 50, and for moderators of larger ones', async () => {
  const room = await createRoom(owner, 'Large')
  const guests = await Promise.all(Array.from({ length: 49 }, () => guest(server.graphql)))
  for (const one of guests) await join(one, room.id)
  const [plain] = guests
  if (!plain) throw new Error('Nobody is there.')
  const mentionsRoom = async (who: ApiClient) => (await sendIn(who, room.id, '@room')).message.mentionsRoom
  expect([await mentionsRoom(plain), await mentionsRoom(owner)]).toEqual([true, true])
  await join(await guest(server.graphql), room.id)
  expect([await mentionsRoom(plain), await mentionsRoom(owner)]).toEqual([false, true])
  await mutate(owner, 'setMemberRole', { roomId: room.id, userId: plain.userId, role: 'MODERATOR' })
  expect(await mentionsRoom(plain)).toBe(true)
})
