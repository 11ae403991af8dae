// Readers whose connections are reset every few seconds while messages are sent: how much of what was sent each of them gets. Beside
// Parley, whose readers resume by their cursor, Socket.IO 4 with connection state recovery.

import { fork } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { chosenSeed } from '../test/support/random.ts'
import { differences, loggedAfter, runStorm, stormGround } from '../test/support/storm/storm.ts'
import { benchFolder } from './disk.ts'
import { installPeers, startPeer } from './peer.ts'
import { type BenchOptions, type BenchResult, lengthsOf, print } from './result.ts'
import { rounded } from './samples.ts'
import { startBenchServer } from './server.ts'
import type { SocketIoStormOutcome, SocketIoStormPlan } from './socketIoStormLoad.ts'

interface Shape {
  readonly trials: number
  readonly readers: number
  readonly seconds: number
}

const full: Shape = { trials: 3, readers: 1_000, seconds: 40 }
const short: Shape = { trials: 1, readers: 60, seconds: 6 }
const rate = 100
const cutEveryMs = 3_000
const length = 200

interface Sample {
  readonly row: readonly (string | number)[]
  readonly complete: boolean
}

export async function run(options: BenchOptions = {}): Promise<BenchResult> {
  installPeers()
  const { trials, readers, seconds } = lengthsOf(options, { full, short })
  const seed = chosenSeed()
  const samples: Sample[] = []
  for (let trial = 0; trial < trials; trial++) {
    const plan = { readers, cutEveryMs, rate, messages: seconds * rate, length, seed: seed + trial }
    samples.push(await ofParley(plan, options), await ofSocketIo(plan))
  }
  return {
    name: 'storm',
    columns: ['server', 'readers', 'cut off', 'messages', 'delivered %', 'missing', 'twice', 'p50 ms', 'p99 ms'],
    rows: samples.map(({ row }) => row),
    reached: samples.every(({ complete }) => complete),
    note: `SEED=${seed}. ${rate} messages a second, each connection reset after about ${cutEveryMs / 1_000} s, again and again. Of messages to readers; Parley's must all be delivered, once, as the log has them. From sending to delivery, those included that a reader missed at first.`,
  }
}

type Plan = Omit<SocketIoStormPlan, 'port'>

async function ofParley(plan: Plan, { profile }: BenchOptions): Promise<Sample> {
  const folder = benchFolder('storm')
  try {
    await using server = await startBenchServer({ folder, profile })
    const ground = await stormGround(server.graphql, plan.readers)
    const { owner, ...place } = ground
    const outcome = await runStorm({ ...plan, ...place, nodes: [server.ws], stalled: 0 })
    const found = differences(outcome, await loggedAfter(owner, place.conversationId, place.after.cursor))
    for (const sentence of found) console.log(sentence)
    const { deliveries, cuts, p50, p99 } = outcome
    const twice = found.filter((sentence) => sentence.includes('again')).length
    return {
      row: rowOf('Parley', plan, { received: deliveries - twice, repeated: twice, cuts, p50, p99 }),
      complete: found.length === 0,
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function ofSocketIo(plan: Plan): Promise<Sample> {
  using peer = await startPeer('socketIoRecovering')
  const load = fork(fileURLToPath(new URL('./socketIoStormLoad.ts', import.meta.url)))
  load.send({ ...plan, port: peer.port })
  const outcome = await new Promise<SocketIoStormOutcome>((resolve, reject) => {
    load.once('message', resolve)
    load.once('exit', (code) => reject(new Error(`The load ended with ${code}.`)))
  })
  return { row: rowOf('Socket.IO 4, state recovery', plan, outcome), complete: true }
}

function rowOf(
  server: string,
  { readers, messages }: Plan,
  { received, repeated, cuts, p50, p99 }: Pick<SocketIoStormOutcome, 'received' | 'repeated' | 'cuts' | 'p50' | 'p99'>,
): readonly (string | number)[] {
  const all = readers * messages
  const share = Number(((received / all) * 100).toFixed(4))
  return [server, readers, cuts, messages, share, all - received, repeated, rounded(p50), rounded(p99)]
}

if (import.meta.main) print(await run({ quick: process.argv.includes('--quick') }))
