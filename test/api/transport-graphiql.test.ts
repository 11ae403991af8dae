// What GraphiQL opens with is a first conversation that works.

import { expect, test } from 'vitest'
import { graphiqlTabs } from '../../src/http/graphiqlTabs.ts'
import { ApiClient, type Data } from '../support/client.ts'
import { startTestServer } from '../support/testServer.ts'

test('the six tabs run one after the other, with the token in the headers of each operation', async () => {
  await using server = await startTestServer()
  const [register, rooms, send, follow, history, inbox] = graphiqlTabs
  if (!register || !rooms || !send || !follow || !history || !inbox) throw new Error('A tab is missing.')
  const variablesOf = (tab: typeof register, room = '') =>
    JSON.parse((tab.variables ?? '{}').replace('PASTE-THE-ID-HERE', room))
  const { token } = await new ApiClient(server.graphql).command(register.query, variablesOf(register))
  // GraphiQL sends the headers editor inside of the operation, over the socket.
  const extensions = { headers: JSON.parse((follow.headers ?? '').replace('PASTE-THE-TOKEN-HERE', token)) }
  const ask = async (tab: typeof register, room?: string) => {
    const [, operationName] = /(?:mutation|query) (\w+)/.exec(tab.query) ?? []
    const response = await fetch(server.graphql, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...extensions.headers },
      body: JSON.stringify({ query: tab.query, operationName, variables: variablesOf(tab, room) }),
    })
    return (await response.json()).data
  }
  const { createRoom } = await ask(rooms)
  const room: string = createRoom.room.id
  const socket = new ApiClient(server.graphql).socket()
  const feed = socket.iterate({ query: follow.query, variables: variablesOf(follow, room), extensions })
  const { value: first } = await feed.next()
  expect(first.data).toMatchObject({ conversationFeed: { caughtUp: true } })
  expect(await ask(send, room)).toMatchObject({ sendMessage: { message: { number: 1, text: 'Hello!' } } })
  const { value: second } = await feed.next()
  expect(second.data.conversationFeed.events).toMatchObject([
    { __typename: 'MessageSent', message: { text: 'Hello!' } },
  ])
  expect(await ask(history, room)).toMatchObject({ conversation: { messages: { nodes: [{ text: 'Hello!' }] } } })
  const all = socket.iterate<Data>({ query: inbox.query, operationName: 'Inbox', extensions })
  expect((await all.next()).value.data).toMatchObject({ inboxFeed: { caughtUp: true } })
  expect(await ask(inbox)).toMatchObject({ sendDM: { message: { number: 1, text: 'A note to myself' } } })
  const told: string[] = []
  for await (const { data } of all)
    if (told.push(...(data?.inboxFeed.events ?? []).map((event: { __typename: string }) => event.__typename)) > 1) break
  expect(told).toEqual(['ConversationAdded', 'DMSent'])
  await socket.dispose()
})
