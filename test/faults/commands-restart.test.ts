import { rm } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { ApiClient, createRoom, type Data, registered, send } from '../support/client.ts'
import { newFolder, startServerProcess } from '../support/testServer.ts'

test('ACK, ONCE: after a kill what was acknowledged is there, and what was repeated was sent once', async () => {
  const folder = await newFolder()
  const text = (n: number) => `message ${n}`
  const acknowledged = new Map<number, Data>()
  let roomId = ''
  let token: string | undefined
  let total = 0
  {
    await using server = await startServerProcess({ folder })
    const ada = await registered(server.graphql, 'ada')
    token = ada.token
    roomId = (await createRoom(ada, 'Killed')).id
    const line = async () => {
      for (;;) {
        const n = ++total
        try {
          acknowledged.set(n, (await send(ada, roomId, text(n), `key ${n}`)).message)
        } catch {
          // Killed meanwhile: the outcome is unknown.
          return
        }
        if (n === 60) await server.kill()
      }
    }
    await Promise.all(Array.from({ length: 8 }, line))
  }
  expect(acknowledged.size).toBeGreaterThanOrEqual(50)

  await using server = await startServerProcess({ folder })
  const ada = new ApiClient(server.graphql, token)
  for (let n = 1; n <= total; n++) {
    const repeated = await send(ada, roomId, text(n), `key ${n}`)
    const first = acknowledged.get(n)
    if (first) expect(repeated, text(n)).toMatchObject({ duplicate: true, message: first })
    else expect(repeated).toMatchObject({ __typename: 'SendMessagePayload' })
  }
  expect(await send(ada, roomId, 'Another text', 'key 1')).toMatchObject({ __typename: 'ConflictError' })
  const query = 'query ($id: ID) { room(id: $id) { lastNumber messages(first: 100) { nodes { number text } } } }'
  const { room } = await ada.query(query, { id: roomId })
  expect(room.lastNumber).toBe(total)
  expect(room.messages.nodes.map(({ text: one }: Data) => one).sort()).toEqual(
    Array.from({ length: total }, (_, n) => text(n + 1)).sort(),
  )
  expect(room.messages.nodes.map(({ number }: Data) => number)).toEqual(Array.from({ length: total }, (_, n) => n + 1))
  expect(await server.stop()).toBe(0)
  await rm(folder, { recursive: true, force: true })
}, 120_000)
