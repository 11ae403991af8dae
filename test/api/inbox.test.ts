// All conversations of a person in one feed.

import { afterAll, expect, test } from 'vitest'
import { type ApiClient, createRoom, type Data, guest, join, registered, send } from '../support/client.ts'
import { InboxReader } from '../support/inboxReader.ts'
import { startTestServer } from '../support/testServer.ts'

const server = await startTestServer()
afterAll(() => server[Symbol.asyncDispose]())

type Person = ApiClient & { readonly userId: string }
const ada: Person = await registered(server.graphql, 'ada')
const bob: Person = await registered(server.graphql, 'bob')

const done = async (answer: Promise<Data>): Promise<Data> => {
  const result = await answer
  expect(result.code, result.detail).toBeUndefined()
  return result
}
const command = (client: ApiClient, name: string, input: object, fields = 'position') => {
  const type = `${name[0]?.toUpperCase()}${name.slice(1)}`
  return done(
    client.command(
      `mutation ($input: ${type}Input!) { ${name}(input: $input) { __typename ... on Error { code detail field } ... on ${type}Payload { ${fields} } } }`,
      { input },
    ),
  )
}
const privateRoom = async (owner: ApiClient, name: string, historyVisibility = 'ALL'): Promise<string> =>
  (await command(owner, 'createRoom', { name, visibility: 'PRIVATE', historyVisibility }, 'room { id }')).room.id
const invited = async (by: ApiClient, roomId: string, ...people: readonly Person[]) => {
  await command(by, 'inviteToRoom', { roomId, userIds: people.map(({ userId }) => userId) })
  for (const person of people) await command(person, 'joinRoom', { roomId })
}
const say = (client: ApiClient, conversationId: string, text: string) => done(send(client, conversationId, text))

/** Twenty in one request, fifty requests at a time. */
async function sayMany(conversationId: string, count: number): Promise<void> {
  const sends = Array.from({ length: 20 }, (_, index) => `m${index}: sendMessage(input: $input) { __typename }`)
  const document = `mutation ($input: SendMessageInput!) { ${sends.join(' ')} }`
  for (let left = count / 20; left > 0; left -= 50)
    await Promise.all(
      Array.from({ length: Math.min(50, left) }, () =>
        ada.query(document, { input: { conversationId, text: 'many' } }),
      ),
    )
}

test('RESUME: rooms and direct conversations come as one, in the order of the log, own messages included', async () => {
  const room = await createRoom(ada, 'Order')
  await join(bob, room.id)
  await using reader = new InboxReader(bob)
  await reader.caughtUp()
  await say(ada, room.id, 'one')
  const dm = await command(ada, 'sendDM', { toUsernames: ['BOB'], text: 'two' }, 'conversation { id }')
  await say(bob, room.id, 'three')
  await say(bob, dm.conversation.id, 'four')
  await reader.until(({ told }) => told.includes('DMSent four'))
  expect(reader.told).toEqual([
    'MessageSent one',
    'ConversationAdded',
    'DMSent two',
    'MessageSent three',
    'DMSent four',
  ])
})

test('RESUME: continued from any cursor, it brings what comes after it, once', async () => {
  const room = await createRoom(ada, 'Any cursor')
  await join(bob, room.id)
  await using reader = new InboxReader(bob, { detail: 'EVERYTHING' })
  await reader.caughtUp()
  for (const text of ['1', '2', '3', '4', '5']) await say(ada, room.id, text)
  await command(ada, 'updateRoom', { roomId: room.id, topic: 'Counting' })
  const read = await command(bob, 'sendDM', { to: [ada.userId], text: '6' }, 'message { id } conversation { id }')
  await command(ada, 'markRead', { messageId: read.message.id })
  await reader.until(({ told }) => told.includes('DMSent 6'))
  const all = reader.events
  for (const [index, { cursor }] of all.entries()) {
    await using again = new InboxReader(bob, { after: cursor, detail: 'EVERYTHING' })
    await again.caughtUp()
    expect(again.frames[0]?.reset).toBeNull()
    // What is both comes as both, in one frame: its cursor stands behind both.
    const rest = all.slice(index + 1).filter((event) => event.cursor !== cursor)
    expect(again.events.map((event) => event.cursor)).toEqual(rest.map((event) => event.cursor))
  }
})

test('what is joined is added, what is left is removed, and between the two nothing comes', async () => {
  const room = await createRoom(ada, 'Coming and going')
  await using reader = new InboxReader(bob, { detail: 'EVERYTHING' })
  await reader.caughtUp()
  await say(ada, room.id, 'before')
  await join(bob, room.id)
  await say(ada, room.id, 'inside')
  await command(bob, 'leaveRoom', { roomId: room.id })
  await say(ada, room.id, 'outside')
  await join(bob, room.id)
  await say(ada, room.id, 'again')
  await reader.until(({ told }) => told.includes('MessageSent again'))
  expect(reader.told).toEqual([
    'ConversationAdded',
    'UserJoined 3',
    'MessageSent inside',
    'UserLeft 5',
    'ConversationRemoved',
    'ConversationAdded',
    'UserJoined 7',
    'MessageSent again',
  ])
})

test('RESUME: conversations gained, lost and gained again while away', async () => {
  const carl: Person = await guest(server.graphql)
  const kept = await privateRoom(ada, 'Kept')
  const lost = await privateRoom(ada, 'Lost')
  const back = await privateRoom(ada, 'Back')
  await invited(ada, kept, carl)
  await invited(ada, lost, carl)
  await invited(ada, back, carl)
  const first = new InboxReader(carl)
  await first.caughtUp()
  await say(ada, kept, 'seen')
  await first.until(({ told }) => told.includes('MessageSent seen'))
  await first.close()

  await say(ada, lost, 'not to be seen any more')
  await say(ada, back, 'may be seen again')
  for (const roomId of [lost, back]) await command(ada, 'removeMember', { roomId, userId: carl.userId })
  await say(ada, lost, 'outside')
  await say(ada, back, 'outside')
  const gained = await privateRoom(ada, 'Gained')
  await invited(ada, gained, carl)
  await invited(ada, back, carl)
  await say(ada, gained, 'new')
  await say(ada, back, 'inside again')

  await using again = new InboxReader(carl, { after: first.cursor })
  await again.until(({ told }) => told.includes('MessageSent inside again'))
  expect(again.told.filter((entry) => entry !== 'InvitationReceived')).toEqual([
    'MessageSent may be seen again',
    'ConversationRemoved',
    'ConversationRemoved',
    'ConversationAdded',
    'ConversationAdded',
    'MessageSent new',
    'MessageSent inside again',
  ])
  expect(
    again.events.filter(({ __typename }) => __typename === 'ConversationRemoved').map((event) => event.conversationId),
  ).toEqual([lost, back])
})

test('RESUME: from any cursor over a stay of which nothing may be shown any more, no revision is left out', async () => {
  const eve: Person = await guest(server.graphql)
  const { viewer } = await eve.query('{ viewer { feedCursor } }')
  const room = await privateRoom(ada, 'Hidden since')
  await invited(ada, room, eve)
  for (const text of ['1', '2', '3']) await say(ada, room, text)
  await command(ada, 'removeMember', { roomId: room, userId: eve.userId })

  const read = async (after: string): Promise<readonly Data[]> => {
    await using reader = new InboxReader(eve, { after, detail: 'EVERYTHING' })
    await reader.caughtUp()
    return reader.events
  }
  const revisionsOf = (events: readonly Data[]) =>
    events
      .filter(({ __typename }) => __typename === 'EventsSkipped')
      .flatMap(({ revision, throughRevision }) =>
        Array.from({ length: throughRevision - revision + 1 }, (_, index) => revision + index),
      )
  const all = await read(viewer.feedCursor)
  expect(all.map(({ __typename }) => __typename)).toEqual([
    'InvitationReceived',
    'ConversationAdded',
    'EventsSkipped',
    'EventsSkipped',
    'ConversationRemoved',
  ])
  expect(revisionsOf(all)).toEqual([3, 4, 5, 6, 7])
  for (const { cursor } of all) {
    // What has the same cursor comes in the same frame.
    const received = all.slice(0, all.findLastIndex((event) => event.cursor === cursor) + 1)
    expect(revisionsOf([...received, ...(await read(cursor))])).toEqual([3, 4, 5, 6, 7])
  }
})

test('SAME: with SINCE_JOINED nothing of or about earlier messages, and the numbering still proved', async () => {
  const dan: Person = await guest(server.graphql)
  const room = await privateRoom(ada, 'Since', 'SINCE_JOINED')
  const { message } = await say(ada, room, 'earlier')
  await invited(ada, room, dan)
  await using everything = new InboxReader(dan, { detail: 'EVERYTHING' })
  await using messages = new InboxReader(dan)
  await Promise.all([everything.caughtUp(), messages.caughtUp()])
  await command(ada, 'editMessage', { messageId: message.id, text: 'earlier, edited' })
  await say(ada, room, 'now')
  await command(ada, 'deleteMessage', { messageId: message.id })
  await say(ada, room, 'later')
  await Promise.all(
    [everything, messages].map((reader) => reader.until(({ told }) => told.includes('MessageSent later'))),
  )
  expect(messages.told).toEqual(['MessageSent now', 'MessageSent later'])
  const revisions = everything.events.flatMap(({ revision, throughRevision = revision }) =>
    Array.from({ length: throughRevision - revision + 1 }, (_, index) => revision + index),
  )
  expect(revisions).toEqual([5, 6, 7, 8])
  expect(everything.events.map(({ __typename }) => __typename)).toEqual([
    'EventsSkipped',
    'MessageSent',
    'EventsSkipped',
    'MessageSent',
  ])
})

test('invitations and own read markers come too', async () => {
  const eve: Person = await guest(server.graphql)
  const room = await createRoom(ada, 'Markers')
  await join(eve, room.id)
  const { message } = await say(ada, room.id, 'read me')
  await using reader = new InboxReader(eve)
  await reader.caughtUp()
  await command(eve, 'markRead', { messageId: message.id })
  const secret = await privateRoom(ada, 'Secret')
  await command(ada, 'inviteToRoom', { roomId: secret, userIds: [eve.userId] })
  await reader.until(({ told }) => told.includes('InvitationReceived'))
  expect(reader.events).toMatchObject([
    { __typename: 'ReadMarkerAdvanced', number: 1, conversation: { id: room.id } },
    {
      __typename: 'InvitationReceived',
      invitation: { roomName: 'Secret', roomId: secret, invitedBy: { username: 'ada' } },
    },
  ])
  // Resumed, the newest marker and the invitation come again.
  await using again = new InboxReader(eve, { after: reader.frames[0]?.cursor })
  await again.until(({ told }) => told.length === 2)
  expect(again.told).toEqual(reader.told)
})

test('feedCursor: what happens after the page was read comes, whatever it showed', async () => {
  const room = await createRoom(ada, 'Page')
  await join(bob, room.id)
  await say(ada, room.id, 'on the page')
  const { viewer } = await bob.query('{ viewer { feedCursor conversations { nodes { id lastMessage { text } } } } }')
  await say(ada, room.id, 'after the page')
  await using reader = new InboxReader(bob, { after: viewer.feedCursor })
  await reader.until(({ told }) => told.includes('MessageSent after the page'))
})

test('a cursor that is damaged, or of another feed, is BAD_INPUT', async () => {
  const room = await createRoom(ada, 'Cursors')
  const { conversation } = await ada.query('query ($id: ID!) { conversation(id: $id) { feedCursor } }', { id: room.id })
  const { viewer } = await ada.query('{ viewer { feedCursor } }')
  for (const after of [conversation.feedCursor, viewer.feedCursor.slice(1), `${viewer.feedCursor}AA`, 'x', '']) {
    const reader = new InboxReader(ada, { after })
    await reader.until(({ error }) => error !== undefined)
    expect(JSON.stringify(reader.error)).toContain('BAD_INPUT')
    await reader.close()
  }
})

test('RESUME: beyond 10,000 events it says TOO_FAR, and goes on from now', async () => {
  const fay: Person = await guest(server.graphql)
  const room = await createRoom(ada, 'Far')
  await join(fay, room.id)
  const first = new InboxReader(fay)
  await first.caughtUp()
  await first.close()
  await sayMany(room.id, 10_000)
  {
    await using near = new InboxReader(fay, { after: first.cursor })
    await near.until(({ events }) => events.length === 10_000)
    expect(near.frames.every(({ reset }) => reset === null)).toBe(true)
    expect(near.events.map(({ revision }) => revision)).toEqual(Array.from({ length: 10_000 }, (_, index) => index + 3))
  }
  await say(ada, room.id, 'one too many')
  await using far = new InboxReader(fay, { after: first.cursor })
  await far.caughtUp()
  expect(far.frames[0]).toMatchObject({ reset: { reason: 'TOO_FAR' }, events: [], caughtUp: true })
  await say(ada, room.id, 'from now on')
  await far.until(({ told }) => told.includes('MessageSent from now on'))
  expect(far.told).toEqual(['MessageSent from now on'])
}, 60_000)
