// A session that ends while its feeds are under way.

import { expect, test } from 'vitest'
import { createRoom, guest, join, registered, send } from '../support/client.ts'
import { documentOf } from '../support/commandDocuments.ts'
import { followOverEventStream, followOverSocket, type SeenEvent } from '../support/feedReader.ts'
import { startTestServer } from '../support/testServer.ts'

test.each([
  ['a WebSocket', followOverSocket, 4403],
  ['server-sent events', followOverEventStream, 0],
] as const)('REVOKE: over %s nothing after the end of the session is delivered', async (_, follow, closeCode) => {
  await using server = await startTestServer()
  const ada = await registered(server.graphql, 'ada')
  const { id: conversationId } = await createRoom(ada, 'Tea')
  for (let round = 0; round < 5; round++) {
    const bob = await guest(server.graphql, `Bob ${round}`)
    await join(bob, conversationId)
    const seen: SeenEvent[] = []
    const connection = follow({ graphql: server.graphql, token: bob.token, conversationId }, ({ events }) => {
      seen.push(...events)
    })
    const stopping = new AbortController()
    const positions = new Map<number, string>()
    const writing = (async () => {
      while (!stopping.signal.aborted) {
        const { message, position } = await send(ada, conversationId, 'tea')
        positions.set(message.revision, position)
      }
    })()
    while (seen.length < 5) await new Promise((resolve) => setTimeout(resolve, 2))
    const { position: end } = await bob.command(documentOf('logout'))
    expect(await connection.ended).toMatchObject({ closeCode })
    stopping.abort()
    await writing
    // Both are of one log, whose positions compare as strings.
    const late = seen.filter(({ revision }) => (positions.get(revision) ?? '') > end)
    expect(late).toEqual([])
    expect([...positions.values()].some((position) => position > end)).toBe(true)

    expect((await bob.post('{ viewer { id } }')).status).toBe(401)
    const again = follow({ graphql: server.graphql, token: bob.token, conversationId }, ({ events }) => {
      seen.push(...events)
    })
    const { closeCode: refused, errors } = await again.ended
    if (closeCode === 0) expect(errors).toEqual(['UNAUTHENTICATED'])
    else expect(refused).toBe(4403)
  }
})
