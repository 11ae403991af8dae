// What a sender and a reader wait for: 20 members of one room, each of whom sends and follows the feed. Sends have a time at
// which they are due and are measured from it, whether or not earlier ones have been answered.

import { rmSync } from 'node:fs'
import { benchFolder, measureFsync } from './disk.ts'
import { engineRow, requireEngines } from './engines.ts'
import { type Generator, limitOf, loopDelayLimit, type Measured, startGenerator } from './load.ts'
import { login, makeRoom, register } from './people.ts'
import { QuietTrials } from './quiet.ts'
import { type BenchOptions, type BenchResult, lengthsOf, print } from './result.ts'
import { quantile, rounded, type Summary, summary } from './samples.ts'
import { type BenchServer, startBenchServer } from './server.ts'

const members = 20
const normalRate = 50
const loginsPerSecond = 2
/** What the server may add to the disk's own fsync, at p99, in ms. */
const allowed = { ack: 4, delivery: 6 }

/** The first is not judged: it shows what the first minute after a start is like, when the code is not compiled by use yet. */
const parts = [
  { name: '50/s, just started', factor: undefined },
  { name: '50/s', factor: 1 },
  { name: '50/s, logins', factor: 1 },
  { name: 'half load', factor: 3 },
] as const

type Part = (typeof parts)[number]['name']

interface Sample {
  readonly part: Part
  readonly trial: number
  /** Messages a second. */
  readonly rate: number
  readonly measured: Measured
  /** Of writes right before and right after, in ms. */
  readonly fsync: readonly number[]
}

interface Lengths {
  readonly trials: number
  readonly ms: number
  readonly floodMs: number
  readonly fsyncs: number
}

const full: Lengths = { trials: 3, ms: 30_000, floodMs: 8_000, fsyncs: 500 }
const short: Lengths = { trials: 1, ms: 4_000, floodMs: 2_000, fsyncs: 100 }

export async function run(options: BenchOptions = {}): Promise<BenchResult> {
  const lengths = lengthsOf(options, { full, short })
  const samples: Sample[] = []
  const limits: string[] = []
  const trials = new QuietTrials()
  for (let trial = 1; trial <= lengths.trials; trial++) {
    const run = await trials.run(() => runTrial(trial, lengths, options))
    samples.push(...run.samples)
    limits.push(...run.limits)
  }
  const judged = parts.map(({ name, factor }) => judge(name, factor, samples))
  return {
    name: 'latency',
    columns: [
      ...['part', 'trial', 'rate/s', 'fsync p99', 'ack p50', 'ack p95', 'ack p99', 'must'],
      ...['delivery p50', 'delivery p95', 'delivery p99', 'must ', 'missing', 'reached'],
    ],
    rows: judged.flatMap(({ rows }) => rows),
    reached: judged.every(({ reached }) => reached),
    note: [
      `All in ms. ack p99 must be at most the disk's fsync p99 + ${allowed.ack}, delivery p99 at most + ${allowed.delivery}, three times that at half of the maximum; the rows of all trials are judged. Before the second part the server is kept as busy as it can be for ${lengths.floodMs / 1_000} s, which finds the maximum and warms it up.`,
      ...(options.cluster ? [engineRow] : []),
      ...limits,
      trials.note,
    ].join('\n'),
    samples: Object.assign({}, ...judged.map(({ merged }) => merged)),
  }
}

async function runTrial(
  trial: number,
  lengths: Lengths,
  { profile, cluster = false }: BenchOptions,
): Promise<{ readonly samples: readonly Sample[]; readonly limits: readonly string[] }> {
  const folder = benchFolder('latency')
  const limits: string[] = []
  try {
    await using engines = cluster ? await requireEngines() : undefined
    await using server = await startBenchServer({ folder, profile, env: engines?.env ?? {} })
    using generator = startGenerator()
    const room = await makeRoom(server.graphql, members)
    const name = 'measured'
    await register(server.graphql, name)
    await generator.run({ kind: 'connect', ...server, ...room, feeds: true })
    const steady = (part: Part, rate: number) => measure({ part, trial, rate, generator, folder, lengths, limits })
    const cold = await steady('50/s, just started', normalRate)
    // It warms up the server, too, like the hours that it usually has run.
    const most = await generator.run({ kind: 'flood', underWay: 64, ms: lengths.floodMs })
    const late = most.loopDelayP99 > loopDelayLimit ? ' The generator was the bottleneck of that: it may be more.' : ''
    limits.push(
      `Trial ${trial}: with 64 under way, ${Math.round(most.rate)} messages a second were acknowledged.${late}`,
    )
    const quiet = await steady('50/s', normalRate)
    const logins = startLogins(server, name)
    const busy = await steady('50/s, logins', normalRate)
    await logins.stop()
    const half = await steady('half load', most.rate / 2)
    return { samples: [cold, quiet, busy, half], limits }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

interface Measuring {
  readonly part: Part
  readonly trial: number
  readonly rate: number
  readonly generator: Generator
  readonly folder: string
  readonly lengths: Lengths
  readonly limits: string[]
}

async function measure({ part, trial, rate, generator, folder, lengths, limits }: Measuring): Promise<Sample> {
  const before = measureFsync(folder, lengths.fsyncs)
  const measured = await generator.run({ kind: 'steady', rate, ms: lengths.ms, warmUpMs: lengths.ms / 5 })
  const after = measureFsync(folder, lengths.fsyncs)
  const limit = limitOf(measured)
  if (limit !== undefined) limits.push(`Trial ${trial}, ${part}: ${limit}`)
  return { part, trial, rate, measured, fsync: [...before, ...after] }
}

/** Somebody signs in, again and again. Stopping waits for the last one, and throws when one failed. */
function startLogins({ graphql }: BenchServer, username: string): { stop(): Promise<void> } {
  const logins: Promise<unknown>[] = []
  const failures: Error[] = []
  const timer = setInterval(
    () => logins.push(login(graphql, username).catch((error: Error) => failures.push(error))),
    1_000 / loginsPerSecond,
  )
  return {
    stop: async () => {
      clearInterval(timer)
      await Promise.all(logins)
      if (failures[0]) throw failures[0]
    },
  }
}

/** @param factor times what a quiet server may add; undefined where nothing is judged */
function judge(part: Part, factor: number | undefined, samples: readonly Sample[]) {
  const own = samples.filter((sample) => sample.part === part)
  const all = {
    ack: own.flatMap(({ measured }) => measured.ack),
    delivery: own.flatMap(({ measured }) => measured.delivery),
    fsync: own.flatMap(({ fsync }) => fsync),
  }
  const must = (fsync: readonly number[], kind: keyof typeof allowed) =>
    (factor ?? Number.NaN) * (quantile(fsync, 0.99) + allowed[kind])
  const missing = own.reduce((sum, { measured }) => sum + measured.missing, 0)
  const inTime = (['ack', 'delivery'] as const).every((kind) => quantile(all[kind], 0.99) <= must(all.fsync, kind))
  const reached = missing === 0 && (factor === undefined || inTime)
  const figures = ({ ack, delivery, fsync }: Record<keyof typeof all, readonly number[]>, lost: number) => [
    ...[quantile(fsync, 0.99), ...percentiles(ack)].map(rounded),
    factor === undefined ? '' : rounded(must(fsync, 'ack')),
    ...percentiles(delivery).map(rounded),
    factor === undefined ? '' : rounded(must(fsync, 'delivery')),
    lost,
  ]
  const rows: (string | number)[][] = own.map(({ trial, rate, measured, fsync }) => [
    ...[part, trial, Math.round(rate)],
    ...figures({ ...measured, fsync }, measured.missing),
    '',
  ])
  rows.push([part, 'all', '', ...figures(all, missing), factor === undefined ? '' : reached ? 'yes' : 'NO'])
  const merged: Record<string, Summary> = {}
  for (const [kind, values] of Object.entries(all)) merged[`${part}: ${kind}`] = summary(values)
  return { rows, reached, merged }
}

const percentiles = (samples: readonly number[]): number[] => [0.5, 0.95, 0.99].map((q) => quantile(samples, q))

if (import.meta.main) print(await run({ quick: process.argv.includes('--quick') }))
