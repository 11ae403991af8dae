// What can befall the processes of a cluster. Each ends with all of them running.

import { setTimeout as sleep } from 'node:timers/promises'
import type { Cluster, ClusterNode } from './cluster.ts'
import type { Random } from './random.ts'

interface Mishap {
  readonly name: string
  /** Whether it can be here: without a Redis, none befalls it. */
  readonly can: (cluster: Cluster) => boolean
  readonly befall: (cluster: Cluster, random: Random) => Promise<void>
}

const always = (): boolean => true
/** How long a process is away, in ms: less and more than it takes until anybody notices. */
const away = (random: Random): Promise<void> => sleep(random.between(300, 6_000))

async function hang(process: { pause(): void; resume(): void }, ms: number): Promise<void> {
  process.pause()
  await sleep(ms)
  process.resume()
}

/** As whoever watches over a process does it: where an engine does not answer in time, the node ends, and is started again. */
export async function startAgain(node: ClusterNode, tries = 4): Promise<void> {
  try {
    await node.start()
  } catch (error) {
    if (tries === 1) throw error
    await startAgain(node, tries - 1)
  }
}

async function killNodes(nodes: readonly ClusterNode[], random: Random): Promise<void> {
  await Promise.all(nodes.map((node) => node.kill()))
  await sleep(random.between(100, 2_000))
  await Promise.all(nodes.map((node) => startAgain(node)))
}

export const mishaps: readonly Mishap[] = [
  { name: 'a node killed', can: always, befall: ({ nodes }, random) => killNodes([random.pick(nodes)], random) },
  {
    name: 'the log killed',
    can: always,
    befall: async ({ log }, random) => {
      await log.kill()
      await away(random)
      await log.start()
    },
  },
  { name: 'a node hung for 10 s', can: always, befall: ({ nodes }, random) => hang(random.pick(nodes), 10_000) },
  {
    name: 'MongoDB killed',
    can: ({ mongo }) => mongo.process !== undefined,
    befall: async ({ mongo }, random) => {
      await mongo.process?.kill()
      await away(random)
      await mongo.process?.start()
    },
  },
  {
    name: 'a node restarted',
    can: always,
    befall: async ({ nodes }, random) => {
      const node = random.pick(nodes)
      await node.server.stop()
      await startAgain(node)
    },
  },
  {
    name: 'Redis killed',
    can: ({ redis }) => redis !== undefined,
    befall: async ({ redis }, random) => {
      await redis?.kill()
      await away(random)
      await redis?.start()
    },
  },
  { name: 'the log hung', can: always, befall: ({ log }, random) => hang(log, random.between(500, 8_000)) },
  { name: 'all nodes killed', can: always, befall: ({ nodes }, random) => killNodes(nodes, random) },
  {
    name: 'MongoDB hung',
    can: ({ mongo }) => mongo.process !== undefined,
    befall: async ({ mongo }, random) => {
      if (mongo.process) await hang(mongo.process, random.between(500, 8_000))
    },
  },
  {
    name: 'a node and the log killed',
    can: always,
    befall: async ({ nodes, log }, random) => {
      await log.kill()
      await killNodeAndStart(log, random.pick(nodes), random)
    },
  },
]

/** The log first: without one, no node starts. */
async function killNodeAndStart(log: Cluster['log'], node: ClusterNode, random: Random): Promise<void> {
  await node.kill()
  await sleep(random.between(100, 1_000))
  await log.start()
  await startAgain(node)
}
