// Inboxes that show the same are served together: what happens in a conversation is executed once for all who are in it.

import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { createRoom, type Data, guest, join, registered, send } from '../support/client.ts'
import { executionsOf } from '../support/executions.ts'
import { type LiveTransport, liveTransports, readLive } from '../support/liveReader.ts'
import { mutate } from '../support/mutate.ts'
import { startTestServer } from '../support/testServer.ts'

const document = (detail: string, more = '') => `subscription { inboxFeed(detail: ${detail}) { cursor caughtUp events {
  __typename cursor
  ... on ConversationEvent { revision conversation { id } actor { displayName } ${more} }
  ... on MessageSent { message { id text } } ... on DMSent { message { id text } }
  ... on MessageEdited { message { id text } } ... on MessageDeleted { message { id text } }
  ... on EventsSkipped { throughRevision }
  ... on ConversationAdded { conversation { id unreadCount } } ... on ConversationRemoved { conversationId }
  ... on ReadMarkerAdvanced { number }
} } }`

type Person = Awaited<ReturnType<typeof registered>>

async function follow(person: Person, query: string, transport: LiveTransport = 'WebSocket') {
  const reader = readLive(transport, { graphql: person.graphql, token: person.token, query })
  await reader.until((frames) => frames.some(({ caughtUp }) => caughtUp))
  return reader
}

const eventsOf = ({ frames }: { readonly frames: readonly Data[] }): readonly Data[] =>
  frames.flatMap(({ events }) => events)
const textsOf = (reader: { readonly frames: readonly Data[] }) =>
  eventsOf(reader).flatMap(({ message }) => (message ? [message.text] : []))

test('SAME: an event is executed once for all inboxes that hold its conversation, and shows what each would be shown alone', async () => {
  await using server = await startTestServer()
  const ada = await registered(server.graphql, 'ada')
  const [tea, milk] = [await createRoom(ada, 'Tea'), await createRoom(ada, 'Milk')]
  const people: Person[] = [ada]
  for (let number = 0; number < 6; number++) {
    const person = await guest(server.graphql, `Reader ${number}`)
    await join(person, tea.id)
    if (number % 2 === 0) await join(person, milk.id)
    people.push(person)
  }
  const together = await Promise.all(
    people.map((person, index) => follow(person, document('MESSAGES'), liveTransports[index % 2])),
  )
  const alone = await Promise.all(
    people.map((person) => follow(person, document('MESSAGES', 'conversation { unreadCount }'))),
  )
  expect(together.map(({ extensions }) => extensions[0])).toEqual(people.map(() => ({ parley: { shared: true } })))
  expect(alone[0]?.extensions[0]).toEqual({ parley: { shared: false, because: 'Conversation.unreadCount' } })
  for (const reader of alone) reader.drop()
  await sleep(50)
  const sent = 10
  const count = await executionsOf('InboxFeedPayload', async () => {
    for (let number = 0; number < sent; number++) {
      const { message } = await send(ada, number % 2 ? tea.id : milk.id, `${number}`)
      if (number === 3) await mutate(ada, 'editMessage', { messageId: message.id, text: 'three' })
    }
    const isAll = (texts: readonly string[], all: number) => texts.length === all
    await expect
      .poll(() => together.map((reader) => textsOf(reader).length))
      .toEqual(people.map((_, index) => (index === 0 || index % 2 === 1 ? sent + 1 : sent / 2 + 1)))
    expect(isAll(textsOf(together[0] ?? { frames: [] }), sent + 1)).toBe(true)
  })
  // One for each event at most; its author reads their own rooms, and nothing is told to anybody apart.
  expect(count).toBeLessThanOrEqual(sent + 1)
  const all = eventsOf(together[0] ?? { frames: [] })
  for (const [index, reader] of together.entries()) {
    const own = index === 0 || index % 2 === 1 ? all : all.filter(({ conversation }) => conversation.id === tea.id)
    expect(eventsOf(reader)).toEqual(own)
  }
  const cursors = eventsOf(together[0] ?? { frames: [] }).map(({ cursor }) => cursor)
  expect(new Set(cursors).size).toBe(cursors.length)
})

test('of one detail each is served with its own; who goes and comes leaves those who follow together, and comes back', async () => {
  await using server = await startTestServer()
  const ada = await registered(server.graphql, 'ada')
  const [tea, milk] = [await createRoom(ada, 'Tea'), await createRoom(ada, 'Milk')]
  const bob = await guest(server.graphql, 'Bob')
  const carl = await guest(server.graphql, 'Carl')
  await join(carl, tea.id)
  const [bobs, carls, everything] = await Promise.all([
    follow(bob, document('MESSAGES')),
    follow(carl, document('MESSAGES')),
    follow(carl, document('EVERYTHING')),
  ])
  await send(ada, tea.id, '1')
  await join(bob, tea.id)
  const second = await send(ada, tea.id, '2')
  await mutate(bob, 'markRead', { messageId: second.message.id })
  await send(ada, milk.id, 'not theirs')
  await send(ada, tea.id, '3')
  await mutate(bob, 'leaveRoom', { roomId: tea.id })
  await send(ada, tea.id, '4')
  await join(bob, tea.id)
  await send(ada, tea.id, '5')
  await expect.poll(() => [bobs, carls, everything].map((reader) => textsOf(reader).at(-1))).toEqual(['5', '5', '5'])
  const told = (reader: { readonly frames: readonly Data[] }) =>
    eventsOf(reader).map(({ __typename, message }) => (message ? message.text : __typename))
  expect(told(bobs)).toEqual([
    'ConversationAdded',
    '2',
    'ReadMarkerAdvanced',
    '3',
    'ConversationRemoved',
    'ConversationAdded',
    '5',
  ])
  expect(told(carls)).toEqual(['1', '2', '3', '4', '5'])
  expect(told(everything)).toEqual(['1', 'UserJoined', '2', '3', 'UserLeft', '4', 'UserJoined', '5'])
  expect(eventsOf(everything).map(({ revision }) => revision)).toEqual([3, 4, 5, 6, 7, 8, 9, 10])
})
