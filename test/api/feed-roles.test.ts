// Two who ask with the same document, but may not see the same: nothing that differs between them is ever shared.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createRoom, type Data, guest, join, registered, send } from '../support/client.ts'
import { liveTransports, readLive } from '../support/liveReader.ts'
import { mutate } from '../support/mutate.ts'
import { startTestServer } from '../support/testServer.ts'

type Person = Awaited<ReturnType<typeof registered>>
let server: Awaited<ReturnType<typeof startTestServer>>
let ada: Person
let bob: Person
beforeAll(async () => {
  server = await startTestServer()
  ada = await registered(server.graphql, 'ada')
  bob = await guest(server.graphql, 'Bob')
})
afterAll(() => server[Symbol.asyncDispose]())

const events = `events { __typename cursor ... on ConversationEvent { revision conversation { id MORE } }
  ... on MessageSent { message { id text } } ... on MessageEdited { message { id text } } ... on MessageDeleted { message { id } } }`
const documents = {
  conversationFeed: (more: string) =>
    `subscription ($room: ID!) { conversationFeed(conversationId: $room) { cursor ${events.replace('MORE', more)} } }`,
  inboxFeed: (more: string) =>
    `subscription { inboxFeed(detail: EVERYTHING) { cursor ${events.replace('MORE', more)} } }`,
}

describe.each(
  liveTransports.flatMap((transport) =>
    (['conversationFeed', 'inboxFeed'] as const).map((feed) => ({ transport, feed })),
  ),
)('$feed over $transport', ({ transport, feed }) => {
  const follow = async (person: Person, room: string, more = '') => {
    const query = documents[feed](more)
    const reader = readLive(transport, { graphql: server.graphql, token: person.token, query, variables: { room } })
    await reader.until((frames) => frames.length > 0)
    return reader
  }
  const eventsOf = (reader: { readonly frames: readonly Data[] }, room: string): readonly Data[] =>
    reader.frames
      .flatMap((frame) => frame.events as readonly Data[])
      .filter(
        ({ conversation, revision }) => revision !== undefined && (conversation === null || conversation.id === room),
      )

  test('what is per viewer is shown to each as their own', async () => {
    const { id: room } = await createRoom(ada, `Room of ${feed} over ${transport}`)
    await join(bob, room)
    const readers = [
      await follow(ada, room, 'unreadCount viewerMembership { role user { id } }'),
      await follow(bob, room, 'unreadCount viewerMembership { role user { id } }'),
    ]
    for (const text of ['one', 'two', 'three']) await send(ada, room, text)
    for (const reader of readers) await reader.until(() => eventsOf(reader, room).length >= 3)
    const shown = readers.map((reader) => eventsOf(reader, room).map(({ conversation }) => conversation))
    expect(shown[0]?.map(({ viewerMembership }) => viewerMembership)).toEqual(
      Array.from({ length: 3 }, () => ({ role: 'OWNER', user: { id: ada.userId } })),
    )
    expect(shown[1]?.map(({ viewerMembership }) => viewerMembership)).toEqual(
      Array.from({ length: 3 }, () => ({ role: 'MEMBER', user: { id: bob.userId } })),
    )
    expect(shown[0]?.at(-1)?.unreadCount).toBe(0)
    expect(shown[1]?.at(-1)?.unreadCount).toBe(3)
    for (const reader of readers) reader.drop()
  })

  test('SAME: of a frame that is shared, each sees only what they may: with SINCE_JOINED nothing about earlier messages', async () => {
    const { room: made } = await mutate(
      ada,
      'createRoom',
      { name: 'Since', visibility: 'PRIVATE', historyVisibility: 'SINCE_JOINED' },
      'room { id }',
    )
    const room: string = made.id
    const { message } = await send(ada, room, 'secret')
    await mutate(ada, 'inviteToRoom', { roomId: room, userIds: [bob.userId] })
    await join(bob, room)
    const [adas, bobs] = [
      await follow(ada, room, '... on Room { name }'),
      await follow(bob, room, '... on Room { name }'),
    ]
    expect([adas.extensions[0], bobs.extensions[0]]).toEqual([
      { parley: { shared: true } },
      { parley: { shared: true } },
    ])
    await send(ada, room, 'open')
    await mutate(ada, 'editMessage', { messageId: message.id, text: 'still secret' })
    await mutate(ada, 'deleteMessage', { messageId: message.id })
    await send(ada, room, 'open again')
    for (const reader of [adas, bobs])
      await reader.until(() => eventsOf(reader, room).some((event) => event.message?.text === 'open again'))
    const told = (reader: typeof adas) => eventsOf(reader, room).map(({ __typename }) => __typename)
    expect(told(adas)).toEqual(['MessageSent', 'MessageEdited', 'MessageDeleted', 'MessageSent'])
    expect(told(bobs).filter((name) => name !== 'EventsSkipped')).toEqual(['MessageSent', 'MessageSent'])
    expect(JSON.stringify(bobs.frames)).not.toMatch(/secret|MessageEdited|MessageDeleted/)
    expect(JSON.stringify(bobs.frames)).not.toContain(message.id)
    for (const reader of [adas, bobs]) reader.drop()
  })
})
