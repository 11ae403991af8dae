import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ApiClient, createRoom, type Data, guest, join, registered, send } from '../support/client.ts'
import { follow } from '../support/following.ts'
import { mutate } from '../support/mutate.ts'
import { type OpenServer, startOpenServer } from '../support/openServer.ts'
import { readable } from '../support/readable.ts'

type Person = ApiClient & { readonly userId: string }
type Input = Readonly<Record<string, unknown>>

let server: OpenServer
let ada: Person
let bob: Person
let eve: Person
beforeAll(async () => {
  server = await startOpenServer()
  ;[ada, bob, eve] = await Promise.all([
    registered(server.graphql, 'ada'),
    registered(server.graphql, 'bob'),
    registered(server.graphql, 'eve'),
  ])
})
afterAll(() => server[Symbol.asyncDispose]())

const conversationFields = 'id lastNumber revision participants { username } createdAt'
const open = (client: ApiClient, input: Input) =>
  mutate(client, 'openDM', input, `position conversation { ${conversationFields} }`)
const write = (client: ApiClient, input: Input) =>
  mutate(
    client,
    'sendDM',
    input,
    `position duplicate message { id number text mentions { username } mentionsRoom } conversation { ${conversationFields} }`,
  )
const namesOf = (conversation: Data): readonly string[] =>
  conversation.participants.map(({ username }: Data) => username).sort()
const guests = (count: number): Promise<readonly Person[]> =>
  Promise.all(Array.from({ length: count }, () => guest(server.graphql)))
/** Somebody new, with an account: nothing has been written to them. */
let people = 0
const someone = () => registered(server.graphql, `person-${++people}`)

describe('opening', () => {
  test('the same people are one conversation, whoever opens it, by id or by name, and however often', async () => {
    const opened = await open(ada, { to: [bob.userId] })
    expect(namesOf(opened.conversation)).toEqual(['ada', 'bob'])
    expect(opened.conversation).toMatchObject({ lastNumber: 0, revision: 1 })
    const { id } = opened.conversation
    for (const [client, input] of [
      [ada, { to: [bob.userId] }],
      [ada, { toUsernames: ['BOB'] }],
      [bob, { to: [ada.userId] }],
      [bob, { to: [ada.userId, bob.userId, ada.userId], toUsernames: ['ada'] }],
    ] as const)
      expect(await open(client, input)).toMatchObject({ position: opened.position, conversation: { id, revision: 1 } })
  })

  test('of several who open it at the same instant one opens it', async () => {
    const carl = await someone()
    const answers = await Promise.all([
      open(ada, { to: [carl.userId] }),
      open(carl, { to: [ada.userId] }),
      open(ada, { to: [carl.userId] }),
    ])
    expect(new Set(answers.map(({ conversation }) => `${conversation.id} ${conversation.revision}`)).size).toBe(1)
  })

  test('with oneself alone it is a place for notes', async () => {
    const { conversation } = await open(ada, { to: [ada.userId] })
    expect(namesOf(conversation)).toEqual(['ada'])
    expect(await write(ada, { toUsernames: ['ada'], text: 'Milk' })).toMatchObject({
      conversation: { id: conversation.id },
      message: { number: 1 },
    })
    expect(
      (await bob.query('query ($id: ID!) { conversation(id: $id) { id } }', { id: conversation.id })).conversation,
    ).toBeNull()
  })

  test('with 19 others, and not with 20', async () => {
    const others = await guests(20)
    const ids = others.map(({ userId }) => userId)
    const { conversation } = await open(ada, { to: ids.slice(0, 19) })
    expect(conversation.participants).toHaveLength(20)
    for (const to of [ids, [...ids, ada.userId], [...ids, ...ids, ...ids]])
      expect(await open(ada, { to })).toMatchObject({ __typename: 'ValidationError', code: 'TOO_LARGE', field: 'to' })
    // Oneself is one of the twenty; naming people twice makes them no more.
    expect(await open(ada, { to: [...ids.slice(0, 19), ada.userId, ...ids.slice(0, 5)] })).toMatchObject({
      conversation: { id: conversation.id },
    })
  })

  test('bad input is told, with the field', async () => {
    const gone = await guest(server.graphql)
    await server.plant(`user-${gone.userId.slice('user_'.length)}`, { type: 'UserDisabled', data: {} })
    await readable(server.graphql)
    const unknown = 'user_00000000-0000-4000-8000-000000000000'
    const room = await createRoom(ada, 'Not a person')
    for (const [input, refusal] of [
      [{}, { __typename: 'ValidationError', field: 'to' }],
      [
        { to: [], toUsernames: [] },
        { __typename: 'ValidationError', field: 'to' },
      ],
      [{ to: [bob.userId, unknown] }, { __typename: 'NotFoundError', field: 'to.1' }],
      [{ to: ['nonsense'] }, { __typename: 'NotFoundError', field: 'to.0' }],
      [{ to: [room.id] }, { __typename: 'NotFoundError', field: 'to.0' }],
      [{ toUsernames: ['bob', 'nobody-here'] }, { __typename: 'NotFoundError', field: 'toUsernames.1' }],
      [{ to: [gone.userId] }, { __typename: 'ForbiddenError', field: 'to.0' }],
    ] as const) {
      expect(await open(ada, input), JSON.stringify(input)).toMatchObject(refusal)
      expect(await write(ada, { ...input, text: 'Hello?' }), JSON.stringify(input)).toMatchObject(refusal)
    }
    for (const [field, input] of [
      ['text', { text: '' }],
      ['text', {}],
      ['text', { text: 'x'.repeat(8_001) }],
      ['clientMessageId', { text: 'Hello', clientMessageId: '' }],
    ] as const)
      expect(await write(ada, { to: [bob.userId], ...input })).toMatchObject({ __typename: 'ValidationError', field })
  })

  test('guests write to those they share a room with, to themselves, and where they were written to', async () => {
    const [visitor, other] = [await guest(server.graphql), await guest(server.graphql)]
    expect(await open(visitor, { to: [ada.userId] })).toMatchObject({ __typename: 'ForbiddenError', field: 'to.0' })
    expect(await open(visitor, { to: [visitor.userId] })).toMatchObject({ __typename: 'OpenDMPayload' })
    const room = await createRoom(ada, `Shared ${visitor.userId}`)
    await join(visitor, room.id)
    // At once: the joining need not have been read yet.
    const opened = await write(visitor, { to: [ada.userId], text: 'Hello' })
    expect(opened).toMatchObject({ __typename: 'SendDMPayload', message: { number: 1 } })
    expect(await open(visitor, { to: [ada.userId, other.userId] })).toMatchObject({
      __typename: 'ForbiddenError',
      field: 'to.1',
    })
    await mutate(visitor, 'leaveRoom', { roomId: room.id })
    expect(await write(visitor, { to: [ada.userId], text: 'Still there' })).toMatchObject({ message: { number: 2 } })
    await write(bob, { to: [other.userId], text: 'Hello, guest' })
    expect(await write(other, { to: [bob.userId], text: 'Hello' })).toMatchObject({ message: { number: 2 } })
  })
})

describe('writing', () => {
  test('ONCE: opens and sends in one, and a repeated key does neither again', async () => {
    const carl = await someone()
    const input = { to: [carl.userId], text: 'Hello', clientMessageId: 'key-1' }
    const answers = await Promise.all(Array.from({ length: 5 }, () => write(ada, input)))
    expect(new Set(answers.map(({ message }) => message.id)).size).toBe(1)
    expect(answers.filter(({ duplicate }) => !duplicate)).toHaveLength(1)
    for (const { conversation } of answers) expect(conversation).toMatchObject({ lastNumber: 1, revision: 2 })
    const { conversation } = answers[0] ?? {}
    // The key is that of the conversation, whichever way it is sent by.
    expect(await send(ada, conversation.id, 'Hello', 'key-1')).toMatchObject({ duplicate: true })
    expect(await write(ada, { ...input, text: 'Other' })).toMatchObject({
      __typename: 'ConflictError',
      field: 'clientMessageId',
    })
    expect(await write(carl, { ...input, to: [ada.userId] })).toMatchObject({
      duplicate: false,
      message: { number: 2 },
    })
  })

  test('goes on with sendMessage, edits and deletions; to others the conversation is not there', async () => {
    const { conversation } = await write(ada, { to: [bob.userId, eve.userId], text: 'Hello' })
    const { id } = conversation
    const sent = await send(eve, id, 'Hi')
    expect(sent).toMatchObject({ __typename: 'SendMessagePayload' })
    expect(await mutate(eve, 'editMessage', { messageId: sent.message.id, text: 'Hi!' })).toMatchObject({
      __typename: 'EditMessagePayload',
    })
    // Nobody moderates here.
    expect(await mutate(ada, 'deleteMessage', { messageId: sent.message.id })).toMatchObject({
      __typename: 'ForbiddenError',
    })
    expect(await mutate(eve, 'deleteMessage', { messageId: sent.message.id })).toMatchObject({
      __typename: 'DeleteMessagePayload',
    })
    const stranger = await guest(server.graphql)
    await readable(server.graphql)
    const absent = 'dm_00000000-0000-4000-8000-000000000000'
    for (const [name, input] of [
      ['sendMessage', (conversationId: string) => ({ conversationId, text: 'Hello?' })],
      ['setTyping', (conversationId: string) => ({ conversationId, typing: true })],
    ] as const) {
      const answer = await mutate(stranger, name, input(id), '__typename')
      expect(answer).toMatchObject({ __typename: 'NotFoundError', field: 'conversationId' })
      expect(answer).toEqual(await mutate(stranger, name, input(absent), '__typename'))
    }
    for (const one of [id, sent.message.id, `membership_${id}_${ada.userId.slice('user_'.length)}`])
      expect((await stranger.query('query ($id: ID!) { node(id: $id) { id } }', { id: one })).node).toBeNull()
    expect((await stranger.query('query ($id: ID!) { conversation(id: $id) { id } }', { id })).conversation).toBeNull()
    await using feed = follow(
      stranger,
      'subscription ($id: ID!) { conversationFeed(conversationId: $id) { cursor } }',
      { id },
    )
    expect(await feed.ended).toEqual(['NOT_FOUND'])
  })

  test('a direct conversation is no room: it is not joined, left, changed or invited to', async () => {
    const { conversation } = await open(ada, { to: [bob.userId] })
    const roomId = conversation.id
    for (const [name, input] of [
      ['joinRoom', {}],
      ['leaveRoom', {}],
      ['archiveRoom', {}],
      ['updateRoom', { name: 'Ours' }],
      ['inviteToRoom', { userIds: [eve.userId] }],
      ['removeMember', { userId: bob.userId }],
      ['setMemberRole', { userId: bob.userId, role: 'OWNER' }],
    ] as const)
      expect(await mutate(ada, name, { roomId, ...input })).toMatchObject({
        __typename: 'NotFoundError',
        field: 'roomId',
      })
    expect((await ada.query('query ($id: ID) { room(id: $id) { id } }', { id: roomId })).room).toBeNull()
  })

  test('only those who are in it are mentioned', async () => {
    const carl = await someone()
    const { message } = await write(ada, { to: [carl.userId], text: `Ask @eve, @person-${people} or @room` })
    expect(message).toMatchObject({ mentions: [{ username: `person-${people}` }], mentionsRoom: true })
    await readable(server.graphql)
    const counts = '{ viewer { mentionCount } }'
    expect((await carl.query(counts)).viewer.mentionCount).toBe(1)
    expect((await eve.query(counts)).viewer.mentionCount).toBe(0)
  })
})

describe('reading', () => {
  test('SAME: both see the same history, members and log; each has their own unread count', async () => {
    const [carl, dora] = await Promise.all([someone(), someone()])
    const { conversation } = await write(carl, { to: [dora.userId], text: 'one' })
    await send(carl, conversation.id, 'two')
    await readable(server.graphql)
    const seen = (client: ApiClient, fields: string) =>
      client
        .query(`query ($id: ID!) { conversation(id: $id) { ${fields} } node(id: $id) { id __typename } }`, {
          id: conversation.id,
        })
        .then((data) => data)
    const both =
      'id messages { nodes { text number author { username } } totalCount } members { nodes { role user { username } } } lastMessage { text } lastNumber revision events { events { __typename ... on ConversationEvent { revision } ... on DMSent { message { text } } } } ... on DirectConversation { participants { username } }'
    const told = await seen(carl, both)
    expect(await seen(dora, both)).toEqual(told)
    expect(told.node).toEqual({ id: conversation.id, __typename: 'DirectConversation' })
    expect(told.conversation).toMatchObject({
      lastMessage: { text: 'two' },
      lastNumber: 2,
      revision: 3,
      messages: {
        nodes: [
          { text: 'one', number: 1 },
          { text: 'two', number: 2 },
        ],
        totalCount: 2,
      },
      events: { events: [{ __typename: 'DMOpened', revision: 0 }, { __typename: 'DMSent' }, { __typename: 'DMSent' }] },
    })
    expect(told.conversation.members.nodes.map(({ role }: Data) => role)).toEqual(['MEMBER', 'MEMBER'])
    const counts = 'unreadCount viewerMembership { role readNumber }'
    expect((await seen(carl, counts)).conversation).toEqual({
      unreadCount: 0,
      viewerMembership: { role: 'MEMBER', readNumber: 2 },
    })
    expect((await seen(dora, counts)).conversation).toEqual({
      unreadCount: 2,
      viewerMembership: { role: 'MEMBER', readNumber: 0 },
    })
    expect((await dora.query('{ viewer { unreadCount } }')).viewer.unreadCount).toBe(2)
    const { conversation: page } = await dora.query(
      'query ($id: ID!) { conversation(id: $id) { lastMessage { id } } }',
      { id: conversation.id },
    )
    expect(await mutate(dora, 'markRead', { messageId: page.lastMessage.id }, 'number')).toMatchObject({ number: 2 })
    expect((await seen(dora, 'unreadCount')).conversation).toEqual({ unreadCount: 0 })
  })

  test('ORDER: its feed tells every message, and goes on from a cursor', async () => {
    const { conversation } = await open(eve, { to: [bob.userId] })
    const { conversation: begun } = await bob.query('query ($id: ID!) { conversation(id: $id) { feedCursor } }', {
      id: conversation.id,
    })
    await write(eve, { to: [bob.userId], text: 'one' })
    const document =
      'subscription ($id: ID!, $after: FeedCursor) { conversationFeed(conversationId: $id, after: $after) { caughtUp events { __typename ... on ConversationEvent { revision } ... on DMSent { message { text } } } } }'
    await using feed = follow(bob, document, { id: conversation.id, after: begun.feedCursor })
    const texts = () => feed.frames.flatMap(({ events }) => events).map(({ message }: Data) => message?.text)
    await feed.until(() => texts().length > 0)
    await send(bob, conversation.id, 'two')
    await feed.until(() => texts().length > 1)
    expect(texts()).toEqual(['one', 'two'])
  })

  test('it is found by its people, in any order, oneself named or not', async () => {
    const { conversation } = await open(ada, { to: [bob.userId, eve.userId] })
    await readable(server.graphql)
    const found = async (client: ApiClient, people: readonly string[]) =>
      (await client.query('query ($with: [ID!]!) { directConversation(with: $with) { id } }', { with: people }))
        .directConversation
    expect(await found(ada, [eve.userId, bob.userId])).toEqual({ id: conversation.id })
    expect(await found(bob, [ada.userId, eve.userId, bob.userId])).toEqual({ id: conversation.id })
    const stranger = await guest(server.graphql)
    expect(await found(stranger, [ada.userId, bob.userId, eve.userId])).toBeNull()
    expect(await found(stranger, [ada.userId])).toBeNull()
    expect(await found(ada, ['nonsense'])).toBeNull()
    for (const people of [[], Array.from({ length: 21 }, () => bob.userId)]) {
      const { body } = await ada.post('query ($with: [ID!]!) { directConversation(with: $with) { id } }', {
        with: people,
      })
      expect(body.errors?.[0]?.extensions?.code).toBe('BAD_INPUT')
    }
  })

  test('rooms and direct conversations stand in one list, most recently active first', async () => {
    const frank = await someone()
    const room = await createRoom(frank, 'Of Frank')
    const direct = (await write(frank, { to: [ada.userId], text: 'Hello' })).conversation.id
    const notes = (await open(frank, { to: [frank.userId] })).conversation.id
    const list = async (args = '') => {
      const { viewer } = await frank.query(
        `{ viewer { conversations${args} { nodes { __typename id } totalCount pageInfo { endCursor hasNextPage } } } }`,
      )
      return viewer.conversations
    }
    const ids = (page: Data): readonly string[] => page.nodes.map(({ id }: Data) => id)
    expect(ids(await list())).toEqual([notes, direct, room.id])
    await send(frank, room.id, 'Newest')
    const all = await list()
    expect(all).toMatchObject({
      nodes: [{ __typename: 'Room' }, { __typename: 'DirectConversation' }, { __typename: 'DirectConversation' }],
      totalCount: 3,
    })
    expect(ids(all)).toEqual([room.id, notes, direct])
    const paged: string[] = []
    for (let after = '', more = true; more; ) {
      const page = await list(`(first: 1${after === '' ? '' : `, after: "${after}"`})`)
      paged.push(...ids(page))
      after = page.pageInfo.endCursor
      more = page.pageInfo.hasNextPage
    }
    expect(paged).toEqual(ids(all))
  })
})
