// SINCE_JOINED: of the time before the newest joining nothing is shown, and what happens later to earlier messages neither; the
// numbering is proved all the same.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ApiClient, type Data, guest, join, registered, send } from '../support/client.ts'
import { followOverSocket, type SeenEvent, type SeenFrame } from '../support/feedReader.ts'
import { follow } from '../support/following.ts'
import { mutate } from '../support/mutate.ts'
import { readable } from '../support/readable.ts'
import { startTestServer, type TestServer } from '../support/testServer.ts'

type Person = ApiClient & { readonly userId: string }

let server: TestServer
let ada: Person
beforeAll(async () => {
  server = await startTestServer()
  ada = await registered(server.graphql, 'ada')
})
afterAll(() => server[Symbol.asyncDispose]())

let made = 0
const forgetfulRoom = async (): Promise<string> =>
  (
    await mutate(
      ada,
      'createRoom',
      { name: `Forgetful ${++made}`, visibility: 'PRIVATE', historyVisibility: 'SINCE_JOINED' },
      'room { id }',
    )
  ).room.id

const letIn = async (client: Person, roomId: string): Promise<void> => {
  await mutate(ada, 'inviteToRoom', { roomId, userIds: [client.userId] })
  expect(await join(client, roomId)).toMatchObject({ __typename: 'JoinRoomPayload' })
}
const edit = (client: ApiClient, messageId: string, text: string) => mutate(client, 'editMessage', { messageId, text })
const erase = (client: ApiClient, messageId: string) => mutate(client, 'deleteMessage', { messageId })

const texts = (connection: Data): readonly string[] => connection.nodes.map(({ text }: Data) => text)
const roomOf = async (client: ApiClient, id: string, fields: string): Promise<Data> =>
  (await client.query(`query ($id: ID!) { conversation(id: $id) { ${fields} } }`, { id })).conversation

const eventFields =
  '... on ConversationEvent { actor { id } conversation { lastMessage { id } messages(last: 5) { nodes { id } } } } ... on MessageSent { message { id text } } ... on MessageEdited { message { id text } } ... on MessageDeleted { message { id } } ... on UserJoined { user { id } } ... on UserLeft { user { id } } ... on UserInvited { user { id } }'

interface Shown {
  readonly __typename: string
  readonly revision: number
  readonly throughRevision?: number
}

/** What each revision is shown as; throws where one is missing, comes twice or out of order. */
function proved(events: readonly Shown[], from = 0): readonly string[] {
  const shown: string[] = []
  for (const { __typename, revision, throughRevision = revision } of events) {
    if (revision !== from + shown.length) throw new Error(`${revision} comes where ${from + shown.length} was due.`)
    for (let at = revision; at <= throughRevision; at++) shown.push(__typename)
  }
  return shown
}

/** The whole log, in pages of so many. */
async function pagesOf(client: ApiClient, id: string, size: number): Promise<readonly Data[]> {
  const events: Data[] = []
  for (let after: string | undefined; ; ) {
    const { conversation } = await client.query(
      `query ($id: ID!, $first: Int, $after: FeedCursor) { conversation(id: $id) { events(first: $first, after: $after) { cursor caughtUp events { __typename cursor ... on ConversationEvent { revision } ... on EventsSkipped { throughRevision } ${eventFields} } } } }`,
      { id, first: size, after },
    )
    events.push(...conversation.events.events)
    if (conversation.events.caughtUp) return events
    after = conversation.events.cursor
  }
}

/** The feed from its beginning, or from a cursor, until it is as far as `revision`. */
async function fed(client: ApiClient, id: string, revision: number, after?: string): Promise<readonly SeenEvent[]> {
  const events: SeenEvent[] = []
  await new Promise<void>((resolve, reject) => {
    const connection = followOverSocket(
      { graphql: server.graphql, token: client.token, conversationId: id, after, fields: eventFields },
      (frame: SeenFrame) => {
        events.push(...frame.events)
        const last = events.at(-1)
        if (last && (last.throughRevision ?? last.revision) >= revision) connection.drop()
      },
    )
    connection.ended.then(({ errors }) => (errors.length > 0 ? reject(new Error(errors.join())) : resolve()))
  })
  return events
}

/** A room with a past, and somebody who joined after it. */
async function withPast() {
  const roomId = await forgetfulRoom()
  const bob = await guest(server.graphql)
  const before: string[] = []
  for (const text of ['one', 'two', 'three', 'four']) before.push((await send(ada, roomId, text)).message.id)
  await edit(ada, before[0] ?? '', 'one, edited before')
  const feedStart = (await roomOf(ada, roomId, 'events(first: 1) { cursor }')).events.cursor
  await letIn(bob, roomId)
  await readable(server.graphql)
  const joined = (await roomOf(ada, roomId, 'revision')).revision - 1
  return { roomId, bob, before, joined, feedStart }
}

describe('whoever joined later', () => {
  test('SAME: is shown nothing of what was sent before, by no way of asking', async () => {
    const { roomId, bob, before } = await withPast()
    await readable(server.graphql)
    const fields =
      'lastMessage { id } lastNumber unreadCount mentionCount messages { nodes { text } totalCount pageInfo { hasPreviousPage } }'
    expect(await roomOf(bob, roomId, fields)).toEqual({
      lastMessage: null,
      lastNumber: 4,
      unreadCount: 0,
      mentionCount: 0,
      messages: { nodes: [], totalCount: 0, pageInfo: { hasPreviousPage: false } },
    })
    const after = await send(ada, roomId, 'five')
    await readable(server.graphql)
    expect(await roomOf(bob, roomId, fields)).toEqual({
      lastMessage: { id: after.message.id },
      lastNumber: 5,
      unreadCount: 1,
      mentionCount: 0,
      messages: { nodes: [{ text: 'five' }], totalCount: 1, pageInfo: { hasPreviousPage: false } },
    })
    for (const id of before) {
      expect((await bob.query('query ($id: ID!) { node(id: $id) { id } }', { id })).node).toBeNull()
      // Around a message that is hidden is refused as around one that is not there.
      const around = (message: string) =>
        bob.post('query ($id: ID!, $at: ID!) { conversation(id: $id) { messages(around: $at) { totalCount } } }', {
          id: roomId,
          at: message,
        })
      const { body } = await around(id)
      expect(body.errors?.[0]?.extensions?.code).toBe('BAD_INPUT')
      expect(body).toEqual((await around('message_00000000-0000-4000-8000-000000000000')).body)
    }
    expect(
      texts((await roomOf(bob, roomId, `messages(around: "${after.message.id}") { nodes { text } }`)).messages),
    ).toEqual(['five'])
    expect(
      texts((await roomOf(bob, roomId, 'messages(since: "2020-01-01T00:00:00.000Z") { nodes { text } }')).messages),
    ).toEqual(['five'])
    expect(texts((await roomOf(bob, roomId, 'messages(first: 2) { nodes { text } }')).messages)).toEqual(['five'])
    // A cursor of somebody who sees more leads no further.
    const { messages } = await roomOf(ada, roomId, 'messages { edges { cursor } nodes { text } }')
    expect(messages.nodes.length).toBe(5)
    for (const page of [`after: "${messages.edges[0].cursor}"`, `last: 3, before: "${messages.edges[4].cursor}"`])
      for (const text of texts((await roomOf(bob, roomId, `messages(${page}) { nodes { text } }`)).messages))
        expect(text).toBe('five')
  })

  test('cannot act on what was sent before: it is as if it were not there', async () => {
    const { roomId, bob, before } = await withPast()
    await mutate(ada, 'setMemberRole', { roomId, userId: bob.userId, role: 'MODERATOR' })
    const [hidden = ''] = before
    for (const [name, input] of [
      ['deleteMessage', {}],
      ['editMessage', { text: 'Mine now' }],
      ['markRead', {}],
    ] as const) {
      const answer = await mutate(bob, name, { messageId: hidden, ...input })
      expect(answer).toMatchObject({ __typename: 'NotFoundError', field: 'messageId' })
      expect(answer).toEqual(
        await mutate(bob, name, { messageId: 'message_00000000-0000-4000-8000-000000000000', ...input }),
      )
    }
  })

  test('SAME ORDER: sees in the log and in feeds places instead of what is hidden, and every revision is proved', async () => {
    const { roomId, bob, before, joined, feedStart } = await withPast()
    const [first = '', second = '', third = ''] = before
    const after = await send(ada, roomId, 'five')
    await edit(ada, second, 'two, edited after')
    await erase(ada, third)
    await edit(ada, after.message.id, 'five, edited')
    await edit(ada, first, 'one, edited after')
    await readable(server.graphql)
    const { revision } = await roomOf(bob, roomId, 'revision')
    const expected = [
      ...Array.from({ length: joined }, () => 'EventsSkipped'),
      'UserJoined',
      'MessageSent',
      'EventsSkipped',
      'EventsSkipped',
      'MessageEdited',
      'EventsSkipped',
    ]
    expect(expected.length).toBe(revision)
    for (const size of [1, 2, 3, 20]) {
      const events = await pagesOf(bob, roomId, size)
      expect(proved(events as readonly Shown[]), `pages of ${size}`).toEqual(expected)
      const told = JSON.stringify(events)
      for (const id of before) expect(told).not.toContain(id)
      for (const text of ['one', 'two', 'three', 'four']) expect(told).not.toContain(`"${text}`)
    }
    const resumed = await fed(bob, roomId, revision - 1, feedStart)
    expect(proved(resumed, 1)).toEqual(expected.slice(1))
    for (const id of before) expect(JSON.stringify(resumed)).not.toContain(id)
    // Each of its cursors goes on right after the place.
    for (const { cursor, revision: at, throughRevision = at } of resumed.slice(0, 3))
      if (throughRevision < revision - 1)
        expect(proved(await fed(bob, roomId, revision - 1, cursor), throughRevision + 1)).toEqual(
          expected.slice(throughRevision + 1),
        )
    // Whoever was there from the beginning sees all of it.
    expect(proved((await pagesOf(ada, roomId, 20)) as readonly Shown[]).slice(1)).not.toContain('EventsSkipped')
  })

  test('SAME: hears live of edits and deletions of earlier messages only that something happened', async () => {
    const { roomId, bob, before, joined } = await withPast()
    const [first = '', second = ''] = before
    await using following = follow(
      bob,
      `subscription ($id: ID!) { conversationFeed(conversationId: $id) { caughtUp events { __typename ... on ConversationEvent { revision } ... on EventsSkipped { throughRevision } ${eventFields} } } }`,
      { id: roomId },
    )
    await following.until(({ caughtUp }) => caughtUp)
    await edit(ada, first, 'one, edited live')
    await erase(ada, second)
    const after = await send(ada, roomId, 'five')
    await edit(ada, after.message.id, 'five, edited')
    const heard = () => following.frames.flatMap(({ events }) => events)
    await following.until(() => heard().some(({ __typename }: Data) => __typename === 'MessageEdited'))
    expect(proved(heard(), joined + 1)).toEqual(['EventsSkipped', 'EventsSkipped', 'MessageSent', 'MessageEdited'])
    for (const id of before) expect(JSON.stringify(heard())).not.toContain(id)
  })
})

describe('leaving and coming back', () => {
  test('moves the floor: what one saw before, one sees no more', async () => {
    const { roomId, bob } = await withPast()
    const seen = await send(ada, roomId, 'five')
    const own = await send(bob, roomId, 'six')
    await readable(server.graphql)
    expect(texts((await roomOf(bob, roomId, 'messages { nodes { text } }')).messages)).toEqual(['five', 'six'])
    const { feedCursor } = await roomOf(bob, roomId, 'feedCursor')
    await mutate(bob, 'leaveRoom', { roomId })
    await send(ada, roomId, 'seven')
    await letIn(bob, roomId)
    const last = await send(ada, roomId, 'eight')
    await readable(server.graphql)
    const now = await roomOf(bob, roomId, 'unreadCount revision messages { nodes { text } }')
    expect(texts(now.messages)).toEqual(['eight'])
    expect(now.unreadCount).toBe(1)
    for (const { message } of [seen, own])
      expect((await bob.query('query ($id: ID!) { node(id: $id) { id } }', { id: message.id })).node).toBeNull()
    expect(await edit(bob, own.message.id, 'six, edited')).toMatchObject({ __typename: 'NotFoundError' })
    // The feed goes on from where it was: left, seven, invited are skipped, then the joining is there again.
    const events = await fed(bob, roomId, last.message.revision, feedCursor)
    const first = events[0]?.revision ?? 0
    expect(proved(events, first)).toEqual([
      'EventsSkipped',
      'EventsSkipped',
      'EventsSkipped',
      'UserJoined',
      'MessageSent',
    ])
  })

  test('the key of a message from before still sends nothing twice, and its message stays hidden', async () => {
    const { roomId, bob } = await withPast()
    const { message } = await send(bob, roomId, 'Once', 'key-1')
    await mutate(bob, 'leaveRoom', { roomId })
    await letIn(bob, roomId)
    const { body } = await bob.post(
      'mutation ($id: ID!) { sendMessage(input: { conversationId: $id, text: "Once", clientMessageId: "key-1" }) { __typename ... on SendMessagePayload { duplicate } } }',
      { id: roomId },
    )
    expect(body.data?.sendMessage).toEqual({ __typename: 'SendMessagePayload', duplicate: true })
    expect((await bob.query('query ($id: ID!) { node(id: $id) { id } }', { id: message.id })).node).toBeNull()
  })
})

test('the present setting holds for all history, in both directions', async () => {
  const { roomId, bob, before } = await withPast()
  const set = (historyVisibility: string) => mutate(ada, 'updateRoom', { roomId, historyVisibility }, 'room { id }')
  await set('ALL')
  await readable(server.graphql)
  expect(texts((await roomOf(bob, roomId, 'messages { nodes { text } }')).messages)).toHaveLength(4)
  expect((await bob.query('query ($id: ID!) { node(id: $id) { id } }', { id: before[0] })).node).toEqual({
    id: before[0],
  })
  await set('SINCE_JOINED')
  await readable(server.graphql)
  expect(texts((await roomOf(bob, roomId, 'messages { nodes { text } }')).messages)).toEqual([])
  expect((await bob.query('query ($id: ID!) { node(id: $id) { id } }', { id: before[0] })).node).toBeNull()
  expect(proved((await pagesOf(bob, roomId, 20)) as readonly Shown[]).filter((one) => one === 'MessageSent')).toEqual(
    [],
  )
})

test('with ALL whoever joins reads everything, and has nothing unread', async () => {
  const { room } = await mutate(
    ada,
    'createRoom',
    { name: 'Open book', visibility: 'PRIVATE' },
    'room { id historyVisibility }',
  )
  expect(room.historyVisibility).toBe('ALL')
  for (const text of ['one', 'two']) await send(ada, room.id, text)
  const bob = await guest(server.graphql)
  await letIn(bob, room.id)
  expect(await roomOf(bob, room.id, 'unreadCount messages { nodes { text } }')).toEqual({
    unreadCount: 0,
    messages: { nodes: [{ text: 'one' }, { text: 'two' }] },
  })
})
