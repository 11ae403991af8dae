// What readers cost that stop reading: the server's memory, and how late the others get what is sent, beside the same without
// them.

import { startFanoutGenerator } from './fanoutLoad.ts'
import { startMeasured } from './measured.ts'
import { residentBytes } from './memory.ts'
import { makeRoom } from './people.ts'
import { type BenchOptions, type BenchResult, lengthsOf, print } from './result.ts'
import { quantile, rounded, type Summary, summary } from './samples.ts'
import type { BenchServer } from './server.ts'

/** MB of memory more, and how often the p99 of the others, with those that do not read. */
const musts = { megabytes: 20, times: 1.2 }

const window = 8
/** Readers whose deliveries are timed. */
const timed = 20
/** A guest may have fifty connections. */
const connectionsEach = 40
/** Between two looks at the memory. */
const lookMs = 50

interface Lengths {
  readonly trials: number
  readonly readers: number
  readonly stalled: number
  readonly messages: number
  /** Uncounted, as with all readers at work. */
  readonly warmUpMs: number
}

const full: Lengths = { trials: 3, readers: 1_000, stalled: 50, messages: 100_000, warmUpMs: 5_000 }
const short: Lengths = { trials: 1, readers: 200, stalled: 10, messages: 3_000, warmUpMs: 1_000 }

interface Sample {
  readonly stalled: boolean
  readonly trial: number
  /** The most that the server had in memory above what it had before the first message, in MB. */
  readonly growth: number
  readonly delays: readonly number[]
  /** Deliveries a second. */
  readonly rate: number
}

export async function run(options: BenchOptions = {}): Promise<BenchResult> {
  const lengths = lengthsOf(options, { full, short })
  const samples: Sample[] = []
  for (let trial = 1; trial <= lengths.trials; trial++)
    for (const stalled of [false, true]) samples.push(await measure({ stalled, trial, lengths, options }))
  const of = (stalled: boolean) => samples.filter((one) => one.stalled === stalled)
  const growth = (stalled: boolean) =>
    quantile(
      of(stalled).map((one) => one.growth),
      0.5,
    )
  const delays = (stalled: boolean) => of(stalled).flatMap((one) => one.delays)
  const more = growth(true) - growth(false)
  const times = quantile(delays(true), 0.99) / quantile(delays(false), 0.99)
  const reached = more <= musts.megabytes && times <= musts.times
  const figures = (own: readonly Sample[], late: readonly number[]) => [
    ...[own.map(({ rate }) => Math.round(rate)).join(' '), own.map((one) => Math.round(one.growth)).join(' ')],
    ...[quantile(late, 0.5), quantile(late, 0.99)].map(rounded),
  ]
  return {
    name: 'slow',
    columns: [
      ...['readers', 'stalled', 'deliveries/s by trial', 'growth by trial, MB', 'p50', 'p99'],
      ...['growth, MB more', 'must', 'p99 ×', 'must ', 'reached'],
    ],
    rows: [
      [lengths.readers - lengths.stalled, 0, ...figures(of(false), delays(false)), '', '', '', '', ''],
      [
        ...[lengths.readers - lengths.stalled, lengths.stalled, ...figures(of(true), delays(true))],
        ...[Number(more.toFixed(1)), musts.megabytes, Number(times.toFixed(2)), musts.times, reached ? 'yes' : 'NO'],
      ],
    ],
    reached,
    note: `${lengths.messages} messages to one room, ${window} under way: each until all have it who read. In ms, from sending to delivery, of ${timed} of those. Growth: the most memory of the server's process while they were sent, above what it had before; medians are compared. Who reads nothing for 30 s is sent away.`,
    samples: Object.assign({}, ...[false, true].map((stalled) => named(stalled, delays(stalled)))),
  }
}

const named = (stalled: boolean, delays: readonly number[]): Record<string, Summary> => ({
  [stalled ? 'with stalled readers' : 'without']: summary(delays),
})

interface Measuring {
  readonly stalled: boolean
  readonly trial: number
  readonly lengths: Lengths
  readonly options: BenchOptions
}

async function measure({ stalled: some, trial, lengths, options }: Measuring): Promise<Sample> {
  const { readers, messages, warmUpMs } = lengths
  const stalled = some ? lengths.stalled : 0
  await using server = await startMeasured('slow', options)
  const { roomId, tokens } = await makeRoom(server.graphql, Math.ceil(readers / connectionsEach))
  const port = Number(new URL(server.graphql).port)
  using generator = startFanoutGenerator()
  await generator.open({
    ...{ kind: 'parley', feed: 'conversation', port, rooms: [roomId], tokens },
    // As many read in both cases.
    ...{ subscribers: readers - lengths.stalled + stalled, documents: 1, timed, stalled },
  })
  const memory = watchMemory(server)
  const { deliveries, seconds, delays } = await generator.run({ window, warmUpMs, until: { messages } })
  return { stalled: some, trial, growth: memory.stop(), delays, rate: deliveries / seconds }
}

/** How much the memory has grown since now, at most; in MB. */
function watchMemory({ pid }: BenchServer): { stop(): number } {
  const before = residentBytes(pid)
  let most = before
  const timer = setInterval(() => {
    most = Math.max(most, residentBytes(pid))
  }, lookMs)
  return {
    stop: () => {
      clearInterval(timer)
      return (most - before) / 2 ** 20
    },
  }
}

if (import.meta.main) print(await run({ quick: process.argv.includes('--quick') }))
