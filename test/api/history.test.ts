import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ApiClient, createRoom, type Data, registered, send } from '../support/client.ts'
import { startTestServer, type TestServer } from '../support/testServer.ts'

const total = 130
let server: TestServer
let ada: ApiClient
let roomId: string
let otherId: string
const sent: { readonly id: string; readonly number: number }[] = []
beforeAll(async () => {
  server = await startTestServer()
  ada = await registered(server.graphql, 'ada')
  roomId = (await createRoom(ada, 'History')).id
  otherId = (await createRoom(ada, 'Other')).id
  for (let n = 1; n <= total; n++) sent.push((await send(ada, roomId, `${n}`)).message)
  await send(ada, otherId, 'Elsewhere')
})
afterAll(() => server[Symbol.asyncDispose]())

const query = `query ($id: ID, $first: Int, $after: String, $last: Int, $before: String, $around: ID, $since: DateTime) {
  room(id: $id) {
    messages(first: $first, after: $after, last: $last, before: $before, around: $around, since: $since) {
      nodes { number sentAt }
      edges { cursor node { number } }
      totalCount
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    }
  }
}`
const page = async (args: Readonly<Record<string, unknown>> = {}): Promise<Data> =>
  (await ada.query(query, { id: roomId, ...args })).room.messages
const numbers = ({ nodes }: Data): readonly number[] => nodes.map(({ number }: Data) => number)
const range = (from: number, to: number) => Array.from({ length: Math.max(0, to - from + 1) }, (_, n) => from + n)
const idOf = (number: number) => sent[number - 1]?.id
const moreOf = ({ pageInfo }: Data) => [pageInfo.hasPreviousPage, pageInfo.hasNextPage]
const codeOf = async (args: Readonly<Record<string, unknown>>, id = roomId) =>
  (await ada.post(query, { id, ...args })).body.errors?.[0]?.extensions?.code

test('without arguments there are the newest 50, oldest to newest', async () => {
  const newest = await page()
  expect(numbers(newest)).toEqual(range(total - 49, total))
  expect(moreOf(newest)).toEqual([true, false])
  expect(newest.totalCount).toBe(total)
  expect([newest.pageInfo.startCursor, newest.pageInfo.endCursor]).toEqual([
    newest.edges[0].cursor,
    newest.edges.at(-1).cursor,
  ])
})

test.each([1, 7, 50, 100])('forwards in pages of %i, everything comes once', async (first) => {
  const seen: number[] = []
  let after: string | null = null
  for (let more = true; more; ) {
    const one = await page({ first, after })
    seen.push(...numbers(one))
    expect(one.pageInfo.hasPreviousPage).toBe(after !== null)
    ;({ hasNextPage: more, endCursor: after } = one.pageInfo)
  }
  expect(seen).toEqual(range(1, total))
})

test.each([1, 7, 50, 100])('backwards in pages of %i, everything comes once', async (last) => {
  const seen: number[] = []
  let before: string | null = null
  for (let more = true; more; ) {
    const one = await page({ last, before })
    seen.unshift(...numbers(one))
    expect(one.pageInfo.hasNextPage).toBe(before !== null)
    ;({ hasPreviousPage: more, startCursor: before } = one.pageInfo)
  }
  expect(seen).toEqual(range(1, total))
})

test('before a cursor there are the 50 before it, after one the 50 after it', async () => {
  const { edges } = await page({ first: 100 })
  expect(numbers(await page({ before: edges[69].cursor }))).toEqual(range(20, 69))
  expect(numbers(await page({ after: edges[69].cursor }))).toEqual(range(71, 120))
})

describe('around a message', () => {
  test.each([
    ['in the middle', 60, 11, range(55, 65)],
    ['in the middle, of an even page', 60, 10, range(56, 65)],
    ['at the beginning', 1, 10, range(1, 10)],
    ['near the beginning', 3, 11, range(1, 11)],
    ['at the end', total, 10, range(total - 9, total)],
    ['near the end', total - 2, 11, range(total - 10, total)],
    ['alone', 60, 1, [60]],
    ['of the page of 50', 60, undefined, range(36, 85)],
  ])('%s', async (_, number, first, expected) => {
    const opened = await page({ around: idOf(number), first })
    expect(numbers(opened)).toEqual(expected)
    expect(moreOf(opened)).toEqual([expected[0] !== 1, expected.at(-1) !== total])
  })

  test('the page goes on in both directions', async () => {
    const { pageInfo } = await page({ around: idOf(60), first: 11 })
    expect(numbers(await page({ first: 5, after: pageInfo.endCursor }))).toEqual(range(66, 70))
    expect(numbers(await page({ last: 5, before: pageInfo.startCursor }))).toEqual(range(50, 54))
  })

  test('that is not there, or elsewhere, is refused', async () => {
    const { room: other } = await ada.query('query ($id: ID) { room(id: $id) { lastMessage { id } } }', { id: otherId })
    const absent = 'message_00000000-0000-4000-8000-000000000000'
    for (const around of [other.lastMessage.id, absent, 'x']) expect(await codeOf({ around })).toBe('BAD_INPUT')
  })
})

test('since a time: that time and later, in whatever zone it is written', async () => {
  const { nodes } = await page({ first: 100 })
  const since: string = nodes[80].sentAt
  const first = nodes.findIndex(({ sentAt }: Data) => sentAt >= since) + 1
  const opened = await page({ since, first: 5 })
  expect(numbers(opened)).toEqual(range(first, first + 4))
  expect(moreOf(opened)).toEqual([true, true])
  const zoned = new Date(Date.parse(since) + 2 * 3_600_000).toISOString().replace('Z', '+02:00')
  expect(numbers(await page({ since: zoned, first: 5 }))).toEqual(numbers(opened))
  expect(numbers(await page({ since: '2001-01-01T00:00:00Z', first: 3 }))).toEqual([1, 2, 3])
  const later = await page({ since: '2999-01-01T00:00:00.000Z' })
  expect([numbers(later), moreOf(later)]).toEqual([[], [true, false]])
})

describe('is refused', () => {
  test.each([
    { first: 0 },
    { first: -1 },
    { first: 101 },
    { last: 0 },
    { last: 101 },
    { first: 1, last: 1 },
    { since: '2026-01-31T12:00:00Z', last: 1 },
    { since: '2026-01-31' },
    { since: 'yesterday' },
  ])('%j', async (args) => {
    expect(await codeOf(args)).toBe('BAD_INPUT')
  })

  test('a page opened in two ways', async () => {
    const { startCursor: cursor } = (await page()).pageInfo
    const around = idOf(5)
    for (const args of [
      { first: 1, before: cursor },
      { last: 1, after: cursor },
      { after: cursor, before: cursor },
      { around, after: cursor },
      { around, before: cursor },
      { around, last: 3 },
      { around, since: '2026-01-31T12:00:00Z' },
    ])
      expect(await codeOf(args), JSON.stringify(args)).toBe('BAD_INPUT')
  })

  test('a cursor that was cut, altered, or is of another list', async () => {
    const { endCursor: cursor } = (await page()).pageInfo
    const altered = [...cursor].map(
      (letter, n) => `${cursor.slice(0, n)}${letter === 'A' ? 'B' : 'A'}${cursor.slice(n + 1)}`,
    )
    const cut = range(0, cursor.length - 1).map((length) => cursor.slice(0, length))
    const { room } = await ada.query('query ($id: ID) { room(id: $id) { feedCursor members { edges { cursor } } } }', {
      id: roomId,
    })
    for (const after of [...altered, ...cut, `${cursor}=`, `${cursor} `, room.feedCursor, room.members.edges[0].cursor])
      expect(await codeOf({ after }), after).toBe('BAD_INPUT')
    expect(await codeOf({ after: cursor }, otherId), 'of another room').toBe('BAD_INPUT')
    expect(await codeOf({ after: cursor })).toBeUndefined()
  })
})
