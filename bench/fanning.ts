// One server under the load of `fanout` and of the benches like it.

import { cpuSeconds } from './cpu.ts'
import type { Kind, Subscribing } from './dialogues.ts'
import { type Side, startFanoutGenerator } from './fanoutLoad.ts'
import { startMeasured } from './measured.ts'
import { startPeer } from './peer.ts'
import { makeRoom, makeRooms } from './people.ts'
import type { BenchOptions } from './result.ts'
import { quantile } from './samples.ts'

export interface Lengths {
  readonly trials: number
  readonly subscribers: number
  readonly warmUpMs: number
  readonly ms: number
}

/** What a message runs through is compiled to its best after some thousand messages. */
export const full: Lengths = { trials: 3, subscribers: 1_000, warmUpMs: 10_000, ms: 5_000 }
export const short: Lengths = { trials: 1, subscribers: 200, warmUpMs: 500, ms: 1_000 }

/** Who follows what. */
export interface Shape {
  readonly feed: Subscribing['feed']
  readonly rooms: number
  readonly documents: number
  /** Messages under way, one measurement each. */
  readonly windows: readonly number[]
}

/** What `fanout` itself measures. */
export const oneRoom: Shape = { feed: 'conversation', rooms: 1, documents: 1, windows: [8, 1] }

/** How it went with one window. */
export interface Fanned {
  readonly window: number
  /** A second. */
  readonly deliveries: number
  /** Of the server's CPU for each, in µs. */
  readonly cost: number
  /** Cores that the generator used. */
  readonly generatorCpu: number
}

interface Fanning {
  readonly kind: Kind
  readonly shape: Shape
  readonly lengths: Lengths
  readonly options: BenchOptions
}

/** A guest may have fifty connections. */
const connectionsEach = 40

/** @returns one for each window */
export async function fanOut({ kind, shape, lengths, options }: Fanning): Promise<Fanned[]> {
  const { subscribers } = lengths
  const { feed, documents } = shape
  const common = { kind, feed, documents, subscribers, timed: 0, stalled: 0 }
  if (kind !== 'parley') {
    using peer = await startPeer(kind)
    return await deliver({ ...common, port: peer.port, rooms: ['measured'], tokens: [''] }, peer.pid, shape, lengths)
  }
  await using server = await startMeasured('fanout', options)
  const members = Math.ceil(subscribers / connectionsEach)
  const { rooms, tokens } = await roomsFor(server.graphql, { members, rooms: shape.rooms })
  const port = Number(new URL(server.graphql).port)
  return await deliver({ ...common, port, rooms, tokens }, server.pid, shape, lengths)
}

async function roomsFor(graphql: string, wanted: { readonly members: number; readonly rooms: number }) {
  if (wanted.rooms > 1) {
    const { roomIds, tokens } = await makeRooms(graphql, wanted)
    return { rooms: roomIds, tokens }
  }
  const { roomId, tokens } = await makeRoom(graphql, wanted.members)
  return { rooms: [roomId], tokens }
}

async function deliver(side: Side, pid: number, { windows }: Shape, { warmUpMs, ms }: Lengths): Promise<Fanned[]> {
  using generator = startFanoutGenerator()
  await generator.open(side)
  const fanned: Fanned[] = []
  for (const window of windows) {
    let used = 0
    const { deliveries, seconds, generatorCpu } = await generator.run({ window, warmUpMs, until: { ms } }, (note) => {
      used = note === 'counting' ? -cpuSeconds(pid) : used + cpuSeconds(pid)
    })
    fanned.push({ window, deliveries: deliveries / seconds, cost: (used * 1e6) / deliveries, generatorCpu })
  }
  return fanned
}

export const medianOf = (fanned: readonly Fanned[], value: 'deliveries' | 'cost' | 'generatorCpu'): number =>
  quantile(
    fanned.map((one) => one[value]),
    0.5,
  )

export const figureColumns = ['deliveries/s by trial', 'median', 'CPU µs each', 'generator cores'] as const

/** Of all trials with one window, as `figureColumns` names them. */
export const figures = (fanned: readonly Fanned[]): (string | number)[] => [
  fanned.map(({ deliveries }) => Math.round(deliveries)).join(' '),
  Math.round(medianOf(fanned, 'deliveries')),
  Number(medianOf(fanned, 'cost').toFixed(2)),
  Number(medianOf(fanned, 'generatorCpu').toFixed(2)),
]
