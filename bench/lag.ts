// How old the read models are while messages are sent at half of the maximum, as a client can see it.
//
// Twenty times a second a message is asked for, from its acknowledgement on, with queries that wait for nothing, until one
// shows it. That ends with the query's answer, so it holds the query's own time and up to 2 ms between two queries; it begins
// when the sender has heard, a moment after the event was durable. The time from sending holds all of that, and the append
// too: the read models are never older than it says.

import { rmSync } from 'node:fs'
import { benchFolder } from './disk.ts'
import { limitOf, type Measured, startGenerator } from './load.ts'
import { makeRoom } from './people.ts'
import { type BenchOptions, type BenchResult, print } from './result.ts'
import { quantile, rounded, summary } from './samples.ts'
import { startBenchServer } from './server.ts'

/** At p99, in ms. */
const target = 50
const senders = 20
const askedPerSecond = 20

export async function run({ quick, profile }: BenchOptions = {}): Promise<BenchResult> {
  const ms = quick ? 4_000 : 20_000
  const rows: (string | number)[][] = []
  const trials: Measured[] = []
  const limits: string[] = []
  for (let trial = 1; trial <= (quick ? 1 : 3); trial++) {
    const { rate, measured } = await runTrial(ms, profile)
    trials.push(measured)
    rows.push([trial, Math.round(rate), ...figures([measured])])
    if (measured.missing > 0) throw new Error(`${measured.missing} messages were not acknowledged within 10 s.`)
    const limit = limitOf(measured)
    if (limit !== undefined) limits.push(`Trial ${trial}: ${limit}`)
  }
  const visible = trials.flatMap((measured) => measured.visible)
  const reached = quantile(visible, 0.99) <= target
  rows.push(['all', '', ...figures(trials)])
  return {
    name: 'lag',
    columns: [
      'trial',
      'messages/s',
      'asked for',
      'lag p50',
      'lag p95',
      'lag p99',
      'must',
      'from sending p99',
      'query p50',
      'query p99',
    ],
    rows,
    reached,
    note: [
      `In ms, from a message's acknowledgement to the answer of the first query that shows it, the query's own time included, while ${senders} members of one room without feeds send at half of the maximum. p99 over all trials must be at most ${target}.`,
      ...limits,
    ].join('\n'),
    samples: {
      lag: summary(visible),
      fromSending: summary(trials.flatMap((measured) => measured.visibleSinceDue)),
      query: summary(trials.flatMap((measured) => measured.query)),
    },
  }
}

async function runTrial(ms: number, profile: string | undefined) {
  const folder = benchFolder('lag')
  try {
    await using server = await startBenchServer({ folder, profile })
    using generator = startGenerator()
    const room = await makeRoom(server.graphql, senders)
    await generator.run({ kind: 'connect', ...server, ...room, feeds: false })
    const most = await generator.run({ kind: 'flood', underWay: 64, ms: Math.min(ms, 8_000) })
    const rate = most.rate / 2
    const measured = await generator.run({ kind: 'steady', rate, ms, warmUpMs: ms / 5, askedPerSecond })
    return { rate, measured }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function figures(trials: readonly Measured[]): number[] {
  const visible = trials.flatMap((measured) => measured.visible)
  const query = trials.flatMap((measured) => measured.query)
  const fromSending = trials.flatMap((measured) => measured.visibleSinceDue)
  const lag = [0.5, 0.95, 0.99].map((q) => rounded(quantile(visible, q)))
  const rest = [quantile(fromSending, 0.99), quantile(query, 0.5), quantile(query, 0.99)].map(rounded)
  return [visible.length, ...lag, target, ...rest]
}

if (import.meta.main) print(await run({ quick: process.argv.includes('--quick') }))
