import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ApiClient, type Data, guest, join, registered, send } from '../support/client.ts'
import { mutate } from '../support/mutate.ts'
import { type OpenServer, plantBan, plantServerRole, startOpenServer } from '../support/openServer.ts'
import { readable } from '../support/readable.ts'

type Person = ApiClient & { readonly userId: string }
type Input = Readonly<Record<string, unknown>>

const absentRoom = 'room_00000000-0000-4000-8000-00000000000a'
const absentMessage = 'message_00000000-0000-4000-8000-00000000000b'
const absentMembership = `membership_${absentRoom}_00000000-0000-4000-8000-00000000000c`

let server: OpenServer
let ada: Person
let bob: Person
let hidden: { readonly room: string; readonly message: string; readonly membership: string }
/** Nobody of these may know of Ada's room. */
let others: Readonly<Record<string, ApiClient>>

const made = async (client: ApiClient, input: Input) =>
  await mutate(client, 'createRoom', input, 'room { id slug visibility historyVisibility }')
const updated = (client: ApiClient, input: Input) =>
  mutate(client, 'updateRoom', input, 'room { id slug visibility historyVisibility name }')

beforeAll(async () => {
  server = await startOpenServer()
  ;[ada, bob] = await Promise.all([registered(server.graphql, 'ada'), registered(server.graphql, 'bob')])
  const [admin, banned, visitor, former] = await Promise.all([
    registered(server.graphql, 'grace'),
    guest(server.graphql),
    guest(server.graphql),
    guest(server.graphql),
  ])
  await plantServerRole(server, admin.userId, 'ADMIN')
  const { room } = await made(ada, { name: 'Cellar', visibility: 'PRIVATE' })
  await mutate(ada, 'inviteToRoom', { roomId: room.id, userIds: [former.userId, banned.userId] })
  await join(former, room.id)
  const { message } = await send(ada, room.id, 'Nobody hears this, @bob')
  await mutate(former, 'leaveRoom', { roomId: room.id })
  await plantBan(server, room.id, banned.userId, false)
  await readable(server.graphql)
  hidden = {
    room: room.id,
    message: message.id,
    membership: `membership_${room.id}_${ada.userId.slice('user_'.length)}`,
  }
  others = { stranger: bob, admin, banned, guest: visitor, 'former member': former }
})
afterAll(() => server[Symbol.asyncDispose]())

const everyone = ['stranger', 'admin', 'banned', 'guest', 'former member']
const clientOf = (who: string): ApiClient => {
  const client = others[who]
  if (!client) throw new Error(`Nobody is ${who}.`)
  return client
}

describe('a private room cannot be told from one that is not there', () => {
  const queries = [
    'query ($room: ID!) { room(id: $room) { id } }',
    'query ($room: ID!) { node(id: $room) { id } }',
    'query ($message: ID!) { node(id: $message) { id } }',
    'query ($membership: ID!) { node(id: $membership) { id } }',
    'query ($room: ID!, $message: ID!, $membership: ID!) { nodes(ids: [$room, $message, $membership]) { id } }',
    'query ($room: ID!) { conversation(id: $room) { id lastNumber messages { nodes { id } } members { nodes { id } } events { cursor } } }',
  ]
  const mutations: readonly (readonly [string, (ids: typeof hidden) => Input])[] = [
    ['joinRoom', ({ room }) => ({ roomId: room })],
    ['leaveRoom', ({ room }) => ({ roomId: room })],
    ['archiveRoom', ({ room }) => ({ roomId: room })],
    ['unarchiveRoom', ({ room }) => ({ roomId: room })],
    ['updateRoom', ({ room }) => ({ roomId: room, name: 'Mine' })],
    ['updateRoom', ({ room }) => ({ roomId: room, visibility: 'PUBLIC' })],
    ['updateRoom', ({ room }) => ({ roomId: room, slug: 'never-claimed-by-this' })],
    ['inviteToRoom', ({ room }) => ({ roomId: room, userIds: [ada.userId] })],
    ['setMemberRole', ({ room }) => ({ roomId: room, userId: ada.userId, role: 'MEMBER' })],
    ['removeMember', ({ room }) => ({ roomId: room, userId: ada.userId })],
    ['sendMessage', ({ room }) => ({ conversationId: room, text: 'Hello?' })],
    ['sendMessage', ({ room }) => ({ conversationId: room, text: 'Hello?', clientMessageId: 'key-1' })],
    ['editMessage', ({ message }) => ({ messageId: message, text: 'Hello?' })],
    ['deleteMessage', ({ message }) => ({ messageId: message })],
    ['markRead', ({ message }) => ({ messageId: message })],
    ['setTyping', ({ room }) => ({ conversationId: room, typing: true })],
  ]
  const subscriptions = [
    'subscription ($room: ID!) { conversationFeed(conversationId: $room) { cursor } }',
    'subscription ($room: ID!) { typing(conversationId: $room) { __typename } }',
    'subscription ($room: ID!) { presence(conversationId: $room) { __typename } }',
  ]
  const absent = { room: absentRoom, message: absentMessage, membership: absentMembership }

  test.each(everyone)('%s: by no query', async (who) => {
    const client = clientOf(who)
    for (const query of queries) {
      const [{ body }, { body: none }] = [await client.post(query, hidden), await client.post(query, absent)]
      expect(body, query).toEqual(none)
      expect(body.errors, query).toBeUndefined()
      expect(Object.values(body.data ?? {}).flat(), query).toSatisfy((found: unknown[]) =>
        found.every((one) => one === null),
      )
    }
    const { rooms } = await client.query('{ rooms(first: 100) { nodes { name } totalCount } }')
    expect(rooms.nodes.map(({ name }: Data) => name)).toEqual(['General'])
    expect(rooms.totalCount).toBe(1)
    const { rooms: searched } = await client.query('{ rooms(query: "cel") { nodes { name } totalCount } }')
    expect(searched).toEqual({ nodes: [], totalCount: 0 })
    expect((await client.query('{ room(slug: "cellar") { id } }')).room).toBeNull()
    const { viewer } = await client.query('{ viewer { invitations { id } conversations { nodes { id } totalCount } } }')
    expect(viewer).toEqual({ invitations: [], conversations: { nodes: [], totalCount: 0 } })
  })

  test.each(everyone)('%s: by no mutation', async (who) => {
    const client = clientOf(who)
    for (const [name, inputOf] of mutations) {
      const answer = await mutate(client, name, inputOf(hidden), '__typename')
      expect(answer, name).toEqual(await mutate(client, name, inputOf(absent), '__typename'))
      expect(answer, name).toMatchObject({ __typename: 'NotFoundError', code: 'NOT_FOUND', field: expect.any(String) })
    }
    expect(await mutate(client, 'declineInvitation', { roomId: hidden.room })).toMatchObject({
      __typename: who === 'banned' ? 'DeclineInvitationPayload' : 'NotFoundError',
    })
  })

  test.each(everyone)('%s: by no live field', async (who) => {
    const socket = clientOf(who).socket()
    for (const query of subscriptions) {
      const codes: unknown[] = []
      for (const variables of [hidden, absent]) {
        const refused = await new Promise((resolve) =>
          socket.subscribe(
            { query, variables },
            { next: resolve, error: resolve, complete: () => resolve('complete') },
          ),
        )
        codes.push(refused)
      }
      expect(codes[0], query).toEqual(codes[1])
      expect(codes[0], query).toMatchObject([{ extensions: { code: 'NOT_FOUND' } }])
    }
    await socket.dispose()
  })
})

describe('making a private room', () => {
  test('it has no slug, and takes none from others', async () => {
    const input = { name: 'Attic', visibility: 'PRIVATE', historyVisibility: 'SINCE_JOINED' }
    const { room } = await made(ada, input)
    expect(room).toMatchObject({ slug: null, visibility: 'PRIVATE', historyVisibility: 'SINCE_JOINED' })
    expect(await made(bob, { name: 'Attic' })).toMatchObject({ room: { slug: 'attic' } })
  })

  test('with a slug it is refused, and holds none for having been asked for', async () => {
    const refused = await made(ada, { name: 'Loft', slug: 'loft', visibility: 'PRIVATE' })
    expect(refused).toMatchObject({ __typename: 'ValidationError', code: 'BAD_INPUT', field: 'slug' })
    expect(await made(bob, { name: 'Loft' })).toMatchObject({ room: { slug: 'loft' } })
  })

  test('ONCE: a repeated key finds it, and finds a room that has become private since', async () => {
    const input = { name: 'Vault', visibility: 'PRIVATE', idempotencyKey: 'vault' }
    const { room } = await made(ada, input)
    expect(await made(ada, input)).toMatchObject({ room: { id: room.id } })
    const open = { name: 'Veranda', idempotencyKey: 'veranda' }
    const { room: veranda } = await made(ada, open)
    await updated(ada, { roomId: veranda.id, visibility: 'PRIVATE' })
    expect(await made(ada, open)).toMatchObject({ room: { id: veranda.id, visibility: 'PRIVATE', slug: null } })
  })
})

describe('a room that becomes private', () => {
  test('gives its slug back, so that another room can have it, and gets another one when it is public again', async () => {
    const { room } = await made(ada, { name: 'Terrace' })
    expect(room.slug).toBe('terrace')
    expect(await updated(ada, { roomId: room.id, visibility: 'PRIVATE' })).toMatchObject({
      room: { slug: null, visibility: 'PRIVATE' },
    })
    await readable(server.graphql)
    expect((await bob.query('{ room(slug: "terrace") { id } }')).room).toBeNull()
    expect((await ada.query('{ room(slug: "terrace") { id } }')).room).toBeNull()
    expect(await made(bob, { name: 'Terrace' })).toMatchObject({ room: { slug: 'terrace' } })

    // The default slug is of the name, which is taken now.
    expect(await updated(ada, { roomId: room.id, visibility: 'PUBLIC' })).toMatchObject({
      __typename: 'ConflictError',
      field: 'slug',
    })
    expect(await updated(ada, { roomId: room.id, visibility: 'PUBLIC', slug: 'terrace-2' })).toMatchObject({
      room: { slug: 'terrace-2', visibility: 'PUBLIC' },
    })
    await readable(server.graphql)
    expect((await bob.query('{ room(slug: "terrace-2") { id } }')).room).toEqual({ id: room.id })
  })

  test('gets a slug of its name when it is public again, the new name if that changes too', async () => {
    const { room } = await made(ada, { name: 'Porch' })
    await updated(ada, { roomId: room.id, visibility: 'PRIVATE' })
    const opened = await updated(ada, { roomId: room.id, visibility: 'PUBLIC', name: 'Front Porch' })
    expect(opened).toMatchObject({ room: { slug: 'front-porch', name: 'Front Porch' } })
    expect(await updated(ada, { roomId: room.id, visibility: 'PUBLIC' })).toMatchObject({
      room: { slug: 'front-porch' },
    })
    expect(await made(bob, { name: 'Porch' })).toMatchObject({ room: { slug: 'porch' } })
  })

  test('of two rooms that open under one slug at the same instant one does, and the other is told', async () => {
    const rooms = await Promise.all([ada, bob].map((one) => made(one, { name: 'Twins', visibility: 'PRIVATE' })))
    const opened = await Promise.all(
      [ada, bob].map((one, n) => updated(one, { roomId: rooms[n]?.room.id, visibility: 'PUBLIC' })),
    )
    expect(opened.map(({ __typename }) => __typename).sort()).toEqual(['ConflictError', 'UpdateRoomPayload'])
    expect(opened.find(({ code }) => code)).toMatchObject({ code: 'CONFLICT', field: 'slug' })
    await readable(server.graphql)
    const winner = opened.find(({ room }) => room)?.room
    expect((await ada.query('{ room(slug: "twins") { id } }')).room).toEqual({ id: winner.id })
    expect((await ada.query('{ rooms(query: "twins") { totalCount } }')).rooms.totalCount).toBe(1)
  })

  test('opened and closed many times at the same instant, it has a slug that leads to it exactly while it is public', async () => {
    const { room } = await made(ada, { name: 'Revolving' })
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, n) =>
        updated(ada, { roomId: room.id, visibility: n % 2 === 0 ? 'PRIVATE' : 'PUBLIC' }),
      ),
    )
    for (const { __typename, field } of answers)
      if (__typename !== 'UpdateRoomPayload') expect([__typename, field]).toEqual([expect.any(String), 'slug'])
    await readable(server.graphql)
    const seen = '{ viewer { id } room(slug: "revolving") { id } }'
    const { conversation } = await ada.query(
      'query ($id: ID!) { conversation(id: $id) { ... on Room { slug visibility } } }',
      {
        id: room.id,
      },
    )
    const { room: found } = await ada.query(seen)
    expect([conversation.slug, found]).toEqual(
      conversation.visibility === 'PRIVATE' ? [null, null] : ['revolving', { id: room.id }],
    )
    // Once more, with nobody in between, it is as it should be in any case.
    for (const visibility of ['PRIVATE', 'PUBLIC'])
      expect(await updated(ada, { roomId: room.id, visibility })).toMatchObject({ room: { visibility } })
    await readable(server.graphql)
    expect((await ada.query(seen)).room).toEqual({ id: room.id })
  })

  test('stops being read by those who are not in it, at once and everywhere', async () => {
    const { room } = await made(ada, { name: 'Glasshouse' })
    const { message } = await send(ada, room.id, 'Look!')
    await readable(server.graphql)
    const seen = 'query ($id: ID!, $message: ID!) { conversation(id: $id) { id } node(id: $message) { id } }'
    expect(await bob.query(seen, { id: room.id, message: message.id })).toEqual({
      conversation: { id: room.id },
      node: { id: message.id },
    })
    await updated(ada, { roomId: room.id, visibility: 'PRIVATE' })
    await readable(server.graphql)
    expect(await bob.query(seen, { id: room.id, message: message.id })).toEqual({ conversation: null, node: null })
    expect(await send(bob, room.id, 'Hello?')).toMatchObject({ __typename: 'NotFoundError' })
    expect(await ada.query(seen, { id: room.id, message: message.id })).toMatchObject({ conversation: { id: room.id } })
  })

  test.each([
    ['slug', { visibility: 'PRIVATE', slug: 'mine' }],
    ['historyVisibility', { historyVisibility: 'SINCE_JOINED' }],
    ['historyVisibility', { visibility: 'PUBLIC', historyVisibility: 'SINCE_JOINED' }],
    ['visibility', { visibility: null }],
    ['historyVisibility', { historyVisibility: null }],
  ])('a bad %s is refused, and nothing changes: %j', async (field, change) => {
    const name = `Steady ${Math.random()}`
    const { room } = await made(ada, { name })
    expect(await updated(ada, { roomId: room.id, ...change })).toMatchObject({ __typename: 'ValidationError', field })
    expect((await ada.query('query ($id: ID) { room(id: $id) { slug visibility } }', { id: room.id })).room).toEqual({
      slug: room.slug,
      visibility: 'PUBLIC',
    })
  })

  test('a private room takes no slug, and a forgetful one does not open as it is', async () => {
    const { room } = await made(ada, { name: 'Shed', visibility: 'PRIVATE', historyVisibility: 'SINCE_JOINED' })
    expect(await updated(ada, { roomId: room.id, slug: 'shed' })).toMatchObject({
      __typename: 'ValidationError',
      field: 'slug',
    })
    expect(await updated(ada, { roomId: room.id, visibility: 'PUBLIC' })).toMatchObject({
      __typename: 'ValidationError',
      field: 'historyVisibility',
    })
    // Neither has held the slug.
    expect(await made(bob, { name: 'Shed' })).toMatchObject({ room: { slug: 'shed' } })
  })
})
