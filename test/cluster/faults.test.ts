// Nodes, log, MongoDB and Redis that die, stand still and come back, under real nodes.

import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test as plainTest, vi } from 'vitest'
import { ApiClient, createRoom, type Data, guest, join, registered, send } from '../support/client.ts'
import { type Cluster, type ClusterNode, startCluster } from '../support/cluster.ts'
import { follow } from '../support/following.ts'
import { readLive } from '../support/liveReader.ts'
import { mutate } from '../support/mutate.ts'

let cluster: Cluster | undefined
beforeAll(async () => {
  cluster = await startCluster()
}, 120_000)
afterAll(async () => {
  await cluster?.[Symbol.asyncDispose]()
}, 60_000)

interface Running extends Cluster {
  readonly a: ClusterNode
  readonly b: ClusterNode
}

/** On a machine without a MongoDB it is skipped, which is said where it is started. */
const test = (title: string, timeout: number, body: (cluster: Running) => Promise<void>) =>
  plainTest(title, { timeout }, async ({ skip }) => {
    const [a, b] = cluster?.nodes ?? []
    if (!cluster || !a || !b) return skip('there is no MongoDB here')
    // An earlier test may have failed while one was away.
    for (const { server, start } of [a, b])
      if (server.child.exitCode !== null || server.child.signalCode !== null) await start()
    await body({ ...cluster, a, b })
  })

type Person = ApiClient & { readonly userId: string }
const through = (node: ClusterNode, { token, userId }: Person): Person =>
  Object.assign(new ApiClient(node.server.graphql, token), { userId })

const readiness = async (node: ClusterNode): Promise<{ readonly code: number; readonly body: Data }> => {
  const response = await fetch(`${node.server.url}/readyz?verbose`)
  return { code: response.status, body: (await response.json()) as Data }
}
const isReady = (node: ClusterNode, timeout: number) =>
  vi.waitFor(async () => expect((await readiness(node)).code).toBe(200), { timeout, interval: 100 })

/** How long it takes until it holds, in ms. @throws once `most` is over */
async function within(most: number, holds: () => Promise<boolean>): Promise<number> {
  const began = performance.now()
  while (!(await holds().catch(() => false))) {
    if (performance.now() - began > most) throw new Error(`It did not happen within ${most} ms.`)
    await sleep(100)
  }
  return Math.round(performance.now() - began)
}

const newest = 'query ($id: ID) { room(id: $id) { lastNumber messages(last: 1) { nodes { text } } } }'
const feed =
  'subscription ($id: ID!) { conversationFeed(conversationId: $id) { cursor caughtUp events { __typename revision } } }'
const reads = async (client: ApiClient, id: string, text: string): Promise<boolean> => {
  const { body } = await client.post(newest, { id })
  return body.data?.room?.messages.nodes[0]?.text === text
}

/** Which node folds, by the lease in the documents: the one whose rebuilds cost nothing is asked by nobody else. */
const folds = async (node: ClusterNode): Promise<boolean> => {
  const { body } = await readiness(node)
  const models = body.dependencies.find(({ name }: Data) => name === 'read models')
  return String(models?.detail).includes('This node folds')
}

for (const how of ['SIGKILL', 'SIGSTOP'] as const)
  test(
    `when the node that folds gets ${how}, another goes on within 10 s, and nothing is folded twice`,
    120_000,
    async ({ a, b }) => {
      await Promise.all([isReady(a, 20_000), isReady(b, 20_000)])
      const [folding, other] = (await folds(a)) ? [a, b] : [b, a]
      const ada = await registered(other.server.graphql, `folding-${how.toLowerCase()}`)
      const room = await createRoom(ada, `Folding ${how}`)
      await send(ada, room.id, 'before')
      await vi.waitFor(async () => expect(await reads(ada, room.id, 'before')).toBe(true), { timeout: 10_000 })
      if (how === 'SIGKILL') await folding.kill()
      else folding.pause()
      await send(ada, room.id, 'after')
      const took = await within(10_000, () => reads(ada, room.id, 'after'))
      console.log(`${how}: another node folds after ${took} ms`)
      if (how === 'SIGKILL') await folding.start()
      else {
        await sleep(Math.max(0, 10_000 - took))
        folding.resume()
      }
      await isReady(folding, 20_000)
      for (let n = 0; n < 10; n++) await send(through(n % 2 === 0 ? a : b, ada), room.id, `since ${n}`)
      await within(10_000, () => reads(through(folding, ada), room.id, 'since 9'))
      const { room: seen } = await ada.query(newest, { id: room.id })
      expect(seen.lastNumber).toBe(12)
    },
  )

test(
  'a node that dies takes its people offline within 30 s, but not whoever has a device on another',
  120_000,
  async ({ a, b }) => {
    await Promise.all([isReady(a, 20_000), isReady(b, 20_000)])
    const [ada, bob, eve] = [
      await registered(a.server.graphql, 'watching'),
      await guest(a.server.graphql, 'bob'),
      await guest(a.server.graphql, 'eve'),
    ]
    const device = (node: ClusterNode, who: Person) =>
      through(node, who).socket({ lazy: false, onNonLazyError: () => {} })
    const sockets = [device(b, bob), device(b, eve), device(a, eve)]
    await using followed = follow(
      ada,
      'subscription ($ids: [ID!]) { presence(userIds: $ids) { users { id presence } } }',
      {
        ids: [bob.userId, eve.userId],
      },
    )
    const isNow = (who: Person, presence: string) => (frame: Data) =>
      frame.users.some((user: Data) => user.id === who.userId && user.presence === presence)
    await followed.until(isNow(bob, 'ONLINE'))
    await followed.until(isNow(eve, 'ONLINE'))
    await sleep(500)
    const before = followed.frames.length
    const since = () => followed.frames.slice(before)
    await b.kill()
    const began = performance.now()
    await vi.waitFor(() => expect(since().some(isNow(bob, 'OFFLINE'))).toBe(true), { timeout: 30_000, interval: 50 })
    console.log(`people of a node that died are offline after ${Math.round(performance.now() - began)} ms`)
    expect(since().some(isNow(eve, 'OFFLINE'))).toBe(false)
    await b.start()
    await isReady(b, 20_000)
    for (const socket of sockets) await socket.dispose()
  },
)

test(
  'without Redis messages flow, feeds work, nobody goes offline, and it is ready but degraded',
  120_000,
  async ({ a, b, redis }) => {
    if (!redis) return
    await Promise.all([isReady(a, 20_000), isReady(b, 20_000)])
    const ada = await registered(a.server.graphql, 'no-redis')
    const room = await createRoom(ada, 'No Redis')
    const bob = await guest(b.server.graphql, 'bob')
    await join(bob, room.id)
    const device = bob.socket({ lazy: false, onNonLazyError: () => {} })
    await using there = follow(ada, 'subscription ($ids: [ID!]) { presence(userIds: $ids) { users { presence } } }', {
      ids: [bob.userId],
    })
    await there.until(({ users }) => users[0]?.presence === 'ONLINE')
    const before = there.frames.length
    await redis.kill()
    await vi.waitFor(
      async () => expect(await readiness(a)).toMatchObject({ code: 200, body: { status: 'degraded' } }),
      { timeout: 10_000 },
    )
    await using followed = follow(bob, feed, { id: room.id })
    await followed.until(({ caughtUp }) => caughtUp)
    const { message } = await send(ada, room.id, 'Still here')
    await followed.until(({ events }) => events.some(({ revision }: Data) => revision === message.revision))
    await sleep(3_000)
    expect(
      there.frames.slice(before).some(({ users }) => users.some(({ presence }: Data) => presence === 'OFFLINE')),
    ).toBe(false)
    await redis.start()
    for (const node of [a, b])
      await vi.waitFor(async () => expect(await readiness(node)).toMatchObject({ body: { status: 'ready' } }), {
        timeout: 15_000,
      })
    await using typing = follow(ada, 'subscription ($id: ID!) { typing(conversationId: $id) { users { id } } }', {
      id: room.id,
    })
    await typing.frame(0)
    await vi.waitFor(
      async () => {
        await mutate(bob, 'setTyping', { conversationId: room.id, typing: true }, 'conversation { id }')
        expect(typing.frames.some(({ users }) => users.length > 0)).toBe(true)
      },
      { timeout: 10_000, interval: 300 },
    )
    await device.dispose()
  },
)

for (const [what, away, back] of [
  ['a log that stands still', ({ log }: Running) => log.pause(), async ({ log }: Running) => log.resume()],
  ['a log that is gone', ({ log }: Running) => log.kill(), ({ log }: Running) => log.start()],
] as const)
  test(
    `${what}: not ready, UNAVAILABLE within 5 s, feeds are closed with 1013, and all comes back in 10 s`,
    180_000,
    async (running) => {
      const { a, b } = running
      await Promise.all([isReady(a, 20_000), isReady(b, 20_000)])
      const ada = await registered(a.server.graphql, `away-${what.length}`)
      const room = await createRoom(ada, what)
      await send(ada, room.id, 'before')
      const live = readLive('WebSocket', {
        graphql: b.server.graphql,
        token: ada.token,
        query: feed,
        variables: { id: room.id },
      })
      await live.until((frames) => frames.some(({ caughtUp }) => caughtUp))
      await away(running)
      const began = performance.now()
      const answers = await Promise.all(
        [a, b].map(async (node) => {
          const asked = performance.now()
          const answer = await send(through(node, ada), room.id, 'meanwhile', 'meanwhile')
          return { answer, took: performance.now() - asked }
        }),
      )
      for (const { answer, took } of answers) {
        expect(answer).toMatchObject({ __typename: 'UnavailableError', code: 'UNAVAILABLE' })
        expect(took).toBeLessThan(6_500)
      }
      const ended = await Promise.race([live.ended, sleep(15_000)])
      expect(ended?.how, JSON.stringify(ended)).toBe('closed')
      expect(await Promise.race([live.closed, sleep(1_000)]), b.server.log()).toBe(1013)
      console.log(`${what}: feeds are closed after ${Math.round(performance.now() - began)} ms`)
      for (const node of [a, b])
        await vi.waitFor(async () => expect((await readiness(node)).code).toBe(503), { timeout: 5_000 })
      await back(running)
      const took = await within(20_000, async () => {
        const answer = await Promise.all(
          [a, b].map((node) => send(through(node, ada), room.id, 'meanwhile', 'meanwhile')),
        )
        return answer.every(({ message }) => message !== undefined)
      })
      console.log(`${what}: commands succeed ${took} ms after its return`)
      for (const node of [a, b])
        console.log(`ready after ${await within(15_000, async () => (await readiness(node)).code === 200)} ms more`)
      const { room: seen } = await through(b, ada).query(newest, { id: room.id })
      expect(seen.lastNumber).toBe(2)
      expect(took).toBeLessThan(10_000)
    },
  )

for (const [what, away, back] of [
  [
    'a MongoDB that stands still',
    ({ mongo }: Running) => mongo.process?.pause(),
    async ({ mongo }: Running) => mongo.process?.resume(),
  ],
] as const)
  test(`${what}: not ready, UNAVAILABLE within 5 s, and all comes back in 10 s`, 180_000, async (running) => {
    const { a, b, mongo } = running
    if (!mongo.process) return
    await Promise.all([isReady(a, 20_000), isReady(b, 20_000)])
    const ada = await registered(a.server.graphql, `models-${what.length}`)
    const room = await createRoom(ada, what)
    await send(ada, room.id, 'before')
    await away(running)
    const answers = await Promise.all(
      [a, b].map(async (node) => {
        const asked = performance.now()
        const { body } = await through(node, ada).post(
          'mutation ($input: SendMessageInput!) { sendMessage(input: $input) { __typename ... on Error { code } } }',
          { input: { conversationId: room.id, text: 'meanwhile', clientMessageId: 'meanwhile' } },
        )
        return { body, took: performance.now() - asked }
      }),
    )
    for (const { body, took } of answers) {
      expect(body.data?.sendMessage?.code ?? body.errors?.[0]?.extensions?.code, JSON.stringify(body)).toBe(
        'UNAVAILABLE',
      )
      expect(took).toBeLessThan(6_500)
    }
    for (const node of [a, b])
      await vi.waitFor(async () => expect((await readiness(node)).code).toBe(503), { timeout: 10_000 })
    await back(running)
    const took = await within(20_000, async () => {
      const answer = await Promise.all(
        [a, b].map((node) => send(through(node, ada), room.id, 'meanwhile', 'meanwhile')),
      )
      return answer.every(({ message }) => message !== undefined)
    })
    console.log(`${what}: commands succeed ${took} ms after its return`)
    for (const node of [a, b])
      console.log(`ready after ${await within(15_000, async () => (await readiness(node)).code === 200)} ms more`)
    expect(took).toBeLessThan(10_000)
  })
