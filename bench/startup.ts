// From spawning `parley start` to its saying that it is ready, on an empty folder and on a log of a million events.
//
// Installing compiles the code, and each start keeps what it compiled ("warm"). Where neither has happened, or it cannot be
// kept, a start compiles everything ("cold"): that is shown beside it.

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import path from 'node:path'
import { keepsOnlyNewest } from '../src/domain/streams.ts'
import { openSqliteEventStore } from '../src/eventstore/sqlite/store.ts'
import { fillWithChat } from './chatLog.ts'
import { benchFolder } from './disk.ts'
import { type BenchOptions, type BenchResult, print } from './result.ts'
import { quantile } from './samples.ts'
import { startBenchServer } from './server.ts'

/** The median of each kind of warm start must be at most this, in ms. */
const targets = { empty: 1_000, full: 2_000 }

interface Start {
  readonly log: keyof typeof targets
  readonly cache: 'cold' | 'warm'
  readonly trial: number
  readonly ms: number
}

interface Starting {
  readonly data: string
  readonly cache: string
  readonly profile: string | undefined
}

export async function run({ quick, profile }: BenchOptions = {}): Promise<BenchResult> {
  const events = quick ? 50_000 : 1_000_000
  const folder = benchFolder('startup')
  try {
    const full = path.join(folder, 'full')
    mkdirSync(full)
    const filled = await timed(() => fill(full, events))
    const first = await start({ data: full, cache: folder, profile: undefined })
    const starts: Start[] = []
    for (let trial = 1; trial <= (quick ? 1 : 3); trial++) {
      for (const log of ['empty', 'full'] as const) {
        // A cache for each, or the second log would find what the first one compiled.
        const cacheFolder = mkdtempSync(path.join(folder, 'cache-'))
        for (const cache of ['cold', 'warm'] as const) {
          const data = log === 'full' ? full : mkdtempSync(path.join(folder, 'empty-'))
          starts.push({ log, cache, trial, ms: await start({ data, cache: cacheFolder, profile }) })
        }
      }
    }
    const kinds = (['empty', 'full'] as const).flatMap((log) =>
      (['cold', 'warm'] as const).map((cache) => judge(starts, log, cache)),
    )
    return {
      name: 'startup',
      columns: ['log', 'compiled code', 'trials, ms', 'median ms', 'must', 'reached'],
      rows: kinds.map(({ row }) => row),
      reached: kinds.every(({ reached }) => reached),
      note: `The full log holds ${events} events, made in ${seconds(filled)}; its first start, which built the read models, took ${seconds(first)}. A process that is asked to stop ends in order between two starts.`,
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** How long it took to become ready, in ms. */
async function start({ data, cache, profile }: Starting): Promise<number> {
  await using server = await startBenchServer({ folder: data, profile, env: { NODE_COMPILE_CACHE: cache } })
  return server.readyMs
}

async function fill(folder: string, events: number): Promise<void> {
  const store = await openSqliteEventStore({ folder, keepsOnlyNewest })
  try {
    await fillWithChat(store, { events, rooms: 100, members: 50 })
  } finally {
    await store.close()
  }
}

function judge(starts: readonly Start[], log: Start['log'], cache: Start['cache']) {
  const trials = starts.filter((one) => one.log === log && one.cache === cache).map(({ ms }) => Math.round(ms))
  const median = quantile(trials, 0.5)
  if (cache === 'cold') return { reached: true, row: [log, cache, trials.join(' '), median, '', ''] }
  const must = targets[log]
  const reached = median <= must
  return { reached, row: [log, cache, trials.join(' '), median, must, reached ? 'yes' : 'NO'] }
}

async function timed(work: () => Promise<void>): Promise<number> {
  const from = performance.now()
  await work()
  return performance.now() - from
}

const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`

if (import.meta.main) print(await run({ quick: process.argv.includes('--quick') }))
