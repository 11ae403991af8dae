// A room with a thousand subscribers who ask the same: deliveries a second, and what each costs the server. Parley stores each
// message durably before it is delivered; the peers store nothing.

import { rmSync } from 'node:fs'
import { cpuSeconds } from './cpu.ts'
import { benchFolder } from './disk.ts'
import { type Side, startFanoutGenerator } from './fanoutLoad.ts'
import { installPeers, type PeerName, startPeer } from './peer.ts'
import { makeRoom } from './people.ts'
import { type BenchOptions, type BenchResult, print } from './result.ts'
import { quantile } from './samples.ts'
import { startBenchServer } from './server.ts'

const windows = [8, 1] as const
type Window = (typeof windows)[number]

/** What Parley must reach, as a multiple of each peer's deliveries a second. */
const musts: Readonly<Record<Window, Partial<Record<PeerName, number>>>> = {
  8: { rawWs: 3, socketIo: 4, graphqlWs: 15 },
  1: { socketIo: 1.5 },
}
const titles = {
  parley: 'Parley',
  rawWs: 'raw ws',
  socketIo: 'Socket.IO 4',
  graphqlWs: 'graphql-ws, Yoga pubsub',
} as const
const kinds = ['parley', 'rawWs', 'socketIo', 'graphqlWs'] as const

interface Sample {
  readonly kind: Side['kind']
  readonly window: Window
  readonly trial: number
  /** A second. */
  readonly deliveries: number
  /** Of the server's CPU for each, in µs. */
  readonly cost: number
  readonly generatorCpu: number
}

interface Lengths {
  readonly trials: number
  readonly subscribers: number
  readonly warmUpMs: number
  readonly ms: number
}

const full: Lengths = { trials: 3, subscribers: 1_000, warmUpMs: 2_000, ms: 5_000 }
const short: Lengths = { trials: 1, subscribers: 200, warmUpMs: 500, ms: 1_000 }

export async function run({ quick, profile }: BenchOptions = {}): Promise<BenchResult> {
  installPeers()
  const lengths = quick ? short : full
  const samples: Sample[] = []
  for (let trial = 1; trial <= lengths.trials; trial++)
    for (const kind of kinds) samples.push(...(await measure(kind, trial, lengths, profile)))
  const judged = windows.flatMap((window) => kinds.map((kind) => judge(samples, kind, window)))
  return {
    name: 'fanout',
    columns: [
      'server',
      'window',
      'deliveries/s by trial',
      'median',
      'CPU µs each',
      'generator cores',
      'Parley ×',
      'must',
      'reached',
    ],
    rows: judged.map(({ row }) => row),
    reached: judged.every(({ reached }) => reached),
    note: `${lengths.subscribers} subscribers of one room with the same document. A message is under way until all have it; window: how many are. Parley's are durable first. Where the generator used about one core, it was the bottleneck.`,
  }
}

async function measure(
  kind: Side['kind'],
  trial: number,
  lengths: Lengths,
  profile: string | undefined,
): Promise<Sample[]> {
  if (kind !== 'parley') {
    using peer = await startPeer(kind)
    return await deliver(
      { kind, port: peer.port, room: 'measured', tokens: [''], subscribers: lengths.subscribers },
      peer.pid,
      trial,
      lengths,
    )
  }
  const folder = benchFolder('fanout')
  try {
    await using server = await startBenchServer({ folder, profile })
    // A guest may have fifty connections.
    const { roomId, tokens } = await makeRoom(server.graphql, Math.ceil(lengths.subscribers / 40))
    const port = Number(new URL(server.graphql).port)
    return await deliver(
      { kind, port, room: roomId, tokens, subscribers: lengths.subscribers },
      server.pid,
      trial,
      lengths,
    )
  } finally {
    rmSync(folder, { recursive: true })
  }
}

async function deliver(side: Side, pid: number, trial: number, { warmUpMs, ms }: Lengths): Promise<Sample[]> {
  using generator = startFanoutGenerator()
  await generator.open(side)
  const samples: Sample[] = []
  for (const window of windows) {
    let used = 0
    const { deliveries, seconds, generatorCpu } = await generator.run({ window, warmUpMs, ms }, (counting) => {
      used = counting ? -cpuSeconds(pid) : used + cpuSeconds(pid)
    })
    const cost = (used * 1e6) / deliveries
    samples.push({ kind: side.kind, window, trial, deliveries: deliveries / seconds, cost, generatorCpu })
  }
  return samples
}

function judge(
  samples: readonly Sample[],
  kind: Side['kind'],
  window: Window,
): { reached: boolean; row: (string | number)[] } {
  const of = (wanted: Side['kind']) => samples.filter((one) => one.kind === wanted && one.window === window)
  const median = (wanted: Side['kind'], value: (one: Sample) => number) => quantile(of(wanted).map(value), 0.5)
  const rate = median(kind, (one) => one.deliveries)
  const times = median('parley', (one) => one.deliveries) / rate
  const must = kind === 'parley' ? undefined : musts[window][kind]
  const reached = must === undefined || times >= must
  return {
    reached,
    row: [
      titles[kind],
      window,
      of(kind)
        .map(({ deliveries }) => Math.round(deliveries))
        .join(' '),
      Math.round(rate),
      Number(median(kind, (one) => one.cost).toFixed(2)),
      Number(median(kind, (one) => one.generatorCpu).toFixed(2)),
      kind === 'parley' ? '' : Number(times.toFixed(2)),
      must ?? '',
      must === undefined ? '' : reached ? 'yes' : 'NO',
    ],
  }
}

if (import.meta.main) print(await run({ quick: process.argv.includes('--quick') }))
