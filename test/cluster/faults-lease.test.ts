// A node dies or hangs: who folds then, who is still there, and that nothing is folded twice.

import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test as plainTest } from 'vitest'
import { openMongoDocuments } from '../../src/documents/mongo/open.ts'
import type { Documents } from '../../src/documents/port.ts'
import { nodeIdIn } from '../../src/nodeId.ts'
import { checkpointKey, leaseKey } from '../../src/projecting/builds.ts'
import { parley } from '../support/cli.ts'
import { ApiClient, createRoom, type Data, guest, registered, send } from '../support/client.ts'
import { type Cluster, type ClusterNode, startCluster } from '../support/cluster.ts'
import { chosenSeed, Random } from '../support/random.ts'
import { isReady, untilReadiness } from '../support/readiness.ts'
import { sendSurely } from '../support/surely.ts'

const rounds = Number(process.env.PARLEY_TEST_ROUNDS ?? 1)
const seed = chosenSeed()
const random = new Random(seed)

let cluster: Cluster | undefined
let documents: Documents | undefined
beforeAll(async () => {
  cluster = await startCluster({ nodes: 3 })
  if (cluster) documents = await openMongoDocuments({ url: cluster.env.PARLEY_DOCUMENTS ?? '' })
}, 120_000)
afterAll(async () => {
  await documents?.close()
  await cluster?.[Symbol.asyncDispose]()
}, 60_000)

interface Here {
  readonly cluster: Cluster
  readonly documents: Documents
}

/** On a machine without a MongoDB it is skipped, which is said where it is started. */
const test = (title: string, body: (here: Here) => Promise<void>) =>
  plainTest(title, { timeout: 60_000 + rounds * 60_000 }, async ({ skip }) => {
    if (cluster === undefined || documents === undefined) return skip('there is no MongoDB here')
    await body({ cluster, documents })
  })

const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`
const idOf = ({ folder }: ClusterNode): string => nodeIdIn(folder)

/** The node that folds, as the lease says. */
async function runner({ cluster: { nodes }, documents: models }: Here): Promise<ClusterNode | undefined> {
  const lease = await models.record(leaseKey)
  const holder = String(lease?.value.holder).split('/')[0]
  return nodes.find((node) => idOf(node) === holder)
}

const othersThan = ({ nodes }: Cluster, gone: ClusterNode): readonly ClusterNode[] =>
  nodes.filter((node) => node !== gone)

/** Sends through these nodes all the time, and remembers what was acknowledged. */
function traffic(
  nodes: readonly ClusterNode[],
  { token, roomId, name }: { token?: string; roomId: string; name: string },
) {
  const stopping = new AbortController()
  const sent: string[] = []
  let turn = 0
  const write = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      const text = `${name} ${sent.length}`
      const node = () => nodes[turn++ % nodes.length]?.server.graphql ?? ''
      if (await sendSurely({ node, token, roomId, text })) sent.push(text)
      await sleep(20)
    }
  }
  const running = write()
  const stop = async (): Promise<readonly string[]> => {
    stopping.abort()
    await running
    return sent
  }
  return { stop }
}

/** How long until what is written now is in the read models, read on another node than it was written on. */
async function readable(nodes: readonly ClusterNode[], { token, roomId }: { token?: string; roomId: string }) {
  const [one, two = one] = nodes.map(({ server }) => server.graphql)
  const began = performance.now()
  const { position } = await send(new ApiClient(one ?? '', token), roomId, 'Is it read?')
  for (;;) {
    const { body } = await new ApiClient(two ?? '', token).post(
      '{ viewer { id } }',
      {},
      {
        headers: { 'parley-at-least': position },
      },
    )
    if (body.data && body.extensions === undefined) return performance.now() - began
    if (performance.now() - began > 30_000) throw new Error(`It cannot be read: ${JSON.stringify(body)}`)
    await sleep(20)
  }
}

async function verify({ env, nodes }: Cluster): Promise<void> {
  const verified = await parley(['projections', 'verify', '--all', '--data', nodes[0]?.folder ?? '', '--json'], env)
  expect(verified, verified.stdout + verified.stderr).toMatchObject({ code: 0 })
}

test('FOLD CHECKPOINT: the node that folds is killed or hangs; another one folds within 10 s, and nothing is applied twice', async (here) => {
  const { nodes } = here.cluster
  const first = nodes[0]?.server.graphql ?? ''
  const ada = await registered(first, 'folding')
  const room = await createRoom(ada, 'Folding')
  const place = { ...(ada.token !== undefined && { token: ada.token }), roomId: room.id }
  const all: string[] = []
  for (let round = 0; round < 2 * rounds; round++) {
    const holder = await runner(here)
    if (holder === undefined) throw new Error('Nobody folds.')
    const others = othersThan(here.cluster, holder)
    // Somebody writes through all nodes until the one that folds is gone, in the middle of a batch as like as not.
    const before = traffic(nodes, { ...place, name: `before ${round}` })
    await sleep(random.between(500, 1_500))
    const versionBefore = (await here.documents.record(checkpointKey))?.version ?? 0
    const hangs = round % 2 === 1
    const beganAt = performance.now()
    if (hangs) holder.pause()
    else await holder.kill()
    const writing = traffic(others, { ...place, name: `meanwhile ${round}` })
    let next: ClusterNode | undefined
    while (next === undefined || next === holder) {
      next = await runner(here)
      await sleep(50)
      if (performance.now() - beganAt > 30_000) throw new Error('Nobody else folds.')
    }
    const takenMs = performance.now() - beganAt
    await readable(others, place)
    const readMs = performance.now() - beganAt
    if (hangs) {
      await sleep(Math.max(0, 10_000 - (performance.now() - beganAt)))
      holder.resume()
    } else await holder.start()
    const backAt = performance.now()
    await untilReadiness(holder.server.url, isReady)
    const backMs = performance.now() - backAt
    all.push(...(await before.stop()), ...(await writing.stop()))
    const versionAfter = (await here.documents.record(checkpointKey))?.version ?? 0
    console.log(
      `seed ${seed}, ${hangs ? 'hangs for 10 s' : 'killed'}: another node has the lease after ${seconds(takenMs)}, ` +
        `what was written since is read after ${seconds(readMs)}; ready ${seconds(backMs)} after it was back; ` +
        `${versionAfter - versionBefore} checkpoints`,
    )
    expect(takenMs).toBeLessThan(10_000)
    expect(readMs).toBeLessThan(10_000)
    expect(backMs).toBeLessThan(10_000)
    expect(await readable(nodes, place)).toBeLessThan(5_000)
  }
  const { room: seen } = await ada.query('query ($id: ID) { room(id: $id) { lastNumber } }', { id: room.id })
  expect(all.length).toBeGreaterThan(10)
  expect(seen.lastNumber).toBeGreaterThanOrEqual(all.length)
  await verify(here.cluster)
})

test('a node that dies takes its people offline within 30 s, those with a device on another node excepted', async ({
  cluster: all,
}) => {
  const [staying, , dying] = all.nodes
  if (!staying || !dying) throw new Error('There are three nodes.')
  const watcher = await guest(staying.server.graphql, 'Watcher')
  const [alone, both] = [await guest(dying.server.graphql, 'Alone'), await guest(dying.server.graphql, 'Both')]
  const open = (graphql: string, { token }: ApiClient) =>
    new ApiClient(graphql, token).socket({ lazy: false, onNonLazyError: () => {} })
  const sockets = [
    open(dying.server.graphql, alone),
    open(dying.server.graphql, both),
    open(staying.server.graphql, both),
  ]
  const presences = async (): Promise<Readonly<Record<string, string>>> => {
    const people = await watcher.query(
      'query ($alone: ID, $both: ID) { alone: user(id: $alone) { id presence } both: user(id: $both) { id presence } }',
      { alone: alone.userId, both: both.userId },
    )
    return Object.fromEntries(Object.values(people).map(({ id, presence }: Data) => [id, presence]))
  }
  const online = { [alone.userId]: 'ONLINE', [both.userId]: 'ONLINE' }
  await expect.poll(presences, { timeout: 15_000, interval: 100 }).toEqual(online)
  const beganAt = performance.now()
  await dying.kill()
  let now = await presences()
  const seen = new Set<string | undefined>()
  while (now[alone.userId] !== 'OFFLINE') {
    seen.add(now[both.userId])
    if (performance.now() - beganAt > 45_000) throw new Error(`Still ${JSON.stringify(now)}.`)
    await sleep(100)
    now = await presences()
  }
  const ms = performance.now() - beganAt
  console.log(`a node was killed: its people are offline after ${seconds(ms)}`)
  expect(ms).toBeLessThan(30_000)
  await sleep(3_000)
  seen.add((await presences())[both.userId])
  expect([...seen], 'who has a device elsewhere stays').toEqual(['ONLINE'])
  await dying.start()
  for (const socket of sockets) await socket.dispose()
})
