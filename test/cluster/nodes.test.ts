// Two real nodes on one log, one MongoDB and one Redis: what is done on one is so on the other.

import { rm } from 'node:fs/promises'
import { join as pathTo } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, onTestFinished, test as plainTest } from 'vitest'
import { parley } from '../support/cli.ts'
import { ApiClient, createRoom, type Data, guest, join, registered, send } from '../support/client.ts'
import { type Cluster, startCluster } from '../support/cluster.ts'
import { follow } from '../support/following.ts'
import { logout, mutate } from '../support/mutate.ts'
import { newFolder } from '../support/testServer.ts'

let cluster: Cluster | undefined
beforeAll(async () => {
  cluster = await startCluster()
}, 120_000)
afterAll(async () => {
  await cluster?.[Symbol.asyncDispose]()
}, 60_000)

/** The GraphQL addresses of the nodes. */
interface Nodes {
  readonly a: string
  readonly b: string
}

/** On a machine without a MongoDB it is skipped, which is said where it is started. */
const test = (title: string, body: (nodes: Nodes) => Promise<void>, timeout = 60_000) =>
  plainTest(title, { timeout }, async ({ skip }) => {
    const [a, b] = (cluster?.nodes ?? []).map(({ server }) => server.graphql)
    if (a === undefined || b === undefined) return skip('there is no MongoDB here')
    await body({ a, b })
  })

type Person = ApiClient & { readonly userId: string }

/** The same session through another node. */
const through = (graphql: string, { token, userId }: Person): Person =>
  Object.assign(new ApiClient(graphql, token), { userId })

const atLeast = (position: string) => ({ headers: { 'parley-at-least': position } })
const newest = 'query ($id: ID) { room(id: $id) { lastNumber messages(last: 1) { nodes { text } } } }'
const feed =
  'subscription ($id: ID!, $after: FeedCursor) { conversationFeed(conversationId: $id, after: $after) { cursor caughtUp events { __typename revision ... on MessageSent { message { text } } } } }'
const textsOf = (frames: readonly Data[]): readonly string[] =>
  frames.flatMap(({ events }) => events.flatMap(({ message }: Data) => message?.text ?? []))

test('what is sent through one is followed and read through the other', async ({ a, b }) => {
  const ada = await registered(a, 'ada')
  const room = await createRoom(ada, 'Two nodes')
  await using followed = follow(through(b, ada), feed, { id: room.id })
  await followed.until(({ caughtUp }) => caughtUp)
  await send(ada, room.id, 'Hello from a')
  await followed.until((frame) => textsOf([frame]).includes('Hello from a'))
  const { position } = await send(through(b, ada), room.id, 'Hello from b')
  expect((await ada.query(newest, { id: room.id }, atLeast(position))).room).toEqual({
    lastNumber: 2,
    messages: { nodes: [{ text: 'Hello from b' }] },
  })
})

test('READYOURWRITES: a query on either node that carries a position sees what was written on the other', async ({
  a,
  b,
}) => {
  const ada = await registered(a, 'positions')
  const room = await createRoom(ada, 'Positions')
  const slowest: number[] = []
  for (let n = 1; n <= 60; n++) {
    const [writing, reading] = n % 2 === 0 ? [a, b] : [b, a]
    const { position } = await send(through(writing, ada), room.id, `message ${n}`)
    const began = performance.now()
    const { body } = await through(reading, ada).post(newest, { id: room.id }, atLeast(position))
    slowest.push(performance.now() - began)
    expect(body.extensions, 'it is not behind').toBeUndefined()
    expect(body.data?.room).toEqual({ lastNumber: n, messages: { nodes: [{ text: `message ${n}` }] } })
  }
  console.log(`a query with a position on the other node: at most ${Math.round(Math.max(...slowest))} ms`)
})

test('ONCE: the same key through both nodes is one message, at the same time too', async ({ a, b }) => {
  const ada = await registered(a, 'once')
  const room = await createRoom(ada, 'Once')
  for (let n = 0; n < 20; n++) {
    const answers = await Promise.all(
      [a, b, a, b].map((node) => send(through(node, ada), room.id, `key ${n}`, `key-${n}`)),
    )
    expect(new Set(answers.map(({ message }) => message.id)).size).toBe(1)
    expect(answers.filter(({ duplicate }) => !duplicate)).toHaveLength(1)
  }
  const { room: seen } = await ada.query(newest, { id: room.id })
  expect(seen.lastNumber).toBe(20)
})

test('ORDER: those who write into one room through both nodes are all acknowledged, and everyone sees one order', async ({
  a,
  b,
}) => {
  const ada = await registered(a, 'order')
  const room = await createRoom(ada, 'Order')
  const feeds = [a, b].map((node) => follow(through(node, ada), feed, { id: room.id }))
  const writers = await Promise.all(Array.from({ length: 8 }, (_, n) => guest(n % 2 === 0 ? a : b, `writer ${n}`)))
  await Promise.all(writers.map((writer) => join(writer, room.id)))
  const each = 25
  await Promise.all(
    writers.map(async (writer, who) => {
      for (let n = 0; n < each; n++) {
        const answer = await send(writer, room.id, `${who}-${n}`)
        expect(answer, JSON.stringify(answer)).toMatchObject({ duplicate: false })
      }
    }),
  )
  const all = writers.length * each
  for (const one of feeds) await expect.poll(() => textsOf(one.frames).length, { timeout: 20_000 }).toBe(all)
  const [atA, atB] = feeds.map(({ frames }) => textsOf(frames))
  expect(atA).toEqual(atB)
  for (let who = 0; who < writers.length; who++)
    expect(atA?.filter((text) => text.startsWith(`${who}-`))).toEqual(
      Array.from({ length: each }, (_, n) => `${who}-${n}`),
    )
  const revisions = feeds.map(({ frames }) => frames.flatMap(({ events }) => events.map((e: Data) => e.revision)))
  for (const seen of revisions) expect(seen).toEqual(seen.map((_, index) => seen[0] + index))
  for (const one of feeds) await one[Symbol.asyncDispose]()
})

test('RESUME: a feed that was cut off on one node goes on where it was on the other', async ({ a, b }) => {
  const ada = await registered(a, 'resume')
  const room = await createRoom(ada, 'Resume')
  const frames: Data[] = []
  let sent = 0
  for (let round = 0; round < 6; round++) {
    const after = frames.at(-1)?.cursor
    const node = round % 2 === 0 ? a : b
    await using followed = follow(through(node, ada), feed, { id: room.id, ...(after && { after }) })
    // Without a cursor it begins with what happens from now on.
    if (round === 0) await followed.until(({ caughtUp }) => caughtUp)
    for (let n = 0; n < 5; n++) await send(through(n % 2 === 0 ? b : a, ada), room.id, `${sent++}`)
    await followed.until((frame) => textsOf([frame]).includes(`${sent - 1}`))
    frames.push(...followed.frames)
  }
  expect(textsOf(frames)).toEqual(Array.from({ length: sent }, (_, n) => `${n}`))
})

test('REVOKE: a session that ended on one node ends on the other, feeds and queries', async ({ a, b }) => {
  const ada = await registered(a, 'leaving')
  const room = await createRoom(ada, 'Leaving')
  await using followed = follow(through(b, ada), feed, { id: room.id })
  await followed.until(({ caughtUp }) => caughtUp)
  const { position } = await logout(ada)
  await followed.ended
  const { status } = await through(b, ada).post('{ viewer { id } }', {}, atLeast(position))
  expect(status).toBe(401)
})

test('nobody is refused on one node for what the other has just changed', async ({ a, b }) => {
  const ada = await registered(a, 'inviting')
  const bob = await registered(b, 'invited')
  for (let n = 0; n < 5; n++) {
    const { room } = await mutate(ada, 'createRoom', { name: `Garden ${n}`, visibility: 'PRIVATE' }, 'room { id }')
    // The other node knows the room now, and that Bob is a stranger there.
    expect(await join(bob, room.id)).toMatchObject({ code: 'NOT_FOUND' })
    await mutate(ada, 'inviteToRoom', { roomId: room.id, userIds: [bob.userId] })
    expect(await join(bob, room.id)).toHaveProperty('position')
    await mutate(ada, 'removeMember', { roomId: room.id, userId: bob.userId })
    expect(await send(bob, room.id, 'Still here?')).toMatchObject({ code: 'NOT_FOUND' })
  }
})

test('two owners who take each other down through two nodes at once leave one', async ({ a, b }) => {
  const [ada, bob] = [await registered(a, 'owner-a'), await registered(b, 'owner-b')]
  for (let n = 0; n < 10; n++) {
    const room = await createRoom(ada, `Owners ${n}`)
    await join(bob, room.id)
    await mutate(ada, 'setMemberRole', { roomId: room.id, userId: bob.userId, role: 'OWNER' })
    const demote = (by: Person, other: Person) =>
      mutate(by, 'setMemberRole', { roomId: room.id, userId: other.userId, role: 'MEMBER' })
    const answers = await Promise.all([demote(ada, bob), demote(bob, ada)])
    expect(answers.filter(({ position }) => position !== undefined)).toHaveLength(1)
    const { room: seen } = await ada.query(
      'query ($id: ID) { room(id: $id) { members(first: 5) { nodes { role } } } }',
      { id: room.id },
      atLeast(answers.find(({ position }) => position !== undefined)?.position),
    )
    expect(seen.members.nodes.map(({ role }: Data) => role).sort()).toEqual(['MEMBER', 'OWNER'])
  }
})

test('who types and who is there is seen on the other node', async ({ a, b }) => {
  if (!cluster?.redis) return
  const [ada, bob] = [await registered(a, 'typing-a'), await registered(b, 'typing-b')]
  const room = await createRoom(ada, 'Typing')
  await join(bob, room.id)
  await using typing = follow(ada, 'subscription ($id: ID!) { typing(conversationId: $id) { users { id } } }', {
    id: room.id,
  })
  await using there = follow(ada, 'subscription ($ids: [ID!]) { presence(userIds: $ids) { users { id presence } } }', {
    ids: [bob.userId],
  })
  await typing.frame(0)
  await there.frame(0)
  const socket = bob.socket({ lazy: false, onNonLazyError: () => {} })
  await there.until(({ users }) => users.some((user: Data) => user.id === bob.userId && user.presence === 'ONLINE'))
  await mutate(bob, 'setTyping', { conversationId: room.id, typing: true }, 'conversation { id }')
  await typing.until(({ users }) => users.some((user: Data) => user.id === bob.userId))
  await socket.dispose()
  await there.until(({ users }) => users.some((user: Data) => user.id === bob.userId && user.presence === 'OFFLINE'))
})

test('READYOURWRITES: each node shows its own writes in what it answers', async ({ a, b }) => {
  const ada = await registered(a, 'own-writes')
  const room = await createRoom(ada, 'Own writes')
  for (const node of [a, b, a, b]) {
    const began = performance.now()
    const { conversation } = await mutate(
      through(node, ada),
      'sendMessage',
      { conversationId: room.id, text: 'Seen?' },
      'conversation { messages(last: 1) { nodes { text } } }',
    )
    expect(conversation.messages.nodes).toEqual([{ text: 'Seen?' }])
    expect(performance.now() - began).toBeLessThan(1_500)
  }
})

test('FOLD: every read model equals a fresh fold of the log, and each node answers the command line', async () => {
  await sleep(100)
  for (const node of cluster?.nodes ?? []) {
    const listed = await parley(['projections', 'list', '--data', node.folder, '--json'], cluster?.env)
    expect(listed, listed.stderr).toMatchObject({ code: 0 })
  }
  for (const { folder } of cluster?.nodes ?? []) {
    const verified = await parley(['projections', 'verify', '--all', '--data', folder, '--json'], cluster?.env)
    expect(verified, verified.stderr).toMatchObject({ code: 0 })
  }
})

plainTest(
  'an import is refused while any node runs, by another folder too, and taken up when the last one has stopped',
  {
    timeout: 90_000,
  },
  async ({ skip }) => {
    if (cluster === undefined) return skip('there is no MongoDB here')
    const { nodes, env } = cluster
    const folder = await newFolder()
    onTestFinished(() => rm(folder, { recursive: true, force: true }))
    const file = pathTo(folder, 'log.jsonl')
    const first = nodes[0]?.folder ?? ''
    expect(await parley(['export', file, '--data', first], env)).toMatchObject({ code: 0 })
    const bring = () => parley(['import', file, '--data', pathTo(folder, 'third')], env)
    const refused = { code: 1, stderr: expect.stringContaining('A node runs on these engines. Stop all nodes') }
    expect(await bring()).toMatchObject(refused)
    // Into the folder of a node that runs: that one holds it.
    expect((await parley(['import', file, '--data', first], env)).code).not.toBe(0)
    await nodes[0]?.kill()
    expect(await bring(), 'the other one still runs').toMatchObject(refused)
    await nodes[1]?.kill()
    // What those have left that were killed stops nobody. This log holds the very same already, once nobody writes to it.
    expect(await parley(['export', pathTo(folder, 'last.jsonl'), '--data', first], env)).toMatchObject({ code: 0 })
    const taken = await parley(['import', pathTo(folder, 'last.jsonl'), '--data', pathTo(folder, 'third')], env)
    expect(taken, taken.stderr).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^All [\d,]+ events were there/),
    })
  },
)
