// The log goes and comes back, for all nodes or for one of them: in how many seconds nodes say so, and go on.

import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test as plainTest } from 'vitest'
import { ApiClient, createRoom, type Data, registered, send } from '../support/client.ts'
import { type Cluster, startCluster } from '../support/cluster.ts'
import { followOverSocket } from '../support/feedReader.ts'
import { residentMb } from '../support/memory.ts'
import { isReady, readinessOf, untilReadiness } from '../support/readiness.ts'
import { shownMessages } from '../support/shownMessages.ts'
import { TcpProxy } from '../support/tcpProxy.ts'

const proxies: TcpProxy[] = []
let cluster: Cluster | undefined
beforeAll(async () => {
  proxies.push(await TcpProxy.start(), await TcpProxy.start())
  cluster = await startCluster({
    through: (engine, address, node) => (engine === 'log' ? (proxies[node]?.to(address) ?? address) : address),
  })
}, 120_000)
afterAll(async () => {
  await cluster?.[Symbol.asyncDispose]()
  for (const proxy of proxies) await proxy[Symbol.asyncDispose]()
}, 60_000)

/** On a machine without a MongoDB it is skipped, which is said where it is started. */
const test = (title: string, body: (cluster: Cluster) => Promise<void>) =>
  plainTest(title, { timeout: 90_000 }, async ({ skip }) => {
    if (cluster === undefined) return skip('there is no MongoDB here')
    await body(cluster)
  })

/** How long the log is away, in ms. */
const awayMs = 9_000
const seconds = (ms: number): string => (ms / 1_000).toFixed(1)

interface Sent {
  readonly text: string
  readonly ms: number
  /** Undefined where it was acknowledged. */
  readonly code: string | undefined
}

/** Sends all the time, one after the other, and writes down what came of it. */
async function hammer(client: ApiClient, roomId: string, name: string, stop: AbortSignal): Promise<readonly Sent[]> {
  const all: Sent[] = []
  while (!stop.aborted) {
    const text = `${name}-${all.length}`
    const began = performance.now()
    const answer: Data = await send(client, roomId, text, text)
    all.push({ text, ms: performance.now() - began, code: answer.code })
    // Enough of those that are refused.
    await sleep(answer.code === undefined ? 20 : 200)
  }
  return all
}

interface Outage {
  readonly begin: () => void | Promise<void>
  readonly end: () => void | Promise<void>
  /** The nodes that it is away for. */
  readonly blind: readonly number[]
}

async function showOutage({ nodes }: Cluster, name: string, { begin, end, blind }: Outage): Promise<void> {
  const addresses = nodes.map(({ server }) => server.graphql)
  const [first] = addresses
  if (first === undefined) throw new Error('There is no node.')
  const ada = await registered(first, name)
  const room = await createRoom(ada, name)
  const feeds = addresses.map((graphql) => {
    const open = { at: performance.now(), frames: 0 }
    const connection = followOverSocket({ graphql, token: ada.token, conversationId: room.id }, () => {
      open.frames++
    })
    const ended = connection.ended.then((how) => ({ ...how, at: performance.now() }))
    return { open, connection, ended }
  })
  await expect.poll(() => feeds.every(({ open }) => open.frames > 0), { timeout: 10_000 }).toBe(true)
  const stop = new AbortController()
  const writing = Promise.all(
    addresses.flatMap((graphql, node) =>
      [1, 2, 3, 4].map(async (who) => ({
        node,
        sent: await hammer(new ApiClient(graphql, ada.token), room.id, `${name}-${node}-${who}`, stop.signal),
      })),
    ),
  )
  await sleep(1_000)
  const memory = nodes.map(({ server }) => residentMb(server.child) ?? 0)
  const beganAt = performance.now()
  await begin()
  const notReady = await Promise.all(
    blind.map(async (node) => ({
      node,
      ms: await untilReadiness(nodes[node]?.server.url ?? '', ({ code }) => code === 503, { timeoutMs: 10_000 }),
      namedMs: await untilReadiness(nodes[node]?.server.url ?? '', ({ missing }) => missing.includes('log'), {
        timeoutMs: 10_000,
      }),
    })),
  )
  const closed = await Promise.all(
    blind.map(async (node) => {
      const ended = await Promise.race([feeds[node]?.ended, sleep(15_000)])
      if (!ended) throw new Error(`The feed on node ${node} was not closed.`)
      return { closeCode: ended.closeCode, ms: ended.at - beganAt }
    }),
  )
  // Many at once: what waits must stay little.
  const crowd = await Promise.all(
    blind.flatMap((node) =>
      Array.from({ length: 300 }, async (_, n) => {
        const client = new ApiClient(addresses[node] ?? '', ada.token)
        return (await send(client, room.id, `${name} crowd ${node} ${n}`, `crowd-${node}-${n}`)).code
      }),
    ),
  )
  await sleep(Math.max(0, awayMs - (performance.now() - beganAt)))
  const seeing = nodes.map((_, node) => node).filter((node) => !blind.includes(node))
  for (const node of seeing) expect(await readinessOf(nodes[node]?.server.url ?? '')).toMatchObject({ code: 200 })
  const memoryAfter = nodes.map(({ server }) => residentMb(server.child) ?? 0)
  await end()
  const backAt = performance.now()
  const recovered = await Promise.all(
    blind.map(async (node) => {
      const graphql = addresses[node] ?? ''
      await untilReadiness(nodes[node]?.server.url ?? '', isReady, { timeoutMs: 20_000 })
      const readyMs = performance.now() - backAt
      for (;;) {
        const answer = await send(new ApiClient(graphql, ada.token), room.id, `${name} back ${node}`, `back-${node}`)
        if (answer.message) break
        if (performance.now() - backAt > 20_000) throw new Error(`Not taken yet: ${JSON.stringify(answer)}`)
      }
      const takenMs = performance.now() - backAt
      const frames: unknown[] = []
      const again = followOverSocket({ graphql, token: ada.token, conversationId: room.id }, (frame) => {
        frames.push(frame)
      })
      await expect.poll(() => frames.length, { timeout: 10_000 }).toBeGreaterThan(0)
      again.drop()
      return { readyMs, takenMs, feedMs: performance.now() - backAt }
    }),
  )
  await sleep(500)
  stop.abort()
  const written = await writing
  const during = written.filter(({ node }) => blind.includes(node)).flatMap(({ sent }) => sent)
  const refused = during.filter(({ code }) => code !== undefined)
  const slowest = Math.max(...during.map(({ ms }) => ms))
  console.log(
    `${name}: not ready after ${notReady.map(({ ms, namedMs }) => `${seconds(ms)} s, named after ${seconds(namedMs)} s more`)}; ` +
      `feeds closed with ${closed.map(({ closeCode, ms }) => `${closeCode} after ${seconds(ms)} s`)}; ` +
      `${refused.length} of ${during.length} refused, the slowest answer after ${seconds(slowest)} s; after its return ` +
      recovered
        .map(
          (one) => `ready ${seconds(one.readyMs)} s, command ${seconds(one.takenMs)} s, feed ${seconds(one.feedMs)} s`,
        )
        .join('; ') +
      `; memory ${memory.map((mb, node) => `${Math.round(mb)} → ${Math.round(memoryAfter[node] ?? 0)} MB`)}`,
  )
  for (const { ms, namedMs } of notReady) expect(ms + namedMs).toBeLessThan(10_000)
  for (const { closeCode, ms } of closed) {
    expect(closeCode).toBe(1013)
    expect(ms).toBeGreaterThan(3_000)
    expect(ms).toBeLessThan(9_000)
  }
  expect(new Set(crowd)).toEqual(new Set(['UNAVAILABLE']))
  expect(refused.length).toBeGreaterThan(0)
  expect(new Set(refused.map(({ code }) => code))).toEqual(new Set(['UNAVAILABLE']))
  expect(slowest).toBeLessThan(5_500)
  for (const { takenMs, feedMs } of recovered) expect(Math.max(takenMs, feedMs)).toBeLessThan(10_000)
  for (const [node, mb] of memory.entries()) expect((memoryAfter[node] ?? 0) - mb).toBeLessThan(150)
  // Where the log was there, nobody noticed.
  for (const { node, sent } of written)
    if (seeing.includes(node)) expect(sent.filter(({ code }) => code !== undefined)).toEqual([])
  for (const { connection } of feeds) connection.drop()
  await settled(ada, room.id, { sent: written.flatMap(({ sent }) => sent), nodes: addresses })
}

/** What stayed open is sent again with its key, through the other node: then everything is there once, and in order. */
async function settled(
  ada: ApiClient,
  roomId: string,
  { sent, nodes }: { readonly sent: readonly Sent[]; readonly nodes: readonly string[] },
): Promise<void> {
  const open = sent.filter(({ code }) => code !== undefined)
  let duplicates = 0
  await Promise.all(
    open.map(async ({ text }, index) => {
      const graphql = nodes[index % nodes.length] ?? ada.graphql
      const answer = await send(new ApiClient(graphql, ada.token), roomId, text, text)
      expect(answer.message, JSON.stringify(answer)).toBeDefined()
      if (answer.duplicate) duplicates++
    }),
  )
  const { position } = await send(ada, roomId, 'the last one')
  const { room } = await ada.query(
    'query ($id: ID) { room(id: $id) { lastNumber } }',
    { id: roomId },
    { headers: { 'parley-at-least': position } },
  )
  const shown = await shownMessages(ada, roomId)
  expect(shown.map(({ number }) => number)).toEqual(Array.from({ length: room.lastNumber }, (_, index) => index + 1))
  const texts = shown.map(({ text }) => text ?? '')
  expect(new Set(texts).size, 'nothing twice').toBe(texts.length)
  for (const { text } of sent) expect(texts).toContain(text)
  console.log(`  of ${open.length} refused, ${duplicates} had been written all the same, each once`)
}

test('the log server is killed: commands are refused in time, nodes say so, feeds close, and all comes back', (all) =>
  showOutage(all, 'killed', { begin: () => all.log.kill(), end: () => all.log.start(), blind: [0, 1] }))

test('the log server hangs: the same', (all) =>
  showOutage(all, 'hanging', { begin: () => all.log.pause(), end: () => all.log.resume(), blind: [0, 1] }))

test('one node alone is cut off from the log: it is as if the log were away, and the other goes on', (all) =>
  showOutage(all, 'one-blind', { begin: () => proxies[0]?.silence(), end: () => proxies[0]?.comeBack(), blind: [0] }))
