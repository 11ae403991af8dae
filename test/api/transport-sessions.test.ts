// The end of a session is the end of what it opened, on every transport.

import { expect, test } from 'vitest'
import { createRoom, registered } from '../support/client.ts'
import { startTestServer } from '../support/testServer.ts'

const feed = 'subscription ($id: ID!) { conversationFeed(conversationId: $id) { caughtUp } }'

test('REVOKE: logging out closes the socket with 4403, ends the event stream, and is 401 over HTTP', async () => {
  await using server = await startTestServer()
  const ada = await registered(server.graphql, 'ada')
  const { id } = await createRoom(ada, 'Tea Time')
  const closed = Promise.withResolvers<unknown>()
  const socket = ada.socket({ on: { closed: (event) => closed.resolve(event) } })
  const frames = socket.iterate({ query: feed, variables: { id } })
  await frames.next()
  // The socket's end is an error for its feed; whoever waits for a frame must take it.
  const ending = frames.next().then(
    () => 'a frame',
    () => 'an error',
  )
  const stream = await fetch(server.graphql, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'text/event-stream',
      authorization: `Bearer ${ada.token}`,
    },
    body: JSON.stringify({ query: feed, variables: { id } }),
  })
  const text = stream.text()
  await ada.query('mutation { logout { __typename } }')
  expect(await closed.promise).toMatchObject({ code: 4403, reason: 'Session ended' })
  expect(await ending).toBe('an error')
  expect(await text).toMatch(/"code":"UNAUTHENTICATED".*\n\nevent: complete\ndata:\n\n$/)
  expect((await ada.post('{ viewer { id } }')).status).toBe(401)
})
