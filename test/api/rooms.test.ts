import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ApiClient, guest, registered, send } from '../support/client.ts'
import { mutate } from '../support/mutate.ts'
import { readable } from '../support/readable.ts'
import { startTestServer, type TestServer } from '../support/testServer.ts'

const fields =
  'position room { id name slug topic visibility historyVisibility archived memberCount lastNumber revision createdBy { username } viewerMembership { role } }'
const create = (client: ApiClient, input: Readonly<Record<string, unknown>>) =>
  mutate(client, 'createRoom', input, fields)
const update = (client: ApiClient, input: Readonly<Record<string, unknown>>) =>
  mutate(client, 'updateRoom', input, fields)

let server: TestServer
let ada: ApiClient
let bob: ApiClient
beforeAll(async () => {
  server = await startTestServer()
  ;[ada, bob] = await Promise.all([registered(server.graphql, 'ada'), registered(server.graphql, 'bob')])
})
afterAll(() => server[Symbol.asyncDispose]())

const bySlug = async (slug: string) => {
  await readable(server.graphql)
  return (await ada.query('query ($slug: String) { room(slug: $slug) { id } }', { slug })).room
}

describe('making a room', () => {
  test('its maker owns it, and its slug is made of its name', async () => {
    const made = await create(ada, { name: '  Café & Crème ', topic: 'Of hot drinks' })
    expect(made).toMatchObject({
      __typename: 'CreateRoomPayload',
      room: {
        name: 'Café & Crème',
        slug: 'cafe-creme',
        topic: 'Of hot drinks',
        visibility: 'PUBLIC',
        historyVisibility: 'ALL',
        archived: false,
        memberCount: 1,
        lastNumber: 0,
        revision: 2,
        createdBy: { username: 'ada' },
        viewerMembership: { role: 'OWNER' },
      },
    })
    expect(await bySlug('cafe-creme')).toEqual({ id: made.room.id })
  })

  test('a name of which no letter is left gives a slug all the same', async () => {
    const made = await create(ada, { name: '茶の間' })
    expect(await bySlug(made.room.slug)).toEqual({ id: made.room.id })
  })

  test('a slug can be given, and an empty topic is none', async () => {
    const made = await create(ada, { name: 'Given', slug: 'my-own-1', topic: '  ' })
    expect(made).toMatchObject({ room: { slug: 'my-own-1', topic: null } })
  })

  test.each([
    ['name', { name: '' }],
    ['name', { name: ' \t' }],
    ['name', { name: 'x'.repeat(81) }],
    ['name', { name: 'two\nlines' }],
    ['name', { name: '\u202etfel' }],
    ['slug', { name: 'Bad slug', slug: 'Upper' }],
    ['slug', { name: 'Bad slug', slug: '' }],
    ['slug', { name: 'Bad slug', slug: '-x' }],
    ['slug', { name: 'Bad slug', slug: 'x-' }],
    ['slug', { name: 'Bad slug', slug: 'x'.repeat(65) }],
    ['topic', { name: 'Bad topic', topic: 'x'.repeat(501) }],
    ['idempotencyKey', { name: 'Bad key', idempotencyKey: '' }],
    ['idempotencyKey', { name: 'Bad key', idempotencyKey: 'x'.repeat(65) }],
    ['slug', { name: 'Private', visibility: 'PRIVATE', slug: 'private' }],
    ['historyVisibility', { name: 'Since joined', historyVisibility: 'SINCE_JOINED' }],
    ['historyVisibility', { name: 'Since joined', visibility: 'PUBLIC', historyVisibility: 'SINCE_JOINED' }],
  ])('a bad %s is refused: %j', async (field, input) => {
    expect(await create(ada, input)).toMatchObject({ __typename: 'ValidationError', field })
  })

  test('of three who take one slug at the same instant one gets it', async () => {
    const made = await Promise.all([ada, bob, ada].map((one) => create(one, { name: 'Same Instant' })))
    expect(made.map(({ __typename }) => __typename).sort()).toEqual([
      'ConflictError',
      'ConflictError',
      'CreateRoomPayload',
    ])
    expect(made.find(({ code }) => code)).toMatchObject({ code: 'CONFLICT', field: 'slug' })
    const winner = made.find(({ room }) => room)
    expect(await bySlug('same-instant')).toEqual({ id: winner?.room.id })
  })

  test('ONCE: a repeated key makes no second room, at once, concurrently or after the room was renamed', async () => {
    const input = { name: 'Only Once', idempotencyKey: 'once' }
    const made = await Promise.all(Array.from({ length: 8 }, () => create(ada, input)))
    expect(new Set(made.map(({ room }) => room.id)).size).toBe(1)
    const id = made[0]?.room.id
    await update(ada, { roomId: id, name: 'Renamed', slug: 'renamed' })
    expect(await create(ada, input)).toMatchObject({ room: { id, name: 'Renamed', slug: 'renamed' } })
    for (const name of ['Another', 'Renamed'])
      expect(await create(ada, { ...input, name })).toMatchObject({ __typename: 'ConflictError', code: 'CONFLICT' })
    // The key is the person's own.
    expect((await create(bob, { ...input, name: 'Bob once' })).room.id).not.toBe(id)
  })

  test('guests make none, and hold no slug for having tried', async () => {
    const visitor = await guest(server.graphql)
    expect(await create(visitor, { name: 'Wanted' })).toMatchObject({ __typename: 'ForbiddenError', code: 'FORBIDDEN' })
    expect(await create(ada, { name: 'Wanted' })).toMatchObject({ room: { slug: 'wanted' } })
  })
})

describe('changing a room', () => {
  test('what is given changes, what is left out stays, a topic of null goes', async () => {
    const { room } = await create(ada, { name: 'Changing', topic: 'Before' })
    expect(await update(ada, { roomId: room.id, name: 'Changed' })).toMatchObject({
      room: { name: 'Changed', slug: 'changing', topic: 'Before', revision: 3 },
    })
    expect(await update(ada, { roomId: room.id, topic: null })).toMatchObject({
      room: { name: 'Changed', topic: null },
    })
    expect(await update(ada, { roomId: room.id, name: 'Changed', topic: '' })).toMatchObject({ room: { revision: 4 } })
  })

  test('a new slug leads to the room, and the old one is free', async () => {
    const { room } = await create(ada, { name: 'Old Place' })
    await update(ada, { roomId: room.id, slug: 'new-place' })
    expect(await bySlug('new-place')).toEqual({ id: room.id })
    expect(await bySlug('old-place')).toBeNull()
    expect(await create(bob, { name: 'Old Place' })).toMatchObject({ room: { slug: 'old-place' } })
    expect(await update(ada, { roomId: room.id, slug: 'old-place' })).toMatchObject({
      __typename: 'ConflictError',
      field: 'slug',
    })
    expect(await bySlug('new-place')).toEqual({ id: room.id })
  })

  test('name and slug cannot be without a value', async () => {
    const { room } = await create(ada, { name: 'Keeps both' })
    for (const field of ['name', 'slug'])
      expect(await update(ada, { roomId: room.id, [field]: null })).toMatchObject({
        __typename: 'ValidationError',
        field,
      })
  })

  test('members and strangers change nothing; of no room there is nothing to change', async () => {
    const { room } = await create(ada, { name: 'Not yours' })
    expect(await update(bob, { roomId: room.id, topic: 'Mine' })).toMatchObject({ __typename: 'ForbiddenError' })
    await mutate(bob, 'joinRoom', { roomId: room.id })
    expect(await update(bob, { roomId: room.id, topic: 'Mine' })).toMatchObject({ __typename: 'ForbiddenError' })
    for (const roomId of ['room_00000000-0000-4000-8000-000000000000', 'nonsense'])
      expect(await update(ada, { roomId, topic: 'x' })).toMatchObject({
        __typename: 'NotFoundError',
        code: 'NOT_FOUND',
      })
  })

  test('a moderator changes the topic, not the name', async () => {
    const { room } = await create(ada, { name: 'Moderated' })
    await mutate(bob, 'joinRoom', { roomId: room.id })
    const { viewer } = await bob.query('{ viewer { id } }')
    await mutate(ada, 'setMemberRole', { roomId: room.id, userId: viewer.id, role: 'MODERATOR' })
    expect(await update(bob, { roomId: room.id, topic: 'Ours' })).toMatchObject({ room: { topic: 'Ours' } })
    expect(await update(bob, { roomId: room.id, name: 'Mine' })).toMatchObject({
      __typename: 'ForbiddenError',
      field: 'name',
    })
  })
})

describe('an archived room', () => {
  test('can be read, and its messages deleted; all else waits until it is open again', async () => {
    const { room } = await create(ada, { name: 'Closing' })
    await mutate(bob, 'joinRoom', { roomId: room.id })
    const [own, kept] = [await send(bob, room.id, 'Mine'), await send(bob, room.id, 'Kept')]
    expect(await mutate(bob, 'archiveRoom', { roomId: room.id })).toMatchObject({ __typename: 'ForbiddenError' })
    const archived = await mutate(ada, 'archiveRoom', { roomId: room.id }, 'position room { archived }')
    expect(archived).toMatchObject({ room: { archived: true } })
    const again = await mutate(ada, 'archiveRoom', { roomId: room.id })
    expect(again.position).toBe(archived.position)

    const refused = { __typename: 'ConflictError', code: 'ARCHIVED' }
    expect(await send(bob, room.id, 'Too late')).toMatchObject(refused)
    expect(await mutate(bob, 'editMessage', { messageId: kept.message.id, text: 'x' })).toMatchObject(refused)
    expect(await update(ada, { roomId: room.id, topic: 'x' })).toMatchObject(refused)
    const visitor = await guest(server.graphql)
    expect(await mutate(visitor, 'joinRoom', { roomId: room.id })).toMatchObject(refused)
    expect(await mutate(bob, 'deleteMessage', { messageId: own.message.id })).toMatchObject({
      __typename: 'DeleteMessagePayload',
    })
    await readable(server.graphql)
    const { room: seen } = await visitor.query('query ($id: ID) { room(id: $id) { messages { nodes { text } } } }', {
      id: room.id,
    })
    expect(seen.messages.nodes).toEqual([{ text: null }, { text: 'Kept' }])

    expect(await mutate(bob, 'unarchiveRoom', { roomId: room.id })).toMatchObject({ __typename: 'ForbiddenError' })
    expect(await mutate(ada, 'unarchiveRoom', { roomId: room.id }, 'room { archived }')).toMatchObject({
      room: { archived: false },
    })
    expect(await send(bob, room.id, 'In time')).toMatchObject({ __typename: 'SendMessagePayload' })
  })
})
