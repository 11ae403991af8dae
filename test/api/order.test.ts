import { expect, test } from 'vitest'
import { createRoom, type Data, guest, join, registered, send } from '../support/client.ts'
import { readable } from '../support/readable.ts'
import { startTestServer } from '../support/testServer.ts'

const people = 8
const sends = 200

test(`ORDER, NOGHOST: ${people} people who send ${sends} messages each at the same time make one order, without holes and without doubles`, async () => {
  await using server = await startTestServer()
  const owner = await registered(server.graphql, 'owner')
  const room = await createRoom(owner, 'Crowd')
  const clients = await Promise.all(Array.from({ length: people }, () => guest(server.graphql)))
  for (const client of clients) await join(client, room.id)
  const before = 2 + people
  const sent = new Map<string, { readonly number: number; readonly revision: number }>()
  await Promise.all(
    clients.flatMap((client, who) =>
      // Four lines each, so that several of one person's sends are under way as well.
      Array.from({ length: 4 }, async (_, line) => {
        for (let n = line; n < sends; n += 4) {
          const text = `${who}/${n}`
          const { message } = await send(client, room.id, text, text)
          sent.set(text, message)
        }
      }),
    ),
  )
  const total = people * sends
  expect([...sent.values()].map(({ number }) => number).sort((a, b) => a - b)).toEqual(
    Array.from({ length: total }, (_, n) => n + 1),
  )
  expect([...sent.values()].map(({ revision }) => revision).sort((a, b) => a - b)).toEqual(
    Array.from({ length: total }, (_, n) => before + n),
  )

  await readable(server.graphql)
  const history: Data[] = []
  let after: string | null = null
  for (let more = true; more; ) {
    const { room: page }: Data = await owner.query(
      'query ($id: ID, $after: String) { room(id: $id) { lastNumber revision messages(first: 100, after: $after) { nodes { text number revision sentAt } pageInfo { hasNextPage endCursor } } } }',
      { id: room.id, after },
    )
    expect([page.lastNumber, page.revision]).toEqual([total, before + total])
    history.push(...page.messages.nodes)
    ;({ hasNextPage: more, endCursor: after } = page.messages.pageInfo)
  }
  expect(history.map(({ number }) => number)).toEqual(Array.from({ length: total }, (_, n) => n + 1))
  expect(new Set(history.map(({ text }) => text))).toEqual(new Set(sent.keys()))
  for (const { text, number, revision } of history) expect(sent.get(text)).toMatchObject({ number, revision })
  const times = history.map(({ sentAt }) => sentAt)
  expect(times).toEqual([...times].sort())
}, 120_000)
