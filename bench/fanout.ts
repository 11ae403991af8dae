// A room with a thousand subscribers who ask the same: deliveries a second, and what each costs the server. Parley stores each
// message durably before it is delivered; the peers store nothing.

import type { Kind } from './dialogues.ts'
import { type Fanned, fanOut, figureColumns, figures, full, medianOf, oneRoom, short } from './fanning.ts'
import { hasFlaskSocketIo, installPeers } from './peer.ts'
import { QuietTrials } from './quiet.ts'
import { type BenchOptions, type BenchResult, lengthsOf, print } from './result.ts'

/** What Parley must reach, as a multiple of each peer's deliveries a second. */
const musts: Readonly<Record<number, Partial<Record<Kind, number>>>> = {
  8: { rawWs: 3, socketIo: 4, graphqlWs: 15 },
  1: { socketIo: 1.5 },
}
const titles: Readonly<Record<Kind, string>> = {
  parley: 'Parley',
  rawWs: 'raw ws',
  socketIo: 'Socket.IO 4',
  graphqlWs: 'graphql-ws, Yoga pubsub',
  mercurius: 'Mercurius',
  flaskSocketIo: 'Flask-SocketIO',
}

interface Sample extends Fanned {
  readonly kind: Kind
}

export async function run(options: BenchOptions = {}): Promise<BenchResult> {
  installPeers()
  const lengths = lengthsOf(options, { full, short })
  const kinds: readonly Kind[] = [
    ...(['parley', 'rawWs', 'socketIo', 'graphqlWs', 'mercurius'] as const),
    ...(hasFlaskSocketIo() ? (['flaskSocketIo'] as const) : []),
  ]
  const samples: Sample[] = []
  const trials = new QuietTrials()
  for (let trial = 1; trial <= lengths.trials; trial++)
    for (const kind of kinds)
      for (const fanned of await trials.run(() => fanOut({ kind, shape: oneRoom, lengths, options })))
        samples.push({ kind, ...fanned })
  const judged = oneRoom.windows.flatMap((window) => kinds.map((kind) => judge(samples, kind, window)))
  return {
    name: 'fanout',
    columns: ['server', 'window', ...figureColumns, 'Parley ×', 'must', 'reached'],
    rows: judged.map(({ row }) => row),
    reached: judged.every(({ reached }) => reached),
    note: `${lengths.subscribers} subscribers of one room with the same document. A message is under way until all have it; window: how many are. Parley's are durable first. Where the generator used about one core, it was the bottleneck. ${trials.note}`,
  }
}

function judge(samples: readonly Sample[], kind: Kind, window: number): { reached: boolean; row: (string | number)[] } {
  const of = (wanted: Kind) => samples.filter((one) => one.kind === wanted && one.window === window)
  const times = medianOf(of('parley'), 'deliveries') / medianOf(of(kind), 'deliveries')
  const must = kind === 'parley' ? undefined : musts[window]?.[kind]
  const reached = must === undefined || times >= must
  return {
    reached,
    row: [
      ...[titles[kind], window, ...figures(of(kind))],
      ...[kind === 'parley' ? '' : Number(times.toFixed(2)), must ?? ''],
      must === undefined ? '' : reached ? 'yes' : 'NO',
    ],
  }
}

if (import.meta.main) print(await run({ quick: process.argv.includes('--quick') }))
