import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ApiClient, createRoom, guest, join, registered, send } from '../support/client.ts'
import { mutate } from '../support/mutate.ts'
import { readable } from '../support/readable.ts'
import { startTestServer, type TestServer } from '../support/testServer.ts'

type Person = ApiClient & { readonly userId: string }

let server: TestServer
let ada: Person
let bob: Person
let eve: Person
let roomId: string
beforeAll(async () => {
  server = await startTestServer()
  ada = await registered(server.graphql, 'ada')
  ;[bob, eve] = await Promise.all([guest(server.graphql, 'Bob'), guest(server.graphql, 'Eve')])
  roomId = (await createRoom(ada, 'Messages')).id
  await join(bob, roomId)
})
afterAll(() => server[Symbol.asyncDispose]())

const messageFields =
  'message { id number revision text sentAt editedAt deletedAt deletedBy { id } author { id } conversation { id } }'
const edit = (who: ApiClient, messageId: string, text: string) =>
  mutate(who, 'editMessage', { messageId, text }, `position ${messageFields}`)
const remove = (who: ApiClient, messageId: string, reason?: string) =>
  mutate(who, 'deleteMessage', { messageId, reason }, `position ${messageFields}`)
const seen = async (id: string) => {
  await readable(server.graphql)
  return (await ada.query('query ($id: ID!) { node(id: $id) { ... on Message { text editedAt deletedAt } } }', { id }))
    .node
}

describe('a text', () => {
  test.each([
    ['tabs, newlines and spaces at its ends', ' \tone\r\n\n two\u00a0 \n'],
    ['combining characters, not composed', 'e\u0301 n\u0303 \u1100\u1161\u11a8'],
    ['composed characters, not taken apart', 'é ñ 각'],
    ['writing from right to left, with its marks', '\u200fשלום \u202bعالم\u202c!'],
    ['emoji of several code points', '👩‍👩‍👧‍👦 🏳️‍🌈 🇩🇪 👍🏽'],
    ['what looks like code', '</script><b>&amp;\\u0000 "\'` {{y}} %s $1'],
    ['control characters but NUL', '\u0001\u0007\u001b[31m\u007f\u0085'],
    ['private and unassigned characters', '\ue000\uffff\u{10ffff}'],
    ['8,000 emoji', '😀'.repeat(8_000)],
  ])('is kept as it was sent: %s', async (_, text) => {
    const sent = await send(ada, roomId, text)
    expect(sent).toMatchObject({ __typename: 'SendMessagePayload', duplicate: false })
    expect((await seen(sent.message.id)).text).toBe(text)
  })

  test.each([
    ['nothing', '', 'BAD_INPUT'],
    ['white space only', ' \t\n\u3000\u00a0\ufeff', 'BAD_INPUT'],
    ['NUL', 'a\0b', 'BAD_INPUT'],
    ['half of a surrogate pair', 'a\ud83d', 'BAD_INPUT'],
    ['the other half', '\ude00a', 'BAD_INPUT'],
    ['8,001 characters', 'x'.repeat(8_001), 'TOO_LARGE'],
    ['8,001 emoji', '😀'.repeat(8_001), 'TOO_LARGE'],
  ])('is refused when it is, or has, %s', async (_, text, code) => {
    const refused = { __typename: 'ValidationError', code, field: 'text' }
    expect(await send(ada, roomId, text)).toMatchObject(refused)
    const { message } = await send(ada, roomId, 'As it was')
    expect(await edit(ada, message.id, text)).toMatchObject(refused)
    expect((await seen(message.id)).text).toBe('As it was')
  })

  test('must be there', async () => {
    expect(await mutate(ada, 'sendMessage', { conversationId: roomId })).toMatchObject({
      __typename: 'ValidationError',
      field: 'text',
    })
  })
})

test('sending answers with the message, its conversation and where it stands', async () => {
  const sent = await mutate(
    bob,
    'sendMessage',
    { conversationId: roomId, text: 'Here', clientMessageId: 'here' },
    'position duplicate conversation { id lastNumber } message { id number text clientMessageId author { id } conversation { id } sentAt editedAt deletedAt }',
  )
  expect(sent).toMatchObject({
    duplicate: false,
    conversation: { id: roomId, lastNumber: sent.message.number },
    message: {
      text: 'Here',
      clientMessageId: 'here',
      author: { id: bob.userId },
      conversation: { id: roomId },
      editedAt: null,
      deletedAt: null,
    },
  })
})

test('where there is no such conversation, nothing is sent', async () => {
  for (const id of ['room_00000000-0000-4000-8000-000000000000', bob.userId, 'x', ''])
    expect(await send(ada, id, 'Anybody?')).toMatchObject({ __typename: 'NotFoundError', code: 'NOT_FOUND' })
})

describe('editing', () => {
  test('changes the text, and says when', async () => {
    const { message } = await send(bob, roomId, 'Before')
    const edited = await edit(bob, message.id, ' After ')
    expect(edited).toMatchObject({
      __typename: 'EditMessagePayload',
      message: { id: message.id, number: message.number, revision: message.revision, text: ' After ' },
    })
    expect(edited.message.editedAt >= edited.message.sentAt).toBe(true)
    const again = await edit(bob, message.id, ' After ')
    expect(again.message).toEqual(edited.message)
  })

  test('is for the author alone, and only while a member', async () => {
    const { message } = await send(bob, roomId, 'Mine')
    for (const other of [ada, eve])
      expect(await edit(other, message.id, 'Yours')).toMatchObject({ __typename: 'ForbiddenError' })
    await mutate(bob, 'leaveRoom', { roomId })
    expect(await edit(bob, message.id, 'Gone')).toMatchObject({ __typename: 'ForbiddenError' })
    await join(bob, roomId)
    expect(await edit(bob, message.id, 'Back')).toMatchObject({ __typename: 'EditMessagePayload' })
  })

  test('there and back at once ends with the last', async () => {
    const { message } = await send(bob, roomId, 'There')
    for (let round = 0; round < 10; round++) {
      await edit(bob, message.id, 'Back')
      expect((await edit(bob, message.id, 'There')).message.text, `round ${round}`).toBe('There')
    }
  })
})

describe('deleting', () => {
  test('takes the text away for everybody, and stays', async () => {
    const { message } = await send(bob, roomId, 'Secret')
    await edit(bob, message.id, 'Still secret')
    const deleted = await remove(bob, message.id)
    expect(deleted).toMatchObject({
      __typename: 'DeleteMessagePayload',
      message: { text: null, number: message.number, deletedBy: { id: bob.userId }, author: { id: bob.userId } },
    })
    expect((await remove(bob, message.id)).message).toEqual(deleted.message)
    expect(await edit(bob, message.id, 'Back')).toMatchObject({ __typename: 'ConflictError', code: 'CONFLICT' })
    expect(await seen(message.id)).toMatchObject({ text: null, deletedAt: deleted.message.deletedAt })
  })

  test('is for the author and for moderators', async () => {
    const { message } = await send(ada, roomId, 'Mine')
    for (const other of [bob, eve])
      expect(await remove(other, message.id)).toMatchObject({ __typename: 'ForbiddenError' })
    const { message: theirs } = await send(bob, roomId, 'Rude')
    expect(await remove(ada, theirs.id, 'Rude')).toMatchObject({
      message: { text: null, deletedBy: { id: ada.userId } },
    })
  })

  test('is allowed to authors who have left', async () => {
    const { message } = await send(bob, roomId, 'Mine')
    await mutate(bob, 'leaveRoom', { roomId })
    expect(await remove(bob, message.id)).toMatchObject({ __typename: 'DeleteMessagePayload' })
    await join(bob, roomId)
  })

  test('what does not exist cannot be deleted, edited or read up to', async () => {
    for (const messageId of ['message_00000000-0000-4000-8000-000000000000', roomId, 'x'])
      for (const [name, input] of [
        ['deleteMessage', { messageId }],
        ['editMessage', { messageId, text: 'x' }],
        ['markRead', { messageId }],
      ] as const)
        expect(await mutate(ada, name, input), `${name} ${messageId}`).toMatchObject({
          __typename: 'NotFoundError',
          code: 'NOT_FOUND',
          field: 'messageId',
        })
  })
})
