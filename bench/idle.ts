// What a connection costs that has a feed on which nothing happens: the server's memory above one that has none, and its CPU.

import { cpSync, readFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import { cpuSeconds } from './cpu.ts'
import type { Kind } from './dialogues.ts'
import { benchFolder } from './disk.ts'
import { type Side, startFanoutGenerator } from './fanoutLoad.ts'
import { residentBytes } from './memory.ts'
import { pause } from './pause.ts'
import { installPeers, startPeer } from './peer.ts'
import { type Crowd, makeCrowd } from './people.ts'
import { type BenchOptions, type BenchResult, lengthsOf, print } from './result.ts'
import { quantile } from './samples.ts'
import { startBenchServer } from './server.ts'

/** Parley must need at most so many KB a connection, and so much of a core for all of them. */
const musts = { kilobytes: 14, core: 0.02 }

/** That a server needs beside its connections. */
const otherDescriptors = 500

const kinds = ['parley', 'rawWs', 'graphqlWs'] as const
type Measured = (typeof kinds)[number]
const titles: Readonly<Record<Measured, string>> = { parley: 'Parley', rawWs: 'raw ws', graphqlWs: 'graphql-ws' }

interface Lengths {
  readonly trials: number
  readonly connections: number
  readonly rooms: number
  /** Before anything is measured. */
  readonly settleMs: number
  readonly ms: number
}

/** As long as it takes until each connection has been asked whether it lives. */
const full: Lengths = { trials: 3, connections: 10_000, rooms: 100, settleMs: 15_000, ms: 45_000 }
const short: Lengths = { trials: 1, connections: 1_000, rooms: 10, settleMs: 3_000, ms: 3_000 }

interface Sample {
  readonly kind: Measured
  /** Of the server before there were any connections. */
  readonly empty: number
  /** For each connection. */
  readonly bytes: number
  /** Cores. */
  readonly cpu: number
}

export async function run(options: BenchOptions = {}): Promise<BenchResult> {
  installPeers()
  const lengths = lengthsOf(options, { full, short })
  needDescriptors(lengths.connections + otherDescriptors)
  const folder = benchFolder('idle')
  try {
    const prepared = path.join(folder, 'prepared')
    const crowd = await prepare(prepared, lengths)
    const samples: Sample[] = []
    for (let trial = 1; trial <= lengths.trials; trial++) {
      // What one trial leaves in the log the server of the next would read first, and its memory would not be an empty server's.
      const data = path.join(folder, `trial-${trial}`)
      cpSync(prepared, data, { recursive: true })
      for (const kind of kinds)
        samples.push(await measure(kind, { folder: data, crowd, lengths, profile: options.profile }))
    }
    const judged = kinds.map((kind) => judge(samples, kind))
    return {
      name: 'idle',
      columns: [
        'server',
        'KB each by trial',
        'median',
        'must',
        'empty, MB',
        '% of a core by trial',
        'must ',
        'reached',
      ],
      rows: judged.map(({ row }) => row),
      reached: judged.every(({ reached }) => reached),
      note: `${lengths.connections} connections with a feed each, of as many accounts in ${lengths.rooms} rooms; nothing happens. Memory: what the server's process has in memory above what it had before they came, ${lengths.settleMs / 1_000} s after the last one.`,
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** @throws where a process may not have so many */
function needDescriptors(count: number): void {
  // Node takes as many as it may have.
  const most = /^Max open files\s+\d+\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1]
  if (most !== undefined && Number(most) < count)
    throw new Error(
      `A process may have ${most} open files here, and ${count} are needed: raise that with ulimit -Hn ${count}.`,
    )
}

/** By a server of its own: what it needed for that is not there when connections are measured. */
async function prepare(folder: string, { connections, rooms }: Lengths): Promise<Crowd> {
  await using server = await startBenchServer({ folder })
  return await makeCrowd(server.graphql, { members: connections, rooms })
}

interface Measuring {
  readonly folder: string
  readonly crowd: Crowd
  readonly lengths: Lengths
  readonly profile: string | undefined
}

async function measure(kind: Measured, { folder, crowd, lengths, profile }: Measuring): Promise<Sample> {
  const subscribers = lengths.connections
  if (kind !== 'parley') {
    using peer = await startPeer(kind)
    return await hold(sideOf(kind, { port: peer.port, rooms: ['quiet'], tokens: [''], subscribers }), peer.pid, lengths)
  }
  // The server counts connections of this machine only in all, and has room for twice as many.
  await using server = await startBenchServer({ folder, profile })
  const port = Number(new URL(server.graphql).port)
  return await hold(sideOf(kind, { port, ...crowd, subscribers }), server.pid, lengths)
}

const sideOf = (kind: Kind, side: Pick<Side, 'port' | 'rooms' | 'tokens' | 'subscribers'>): Side => ({
  ...side,
  kind,
  feed: 'conversation',
  documents: 1,
  timed: 0,
  stalled: 0,
})

async function hold(side: Side, pid: number, { connections, settleMs, ms }: Lengths): Promise<Sample> {
  await pause(settleMs)
  const empty = residentBytes(pid)
  using generator = startFanoutGenerator()
  await generator.open(side)
  await pause(settleMs)
  const resident = residentBytes(pid)
  const cpu = cpuSeconds(pid)
  const from = performance.now()
  await pause(ms)
  const seconds = (performance.now() - from) / 1_000
  return {
    kind: side.kind as Measured,
    empty,
    bytes: (resident - empty) / connections,
    cpu: (cpuSeconds(pid) - cpu) / seconds,
  }
}

function judge(samples: readonly Sample[], kind: Measured): { reached: boolean; row: (string | number)[] } {
  const own = samples.filter((one) => one.kind === kind)
  const kilobytes = own.map(({ bytes }) => bytes / 1_024)
  const cpu = own.map((one) => one.cpu)
  const median = quantile(kilobytes, 0.5)
  const judgedHere = kind === 'parley'
  const reached = !judgedHere || (median <= musts.kilobytes && quantile(cpu, 0.5) < musts.core)
  return {
    reached,
    row: [
      ...[titles[kind], kilobytes.map((one) => one.toFixed(1)).join(' '), Number(median.toFixed(1))],
      judgedHere ? musts.kilobytes : '',
      Math.round(
        quantile(
          own.map(({ empty }) => empty),
          0.5,
        ) /
          2 ** 20,
      ),
      cpu.map((one) => (one * 100).toFixed(1)).join(' '),
      ...(judgedHere ? [musts.core * 100, reached ? 'yes' : 'NO'] : ['', '']),
    ],
  }
}

if (import.meta.main) print(await run({ quick: process.argv.includes('--quick') }))
