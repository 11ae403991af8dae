// The lines between nodes and Redis are cut, refused or hang, for one node or for both: nodes are degraded and ready, messages flow,
// nobody is seen to type, and typing comes back by itself. PARLEY_TEST_ROUNDS does it several times.

import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test as plainTest } from 'vitest'
import { ApiClient, createRoom, type Data, join, registered, send } from '../support/client.ts'
import { type Cluster, startCluster } from '../support/cluster.ts'
import { follow } from '../support/following.ts'
import { mutate } from '../support/mutate.ts'
import { readinessOf, untilReadiness } from '../support/readiness.ts'
import { TcpProxy } from '../support/tcpProxy.ts'

const rounds = Number(process.env.PARLEY_TEST_ROUNDS ?? 1)

const proxies: TcpProxy[] = []
let cluster: Cluster | undefined
beforeAll(async () => {
  proxies.push(await TcpProxy.start(), await TcpProxy.start())
  cluster = await startCluster({
    through: (engine, address, node) => (engine === 'bus' ? (proxies[node]?.to(address) ?? address) : address),
  })
}, 120_000)
afterAll(async () => {
  await cluster?.[Symbol.asyncDispose]()
  for (const proxy of proxies) await proxy[Symbol.asyncDispose]()
}, 60_000)

/** On a machine without a MongoDB or a Redis it is skipped; the first is said where it is started. */
const test = (title: string, body: (cluster: Cluster) => Promise<void>) =>
  plainTest(title, { timeout: 40_000 * (rounds + 1) }, async ({ skip }) => {
    if (cluster === undefined) return skip('there is no MongoDB here')
    if (cluster.redis === undefined) return skip('there is no Redis here')
    for (let round = 0; round < rounds; round++) await body(cluster)
  })

const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`
const setTyping = (client: ApiClient, conversationId: string, typing: boolean) =>
  mutate(client, 'setTyping', { conversationId, typing }, 'conversation { id }')

interface Fault {
  readonly begin: (proxy: TcpProxy) => void | Promise<void>
  /** The nodes whose lines it befalls. */
  readonly nodes: readonly number[]
}

async function show({ nodes }: Cluster, name: string, { begin, nodes: struck }: Fault): Promise<void> {
  const [a, b] = nodes.map(({ server }) => server)
  if (!a || !b) throw new Error('There are two nodes.')
  await Promise.all([a, b].map(({ url }) => untilReadiness(url, ({ status }) => status === 'ready')))
  const tag = `${name.replaceAll(/\W/g, '')}${Math.random().toString(36).slice(2, 6)}`
  const [ada, bob] = [await registered(a.graphql, `ada-${tag}`), await registered(b.graphql, `bob-${tag}`)]
  const room = await createRoom(ada, name)
  await join(bob, room.id)
  await using typing = follow(ada, 'subscription ($id: ID!) { typing(conversationId: $id) { users { id } } }', {
    id: room.id,
  })
  await using messages = follow(
    new ApiClient(b.graphql, ada.token),
    'subscription ($id: ID!) { conversationFeed(conversationId: $id) { events { ... on MessageSent { message { text } } } } }',
    { id: room.id },
  )
  await Promise.all([typing.frame(0), messages.frame(0)])
  const types = ({ users }: Data): boolean => users.some((user: Data) => user.id === bob.userId)
  await setTyping(bob, room.id, true)
  await typing.until(types)

  for (const node of struck) await begin(proxies[node] ?? (await TcpProxy.start()))
  const degradedMs = await Promise.all(
    struck.map((node) =>
      untilReadiness([a, b][node]?.url ?? '', ({ code, status }) => code === 200 && status === 'degraded'),
    ),
  )
  for (const [node, { url }] of [a, b].entries())
    expect(await readinessOf(url)).toEqual(
      struck.includes(node)
        ? { code: 200, status: 'degraded', missing: ['bus'] }
        : { code: 200, status: 'ready', missing: [] },
    )
  const flowMs: number[] = []
  for (let n = 0; n < 5; n++) {
    const began = performance.now()
    expect((await send(ada, room.id, `${name} ${n}`)).message, 'messages flow').toBeDefined()
    await messages.until(({ events }) => events.some((event: Data) => event.message?.text === `${name} ${n}`))
    flowMs.push(performance.now() - began)
  }
  // Nobody says that they stopped, yet nobody is shown for ever; and what they do now is not heard.
  await expect.poll(() => typing.frames.at(-1)?.users, { timeout: 12_000 }).toEqual([])
  const shown = typing.frames.length
  await setTyping(bob, room.id, false)
  await setTyping(bob, room.id, true)
  await sleep(700)
  expect(typing.frames.slice(shown).filter(types)).toEqual([])
  await setTyping(bob, room.id, false)

  for (const node of struck) await proxies[node]?.comeBack()
  const backMs = await Promise.all(
    struck.map((node) => untilReadiness([a, b][node]?.url ?? '', ({ status }) => status === 'ready')),
  )
  const before = typing.frames.length
  // That a node listens again is known only by that it hears.
  await expect
    .poll(
      async () => {
        await setTyping(bob, room.id, false)
        await setTyping(bob, room.id, true)
        return typing.frames.slice(before).some(types)
      },
      { timeout: 10_000, interval: 200 },
    )
    .toBe(true)
  console.log(
    `Redis, ${name}: degraded after ${degradedMs.map(seconds)}, messages in ${Math.round(Math.max(...flowMs))} ms at most, ready ${backMs.map(seconds)} after it is back`,
  )
  expect(Math.max(...flowMs)).toBeLessThan(3_000)
  expect(Math.max(...backMs)).toBeLessThan(10_000)
}

test('the lines of both nodes are cut and refused: degraded, messages flow, typing stops and comes back', (all) =>
  show(all, 'refused', { begin: (proxy) => proxy.refuse(), nodes: [0, 1] }))

test('the lines of both nodes hang: the same', (all) =>
  show(all, 'silent', { begin: (proxy) => proxy.silence(), nodes: [0, 1] }))

test('the line of one node hangs: that one alone is degraded', (all) =>
  show(all, 'one silent', { begin: (proxy) => proxy.silence(), nodes: [0] }))

test('a line that is cut once is taken up again at once, and typing is heard', async ({ nodes }) => {
  const [a, b] = nodes.map(({ server }) => server)
  if (!a || !b) throw new Error('There are two nodes.')
  const tag = Math.random().toString(36).slice(2, 6)
  const [ada, bob] = [await registered(a.graphql, `cut-a-${tag}`), await registered(b.graphql, `cut-b-${tag}`)]
  const room = await createRoom(ada, 'Cut')
  await join(bob, room.id)
  await using typing = follow(ada, 'subscription ($id: ID!) { typing(conversationId: $id) { users { id } } }', {
    id: room.id,
  })
  await typing.frame(0)
  for (const proxy of proxies) proxy.cut()
  const began = performance.now()
  await expect
    .poll(
      async () => {
        await setTyping(bob, room.id, false)
        await setTyping(bob, room.id, true)
        return typing.frames.some(({ users }) => users.some((user: Data) => user.id === bob.userId))
      },
      { timeout: 10_000, interval: 100 },
    )
    .toBe(true)
  console.log(`Redis, cut once: typing is heard again after ${seconds(performance.now() - began)}`)
})
