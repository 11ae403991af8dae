// Nodes that are killed in the middle of everything, again and again, with their log in EventStoreDB and their read models in MongoDB.

import { afterAll, beforeAll, test } from 'vitest'
import { type ClusterEngines, startClusterEngines } from '../support/clusterEngines.ts'
import { killUnderTraffic } from '../support/killRounds.ts'
import { useEngines } from '../support/testServer.ts'

const rounds = Number(process.env.PARLEY_TEST_ROUNDS ?? 5)
const promises = 'ACK ONCE ORDER NOGHOST FOLD CHECKPOINT'
const timeout = 180_000 + rounds * 30_000

let engines: ClusterEngines | undefined
beforeAll(async () => {
  engines = await startClusterEngines()
}, 120_000)
afterAll(async () => {
  await engines?.[Symbol.asyncDispose]()
}, 60_000)

for (const nodes of [1, 2])
  test(`${promises}: ${nodes === 1 ? 'a node' : 'one of two nodes, or both,'} ${rounds} times killed under traffic, nothing is lost, doubled or made up`, {
    timeout,
  }, async ({ skip }) => {
    if (!engines) return skip('there is no MongoDB here')
    const shared = engines.settings(`${nodes}_nodes`)
    useEngines(() => shared)
    await killUnderTraffic({ rounds, nodes })
  })
