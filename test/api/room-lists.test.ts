import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ApiClient, createRoom, type Data, guest, join, registered, send } from '../support/client.ts'
import { readable } from '../support/readable.ts'
import { startTestServer, type TestServer } from '../support/testServer.ts'

let server: TestServer
let ada: ApiClient
/** The rooms, the newest first. */
const made: { readonly id: string; readonly slug: string }[] = []
beforeAll(async () => {
  server = await startTestServer({ env: { PARLEY_ROOMS: 'General, Café' } })
  ada = await registered(server.graphql, 'ada')
  for (let n = 0; n < 12; n++) made.unshift(await createRoom(ada, `Room ${String(n).padStart(2, '0')}`))
})
afterAll(() => server[Symbol.asyncDispose]())

const list = (variables: Readonly<Record<string, unknown>> = {}): Promise<Data> =>
  ada.query(
    'query ($first: Int, $after: String, $query: String) { rooms(first: $first, after: $after, query: $query) { nodes { id slug name } edges { cursor } totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }',
    variables,
  )

const codeOf = async (client: ApiClient, query: string, variables = {}) => {
  const { body } = await client.post(query, variables)
  return body.errors?.[0]?.extensions?.code
}

describe('the list of rooms', () => {
  test('has the most recently active first, page by page, each once', async () => {
    await send(ada, made[5]?.id ?? '', 'Wake up')
    const seen: string[] = []
    let after: string | null = null
    for (let pages = 0; ; pages++) {
      const { rooms } = await list({ first: 5, after })
      seen.push(...rooms.nodes.map(({ slug }: Data) => slug))
      expect(rooms.totalCount).toBe(14)
      expect(rooms.pageInfo.hasPreviousPage).toBe(pages > 0)
      expect(rooms.pageInfo.startCursor).toBe(rooms.edges[0].cursor)
      after = rooms.pageInfo.endCursor
      if (!rooms.pageInfo.hasNextPage) break
    }
    const [woken] = made.splice(5, 1)
    if (woken) made.unshift(woken)
    expect(seen).toEqual([...made.map(({ slug }) => slug), 'cafe', 'general'])
  })

  test.each([
    ['room 0', 10],
    ['ROOM 11', 1],
    ['room-1', 2],
    ['caf', 1],
    ['gen', 1],
    ['oom', 0],
    ['', 14],
    ['%', 0],
  ])('%j finds %i by the beginning of their name or slug', async (query, count) => {
    const { rooms } = await list({ query })
    expect(rooms.nodes).toHaveLength(count)
    expect(rooms.totalCount).toBe(count)
  })

  test('bad pages are refused', async () => {
    const query = 'query ($first: Int, $after: String) { rooms(first: $first, after: $after) { totalCount } }'
    const { rooms } = await list({ first: 1 })
    const cursor: string = rooms.pageInfo.endCursor
    for (const first of [0, -1, 101]) expect(await codeOf(ada, query, { first }), `${first}`).toBe('BAD_INPUT')
    const { viewer } = await ada.query('{ viewer { conversations(first: 1) { pageInfo { endCursor } } } }')
    const bad = [cursor.slice(0, -1), `${cursor}A`, cursor.replace(/^./, cursor.startsWith('A') ? 'B' : 'A'), '', 'x']
    for (const after of [...bad, viewer.conversations.pageInfo.endCursor])
      expect(await codeOf(ada, query, { after }), after).toBe('BAD_INPUT')
    expect(await codeOf(ada, query, { after: cursor })).toBeUndefined()
  })
})

describe('one room', () => {
  test('is asked for by exactly one of id and slug', async () => {
    const [{ id, slug } = { id: '', slug: '' }] = made
    const query = 'query ($id: ID, $slug: String) { room(id: $id, slug: $slug) { id slug } }'
    expect(await ada.query(query, { id })).toEqual({ room: { id, slug } })
    expect(await ada.query(query, { slug })).toEqual({ room: { id, slug } })
    expect(await codeOf(ada, query, { id, slug })).toBe('BAD_INPUT')
    expect(await codeOf(ada, query, {})).toBe('BAD_INPUT')
    for (const nothing of [{ slug: 'no-such' }, { id: 'x' }, { id: slug }, { id: `room_${'0'.repeat(8)}` }])
      expect(await ada.query(query, nothing)).toEqual({ room: null })
  })

  test('that the server made has no maker and no members', async () => {
    const { room } = await ada.query('{ room(slug: "general") { name memberCount createdBy { id } revision } }')
    expect(room).toEqual({ name: 'General', memberCount: 0, createdBy: null, revision: 1 })
  })
})

test('members are listed page by page, and their cursors belong to their room', async () => {
  const [{ id } = { id: '' }, other] = made
  const people = await Promise.all(Array.from({ length: 6 }, (_, n) => guest(server.graphql, `Guest ${n}`)))
  for (const one of people) await join(one, id)
  await readable(server.graphql)
  const query =
    'query ($id: ID, $after: String) { room(id: $id) { members(first: 3, after: $after) { nodes { user { displayName } } totalCount pageInfo { hasNextPage endCursor } } } }'
  const seen: string[] = []
  let after: string | undefined
  for (let more = true; more; ) {
    const { members } = (await ada.query(query, { id, after })).room
    seen.push(...members.nodes.map(({ user }: Data) => user.displayName))
    expect(members.totalCount).toBe(7)
    ;({ hasNextPage: more, endCursor: after } = members.pageInfo)
  }
  expect(seen).toEqual(['ada', ...people.map((_, n) => `Guest ${n}`)])
  expect(await codeOf(ada, query, { id: other?.id, after })).toBe('BAD_INPUT')
})

test("the viewer's conversations are those joined, the most recently active first", async () => {
  const visitor = await guest(server.graphql)
  const ids = made.slice(0, 4).map(({ id }) => id)
  for (const id of ids) await join(visitor, id)
  const { viewer } = await visitor.query('{ viewer { conversations { totalCount nodes { id } } } }')
  expect(viewer.conversations.totalCount).toBe(4)
  expect(viewer.conversations.nodes.map(({ id }: Data) => id)).toEqual(ids)
  await send(ada, ids[2] ?? '', 'Wake up')
  await readable(server.graphql)
  const page =
    'query ($after: String) { viewer { conversations(first: 3, after: $after) { nodes { id } pageInfo { hasNextPage endCursor } } } }'
  const { viewer: one } = await visitor.query(page)
  const { viewer: two } = await visitor.query(page, { after: one.conversations.pageInfo.endCursor })
  expect([...one.conversations.nodes, ...two.conversations.nodes].map(({ id }: Data) => id)).toEqual([
    ids[2],
    ids[0],
    ids[1],
    ids[3],
  ])
  expect([one, two].map((data) => data.conversations.pageInfo.hasNextPage)).toEqual([true, false])
})
