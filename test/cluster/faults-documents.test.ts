// MongoDB goes and comes back, and Redis: what nodes answer meanwhile, in how many seconds, and that they go on by themselves.

import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test as plainTest } from 'vitest'
import { parley } from '../support/cli.ts'
import { ApiClient, createRoom, type Data, guest, registered, send } from '../support/client.ts'
import { type Cluster, startCluster } from '../support/cluster.ts'
import { follow } from '../support/following.ts'
import { residentMb } from '../support/memory.ts'
import { logout } from '../support/mutate.ts'
import { isReady, readinessOf, untilReadiness } from '../support/readiness.ts'
import { shownMessages } from '../support/shownMessages.ts'

let cluster: Cluster | undefined
beforeAll(async () => {
  cluster = await startCluster({ keepsDocuments: true })
}, 120_000)
afterAll(async () => {
  await cluster?.[Symbol.asyncDispose]()
}, 60_000)

/** On a machine without a MongoDB it is skipped, which is said where it is started. */
const test = (title: string, body: (cluster: Cluster) => Promise<void>) =>
  plainTest(title, { timeout: 90_000 }, async ({ skip }) => {
    if (cluster === undefined) return skip('there is no MongoDB here')
    if (cluster.mongo.process === undefined) return skip('this MongoDB is not ours to stop')
    await body(cluster)
  })

/** How long it is away, in ms. */
const awayMs = 9_000
const seconds = (ms: number): string => (ms / 1_000).toFixed(1)

interface Sent {
  readonly text: string
  readonly ms: number
  /** Undefined where it was acknowledged. */
  readonly code: string | undefined
}

/** What a command and a query are told, again and again. */
async function ask(
  client: ApiClient,
  roomId: string,
  { name, stop }: { readonly name: string; readonly stop: AbortSignal },
): Promise<{
  readonly sent: readonly Sent[]
  readonly slowestQueryMs: number
  readonly queryCodes: ReadonlySet<unknown>
}> {
  const sent: Sent[] = []
  let slowestQueryMs = 0
  /** What queries were refused with. */
  const queryCodes = new Set<unknown>()
  while (!stop.aborted) {
    const text = `${name}-${sent.length}`
    let began = performance.now()
    const { body } = await client.post<Data>(
      'mutation ($input: SendMessageInput!) { sendMessage(input: $input) { ... on Error { code } ... on SendMessagePayload { position } } }',
      { input: { conversationId: roomId, text, clientMessageId: text } },
    )
    const code = body.data?.sendMessage?.code ?? body.errors?.[0]?.extensions?.code
    sent.push({ text, ms: performance.now() - began, code: typeof code === 'string' ? code : undefined })
    began = performance.now()
    const asked = await client.post('query ($id: ID) { room(id: $id) { name } }', { id: roomId })
    for (const { extensions } of asked.body.errors ?? []) queryCodes.add(extensions?.code)
    slowestQueryMs = Math.max(slowestQueryMs, performance.now() - began)
    await sleep(code === undefined ? 20 : 200)
  }
  return { sent, slowestQueryMs, queryCodes }
}

async function showOutage(
  { nodes, mongo }: Cluster,
  {
    name,
    begin,
    end,
  }: { name: string; begin: (mongo: Cluster['mongo']) => unknown; end: (mongo: Cluster['mongo']) => unknown },
): Promise<void> {
  const addresses = nodes.map(({ server }) => server.graphql)
  const ada = await registered(addresses[0] ?? '', name)
  const room = await createRoom(ada, name)
  const stop = new AbortController()
  const asking = Promise.all(
    addresses.flatMap((graphql, node) =>
      [1, 2].map((who) =>
        ask(new ApiClient(graphql, ada.token), room.id, { name: `${name}-${node}-${who}`, stop: stop.signal }),
      ),
    ),
  )
  await sleep(1_000)
  const memory = nodes.map(({ server }) => residentMb(server.child) ?? 0)
  const beganAt = performance.now()
  await begin(mongo)
  const notReady = await Promise.all(
    nodes.map(async ({ server }) => ({
      ms: await untilReadiness(server.url, ({ code }) => code === 503, { timeoutMs: 10_000 }),
      // The log comes first where it is noticed there that the keys are away.
      namedMs: await untilReadiness(server.url, ({ missing }) => missing.includes('read models'), {
        timeoutMs: 10_000,
      }),
    })),
  )
  await sleep(Math.max(0, awayMs - (performance.now() - beganAt)))
  const memoryAfter = nodes.map(({ server }) => residentMb(server.child) ?? 0)
  await end(mongo)
  const backAt = performance.now()
  const recovered = await Promise.all(
    nodes.map(async ({ server }, node) => {
      await untilReadiness(server.url, isReady, { timeoutMs: 20_000 })
      const readyMs = performance.now() - backAt
      const client = new ApiClient(server.graphql, ada.token)
      for (;;) {
        const answer = await send(client, room.id, `${name} back ${node}`, `back-${node}`).catch(String)
        if (typeof answer !== 'string' && answer.message) break
        if (performance.now() - backAt > 20_000) throw new Error(`Not taken yet: ${JSON.stringify(answer)}`)
      }
      return { readyMs, takenMs: performance.now() - backAt }
    }),
  )
  await sleep(500)
  stop.abort()
  const asked = await asking
  const all = asked.flatMap(({ sent }) => sent)
  const refused = all.filter(({ code }) => code !== undefined)
  const slowest = Math.max(...all.map(({ ms }) => ms))
  const slowestQuery = Math.max(...asked.map(({ slowestQueryMs }) => slowestQueryMs))
  console.log(
    `MongoDB ${name}: not ready after ${notReady.map(({ ms, namedMs }) => `${seconds(ms)} s, named after ${seconds(namedMs)} s more`)}; ` +
      `${refused.length} of ${all.length} commands refused, the slowest after ${seconds(slowest)} s, the slowest query ${seconds(slowestQuery)} s; ` +
      `after its return ${recovered.map((one) => `ready ${seconds(one.readyMs)} s, command ${seconds(one.takenMs)} s`).join('; ')}; ` +
      `memory ${memory.map((mb, node) => `${Math.round(mb)} → ${Math.round(memoryAfter[node] ?? 0)} MB`)}`,
  )
  for (const { ms, namedMs } of notReady) expect(ms + namedMs).toBeLessThan(10_000)
  expect(refused.length).toBeGreaterThan(0)
  expect(new Set(refused.map(({ code }) => code))).toEqual(new Set(['UNAVAILABLE']))
  expect(slowest).toBeLessThan(5_500)
  // Also where it waited until its own write could be read, before it began to read.
  expect(slowestQuery).toBeLessThan(5_250)
  expect(new Set(asked.flatMap(({ queryCodes }) => [...queryCodes]))).toEqual(new Set(['UNAVAILABLE']))
  for (const { takenMs } of recovered) expect(takenMs).toBeLessThan(10_000)
  for (const [node, mb] of memory.entries()) expect((memoryAfter[node] ?? 0) - mb).toBeLessThan(150)
  // What stayed open is sent again with its key: everything is there once, and in order.
  let duplicates = 0
  await Promise.all(
    refused.map(async ({ text }, index) => {
      const again = new ApiClient(addresses[index % addresses.length] ?? '', ada.token)
      const answer = await send(again, room.id, text, text)
      expect(answer.message, JSON.stringify(answer)).toBeDefined()
      if (answer.duplicate) duplicates++
    }),
  )
  const { position } = await send(ada, room.id, 'the last one')
  await ada.query('{ viewer { id } }', {}, { headers: { 'parley-at-least': position } })
  const texts = (await shownMessages(ada, room.id)).map(({ text }) => text)
  expect(new Set(texts).size, 'nothing twice').toBe(texts.length)
  expect(texts).toHaveLength(all.length + nodes.length + 1)
  console.log(`  of ${refused.length} refused, ${duplicates} had been written all the same, each once`)
}

test('MongoDB is killed: commands and queries fail in time, nodes say so, and all comes back', (all) =>
  showOutage(all, { name: 'killed', begin: ({ process }) => process?.kill(), end: ({ process }) => process?.start() }))

test('MongoDB hangs: the same', (all) =>
  showOutage(all, {
    name: 'hanging',
    begin: ({ process }) => process?.pause(),
    end: ({ process }) => process?.resume(),
  }))

test('Redis is killed, and hangs: nodes are ready but degraded, messages flow, and nobody goes offline', async ({
  nodes,
  redis,
}) => {
  if (redis === undefined) return
  const [a, b] = nodes.map(({ server }) => server)
  if (!a || !b) throw new Error('There are two nodes.')
  const ada = await registered(a.graphql, 'without-redis')
  const room = await createRoom(ada, 'Without Redis')
  const bob = await guest(b.graphql, 'Bob')
  const socket = bob.socket({ lazy: false, onNonLazyError: () => {} })
  await using there = follow(ada, 'subscription ($ids: [ID!]) { presence(userIds: $ids) { users { id presence } } }', {
    ids: [bob.userId],
  })
  await there.until(({ users }) => users.some((user: Data) => user.presence === 'ONLINE'))
  await using followed = follow(
    new ApiClient(b.graphql, ada.token),
    'subscription ($id: ID!) { conversationFeed(conversationId: $id) { events { ... on MessageSent { message { text } } } } }',
    { id: room.id },
  )
  await followed.frame(0)
  const since = there.frames.findIndex(({ users }) => users.some((user: Data) => user.presence === 'ONLINE'))
  const outages = [
    { name: 'killed', begin: () => redis.kill(), end: () => redis.start(), awayForMs: 12_000 },
    { name: 'hanging', begin: async () => redis.pause(), end: async () => redis.resume(), awayForMs: 1_000 },
  ]
  for (const { name, begin, end, awayForMs } of outages) {
    await begin()
    const degraded = await Promise.all(
      [a, b].map(({ url }) => untilReadiness(url, ({ code, status }) => code === 200 && status === 'degraded')),
    )
    expect((await readinessOf(a.url)).missing).toEqual(['bus'])
    const began = performance.now()
    const { message } = await send(ada, room.id, `Redis is ${name}`)
    expect(message, 'messages flow').toBeDefined()
    await followed.until(({ events }) => events.some((event: Data) => event.message?.text === `Redis is ${name}`))
    const flowMs = performance.now() - began
    // Longer, the first time, than somebody whose connection has gone is still shown.
    await sleep(awayForMs)
    expect([a, b].map(({ child }) => child.exitCode)).toEqual([null, null])
    for (const { url } of [a, b]) expect((await readinessOf(url)).code).toBe(200)
    await end()
    const backMs = await Promise.all([a, b].map(({ url }) => untilReadiness(url, ({ status }) => status === 'ready')))
    console.log(
      `Redis ${name}: degraded after ${degraded.map(seconds)} s, a message is there in ${Math.round(flowMs)} ms, ready ${backMs.map(seconds)} s after its return`,
    )
    expect(Math.max(...backMs)).toBeLessThan(10_000)
  }
  const seen = there.frames.slice(since).flatMap(({ users }) => users.map((user: Data) => user.presence))
  expect(new Set(seen), 'losing Redis takes nobody offline').toEqual(new Set(['ONLINE']))
  await socket.dispose()
})

test('REVOKE: a session that ends while Redis is away ends on all nodes, with its feeds', async ({ nodes, redis }) => {
  const [a, b] = nodes.map(({ server }) => server.graphql)
  if (!a || !b) throw new Error('There are two nodes.')
  await redis?.kill()
  try {
    const ada = await registered(a, 'ending')
    const room = await createRoom(ada, 'Ending')
    const elsewhere = new ApiClient(b, ada.token)
    await using followed = follow(
      elsewhere,
      'subscription ($id: ID!) { conversationFeed(conversationId: $id) { caughtUp } }',
      { id: room.id },
    )
    await followed.until(({ caughtUp }) => caughtUp)
    const { position } = await logout(ada)
    const began = performance.now()
    await followed.ended
    console.log(`a feed on another node ended ${Math.round(performance.now() - began)} ms after its session`)
    expect(performance.now() - began).toBeLessThan(2_000)
    const { status } = await elsewhere.post('{ viewer { id } }', {}, { headers: { 'parley-at-least': position } })
    expect(status).toBe(401)
  } finally {
    await redis?.start()
  }
})

test('FOLD: after all of it every read model equals a fresh fold of the log', async ({ env, nodes }) => {
  const verified = await parley(['projections', 'verify', '--all', '--data', nodes[0]?.folder ?? '', '--json'], env)
  expect(verified, verified.stdout + verified.stderr).toMatchObject({ code: 0 })
})
