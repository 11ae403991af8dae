import { expect, test, vi } from 'vitest'
import { ReadModels } from '../../src/projecting/readModels.ts'
import { createRoom, guest, join, registered, send } from '../support/client.ts'
import { readable } from '../support/readable.ts'
import { startTestServer } from '../support/testServer.ts'

/** Counts the reads of documents while something is done; they are carried out all the same. */
async function readsOf(action: () => Promise<unknown>): Promise<number> {
  const spies = (['get', 'find', 'count', 'sum'] as const).map((name) => vi.spyOn(ReadModels.prototype, name))
  try {
    await action()
    return spies.reduce((total, spy) => total + spy.mock.calls.filter(([, ids]) => !isEmpty(ids)).length, 0)
  } finally {
    for (const spy of spies) spy.mockRestore()
  }
}

/** A read of no ids reads nothing. */
const isEmpty = (ids: unknown): boolean => Array.isArray(ids) && ids.length === 0

test('how many documents are read does not grow with a page: people and rooms are read together', async () => {
  await using server = await startTestServer()
  const ada = await registered(server.graphql, 'ada')
  const room = await createRoom(ada, 'Busy')
  const people = await Promise.all(Array.from({ length: 25 }, () => guest(server.graphql)))
  for (const one of people) await join(one, room.id)
  for (let round = 0; round < 4; round++)
    await Promise.all(people.map((one, n) => send(one, room.id, `${round}/${n} for @ada`)))
  await readable(server.graphql)

  const messages = (last: number) => () =>
    ada.query(
      'query ($id: ID, $last: Int) { room(id: $id) { messages(last: $last) { nodes { text author { displayName } mentions { username } conversation { id } } } } }',
      { id: room.id, last },
    )
  const small = await readsOf(messages(2))
  expect(await readsOf(messages(50))).toBe(small)
  expect(await readsOf(messages(100))).toBe(small)
  // Who asks and whether they still may (2 each), the room, the page, the people, the room as the conversation of what is in it,
  // and access (the room and bans each): to the room, to the page, and to that conversation.
  expect(small).toBeLessThanOrEqual(14)

  const members = (first: number) => () =>
    ada.query(
      'query ($id: ID, $first: Int) { room(id: $id) { members(first: $first) { nodes { role readNumber user { displayName } conversation { id } } } } }',
      { id: room.id, first },
    )
  const few = await readsOf(members(2))
  expect(await readsOf(members(26))).toBe(few)
  // The same, and where people are in the room and how far they have read.
  expect(few).toBeLessThanOrEqual(16)
})
