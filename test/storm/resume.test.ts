// Readers whose connections are reset every few seconds while messages are sent: each gets exactly what the log holds, in its order.
// PARLEY_TEST_STORM=full makes it 1,000 readers for two minutes (else 60 for 8 s, PARLEY_TEST_STORM_READERS and
// PARLEY_TEST_STORM_SECONDS say otherwise); SEED replays a run.

import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { type Cluster, startCluster } from '../support/cluster.ts'
import { startAgain } from '../support/mishaps.ts'
import { chosenSeed, Random } from '../support/random.ts'
import { differences, loggedAfter, runStorm, stormGround } from '../support/storm/storm.ts'
import type { StormOutcome } from '../support/storm/stormPlan.ts'
import { startServerProcess } from '../support/testServer.ts'

const full = process.env.PARLEY_TEST_STORM === 'full'
const readers = Number(process.env.PARLEY_TEST_STORM_READERS ?? (full ? 1_000 : 60))
const seconds = Number(process.env.PARLEY_TEST_STORM_SECONDS ?? (full ? 120 : 8))
const rate = 100
const cutEveryMs = 3_000
const timeout = 180_000 + 3 * seconds * 1_000 + readers * 400

const shape = { readers, stalled: 0, cutEveryMs, rate, messages: seconds * rate, length: 200 }

function say(
  where: string,
  { sent, seconds: took, deliveries, cuts, connections, closed, p50, p99, levelMs }: StormOutcome,
): void {
  process.stdout.write(
    `${where}, SEED=${seed}: ${sent} messages in ${took.toFixed(0)} s to ${readers} readers who were cut off ${cuts} times and connected ${connections} times: ` +
      `${((deliveries / (sent * readers)) * 100).toFixed(3)} % delivered; from sending p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms; ` +
      `level ${levelMs.toFixed(0)} ms after the last; closed ${JSON.stringify(closed)}\n`,
  )
}

const seed = chosenSeed()

test(`RESUME ONCE ORDER: ${readers} readers that are cut off every ${cutEveryMs / 1_000} s get what the log holds`, {
  timeout,
}, async () => {
  await using server = await startServerProcess()
  const ground = await stormGround(server.graphql, readers)
  const outcome = await runStorm({ ...ground, ...shape, nodes: [server.ws], seed })
  say('One node', outcome)
  expect(outcome.cuts).toBeGreaterThan((readers * seconds) / 10)
  expect(differences(outcome, await loggedAfter(ground.owner, ground.conversationId, ground.after.cursor))).toEqual([])
})

/** One node after the other is killed, and started again. */
async function kills({ nodes }: Cluster, random: Random, until: AbortSignal): Promise<number> {
  let count = 0
  while (!until.aborted) {
    await sleep(random.between(1_000, 3_000))
    if (until.aborted) break
    const node = random.pick(nodes)
    await node.kill()
    count++
    await sleep(random.between(200, 1_500))
    await startAgain(node)
  }
  return count
}

test(`RESUME ONCE ORDER: the same on three nodes, which are killed and started again`, { timeout }, async ({
  skip,
}) => {
  await using cluster = await startCluster({ nodes: 3 })
  if (cluster === undefined) return skip('there is no MongoDB here')
  const [first] = cluster.nodes
  if (first === undefined) throw new Error('There is no node.')
  const ground = await stormGround(first.server.graphql, readers)
  let killed = 0
  const outcome = await runStorm(
    { ...ground, ...shape, nodes: cluster.nodes.map(({ server }) => server.ws), seed },
    async ({ sending }) => {
      killed = await kills(cluster, new Random(seed), sending)
    },
  )
  say(`Three nodes, ${killed} times one killed`, outcome)
  expect(killed).toBeGreaterThan(0)
  expect(differences(outcome, await loggedAfter(ground.owner, ground.conversationId, ground.after.cursor))).toEqual([])
})
