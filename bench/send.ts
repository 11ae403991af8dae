// Durable sends a second: over WebSocket and over HTTP, into one room and into a hundred, one under way and 64; on the disk as it
// is, and on one whose fsyncs take 2 ms longer. Beside it Socket.IO and Express with one INSERT a message, as durable. Where
// there is Java, also a node on EventStoreDB's protocol and MongoDB, for comparison.

import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, rmSync } from 'node:fs'
import path from 'node:path'
import { benchFolder } from './disk.ts'
import { engineRow, startEngines } from './engines.ts'
import { installPeers, startPeer } from './peer.ts'
import { makeRooms } from './people.ts'
import { type BenchOptions, type BenchResult, print } from './result.ts'
import { quantile } from './samples.ts'
import { type SendKind, type SendSide, sendAtOnce } from './sendLoad.ts'
import { startBenchServer } from './server.ts'

const underWays = [1, 64] as const
const roomCounts = [1, 100] as const
const disks = ['plain', 'slow'] as const
/** Longer than the disk's own fsync, in µs. */
const slowerBy = 2_000

type Disk = (typeof disks)[number]
type Server = 'parley' | 'cluster' | 'peer'
type Way = 'WebSocket' | 'HTTP'

interface Case {
  readonly way: Way
  readonly disk: Disk
  readonly rooms: (typeof roomCounts)[number]
  readonly underWay: (typeof underWays)[number]
}

interface Sample extends Case {
  readonly server: Server
  /** Acknowledged a second. */
  readonly rate: number
}

interface Lengths {
  readonly trials: number
  readonly warmUpMs: number
  readonly ms: number
}

const full: Lengths = { trials: 3, warmUpMs: 1_000, ms: 3_000 }
const short: Lengths = { trials: 1, warmUpMs: 300, ms: 700 }

const kindOf = {
  WebSocket: { parley: 'parleyWs', peer: 'socketIo' },
  HTTP: { parley: 'parleyHttp', peer: 'express' },
} as const
const ways = ['WebSocket', 'HTTP'] as const

/** What Parley must reach, as a multiple of the peer's, into one room. */
function mustOf({ way, disk, underWay }: Case): number | undefined {
  if (way === 'WebSocket') return underWay === 1 ? 0.7 : disk === 'slow' ? 5 : 1.5
  return underWay === 64 ? 0.8 : undefined
}
/** Into one room, as a multiple of a hundred. */
const mustOfOneRoom = 0.7

export async function run({ quick, profile }: BenchOptions = {}): Promise<BenchResult> {
  installPeers()
  const lengths = quick ? short : full
  const folder = benchFolder('send')
  try {
    const library = slowFsync(folder)
    const samples: Sample[] = []
    for (let trial = 1; trial <= lengths.trials; trial++)
      for (const disk of disks) {
        if (disk === 'slow' && library === undefined) continue
        const env =
          disk === 'slow' && library !== undefined ? { LD_PRELOAD: library, SLOW_FSYNC_US: `${slowerBy}` } : {}
        const at = path.join(folder, `${disk}-${trial}`)
        samples.push(...(await measureParley({ folder: at, disk, env, lengths, profile })))
        for (const way of ways) samples.push(...(await measurePeer({ folder: at, way, disk, env, lengths })))
        if (disk === 'plain') samples.push(...(await measureCluster(at, lengths)))
      }
    const judged = ways.flatMap((way) =>
      disks.flatMap((disk) =>
        roomCounts.flatMap((rooms) => underWays.map((underWay) => judge(samples, { way, disk, rooms, underWay }))),
      ),
    )
    return {
      name: 'send',
      columns: [
        'over',
        'disk',
        'rooms',
        'under way',
        'Parley/s by trial',
        'peer/s',
        '× peer',
        'must',
        '× 100 rooms',
        'must ',
        'cluster/s',
        'reached',
      ],
      rows: judged.map(({ row }) => row),
      reached: judged.every(({ reached }) => reached),
      note: `Acknowledged, durable sends a second; medians. The peers are Socket.IO 4 and Express, each with one INSERT into SQLite a message. Slow: each fsync takes ${slowerBy / 1_000} ms longer. ${engineRow}`,
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Undefined where there is no compiler, or no Linux. */
function slowFsync(folder: string): string | undefined {
  if (process.platform !== 'linux' || spawnSync('cc', ['--version']).status !== 0) {
    console.log('Without cc on Linux no fsync can be made slower: that part is left out.')
    return undefined
  }
  const library = path.join(folder, 'slow-fsync.so')
  execFileSync('cc', ['-shared', '-fPIC', '-o', library, path.join(import.meta.dirname, 'slowFsync.c')])
  return library
}

interface Measuring {
  readonly folder: string
  readonly disk: Disk
  readonly env: Readonly<Record<string, string>>
  readonly lengths: Lengths
}

async function measureParley({
  folder,
  disk,
  env,
  lengths,
  profile,
}: Measuring & { readonly profile: string | undefined }) {
  const data = path.join(folder, 'parley')
  mkdirSync(data, { recursive: true })
  await using server = await startBenchServer({ folder: data, env, profile })
  return await measureServer('parley', server.graphql, disk, lengths)
}

async function measureCluster(folder: string, lengths: Lengths): Promise<Sample[]> {
  await using engines = await startEngines()
  if (engines === undefined) return []
  const data = path.join(folder, 'cluster')
  mkdirSync(data, { recursive: true })
  await using server = await startBenchServer({ folder: data, env: engines.env })
  return await measureServer('cluster', server.graphql, 'plain', lengths)
}

async function measureServer(server: Server, graphql: string, disk: Disk, lengths: Lengths): Promise<Sample[]> {
  const { roomIds, tokens } = await makeRooms(graphql, { members: 8, rooms: 100 })
  const port = Number(new URL(graphql).port)
  const samples: Sample[] = []
  for (const way of ways)
    samples.push(
      ...(await measure({ server, way, disk, lengths }, (rooms) => ({
        kind: kindOf[way].parley,
        port,
        tokens,
        rooms: roomIds.slice(0, rooms),
      }))),
    )
  return samples
}

async function measurePeer({ folder, way, disk, env, lengths }: Measuring & { readonly way: Way }): Promise<Sample[]> {
  const kind: SendKind = kindOf[way].peer
  const data = path.join(folder, kind)
  mkdirSync(data, { recursive: true })
  using peer = await startPeer(way === 'HTTP' ? 'expressStored' : 'socketIoStored', { ...env, PEER_DATA: data })
  return await measure({ server: 'peer', way, disk, lengths }, (rooms) => ({
    kind,
    port: peer.port,
    tokens: [],
    rooms: Array.from({ length: rooms }, (_, index) => `room ${index}`),
  }))
}

async function measure(
  {
    server,
    way,
    disk,
    lengths,
  }: { readonly server: Server; readonly way: Way; readonly disk: Disk; readonly lengths: Lengths },
  sideOf: (rooms: number) => SendSide,
): Promise<Sample[]> {
  const samples: Sample[] = []
  for (const rooms of roomCounts)
    for (const underWay of underWays) {
      const rate = await sendAtOnce({ side: sideOf(rooms), underWay, warmUpMs: lengths.warmUpMs, ms: lengths.ms })
      samples.push({ server, way, disk, rooms, underWay, rate })
    }
  return samples
}

function judge(samples: readonly Sample[], one: Case): { reached: boolean; row: (string | number)[] } {
  const ratesOf = (server: Server, rooms = one.rooms) =>
    samples
      .filter((sample) => sample.server === server && sample.rooms === rooms && same(sample, one))
      .map(({ rate }) => rate)
  const median = (rates: readonly number[]) => (rates.length === 0 ? Number.NaN : quantile(rates, 0.5))
  const own = median(ratesOf('parley'))
  const times = own / median(ratesOf('peer'))
  const must = one.rooms === 1 ? mustOf(one) : undefined
  const ofMany = one.rooms === 1 && one.underWay === 64 ? own / median(ratesOf('parley', 100)) : undefined
  // What could not be measured here is not judged.
  const reached = !(times < (must ?? 0)) && !((ofMany ?? mustOfOneRoom) < mustOfOneRoom)
  const cluster = median(ratesOf('cluster'))
  return {
    reached,
    row: [
      one.way,
      one.disk,
      one.rooms,
      one.underWay,
      ratesOf('parley').map(Math.round).join(' '),
      Math.round(median(ratesOf('peer'))),
      Number(times.toFixed(2)),
      must ?? '',
      ofMany === undefined ? '' : Number(ofMany.toFixed(2)),
      ofMany === undefined ? '' : mustOfOneRoom,
      Number.isNaN(cluster) ? '' : Math.round(cluster),
      must === undefined && ofMany === undefined ? '' : reached ? 'yes' : 'NO',
    ],
  }
}

const same = (a: Case, b: Case): boolean => a.way === b.way && a.disk === b.disk && a.underWay === b.underWay

if (import.meta.main) print(await run({ quick: process.argv.includes('--quick') }))
