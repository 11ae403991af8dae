// How the cost of a delivery grows when a thousand subscribers have less in common: many small rooms instead of one, and more and
// more different documents. For comparison; nothing is judged.

import { type Fanned, fanOut, figureColumns, figures, full, medianOf, oneRoom, type Shape, short } from './fanning.ts'
import { QuietTrials } from './quiet.ts'
import { type BenchOptions, type BenchResult, lengthsOf, print } from './result.ts'

const alike = { ...oneRoom, windows: [8] } as const
const shapes: readonly Shape[] = [
  alike,
  { ...alike, documents: 10 },
  { ...alike, documents: 200 },
  { ...alike, rooms: 100, windows: [8, 64] },
]

export async function run(options: BenchOptions = {}): Promise<BenchResult> {
  const lengths = lengthsOf(options, { full, short })
  const samples: (Fanned & { readonly shape: Shape })[] = []
  const trials = new QuietTrials()
  for (let trial = 1; trial <= lengths.trials; trial++)
    for (const shape of shapes)
      for (const fanned of await trials.run(() => fanOut({ kind: 'parley', shape, lengths, options })))
        samples.push({ shape, ...fanned })
  const of = (shape: Shape, window: number) => samples.filter((one) => one.shape === shape && one.window === window)
  const cheapest = medianOf(of(alike, 8), 'cost')
  return {
    name: 'fanout-shapes',
    columns: ['rooms', 'documents', 'window', ...figureColumns, 'cost ×'],
    rows: shapes.flatMap((shape) =>
      shape.windows.map((window) => [
        ...[shape.rooms, shape.documents, window, ...figures(of(shape, window))],
        Number((medianOf(of(shape, window), 'cost') / cheapest).toFixed(2)),
      ]),
    ),
    reached: true,
    note: `${lengths.subscribers} subscribers, as many in each room; each room has subscribers of all documents, where there are enough. A message goes to one room; window: how many are under way in all. The cost of a delivery holds its share of storing the message and of making its frames. ${trials.note}`,
  }
}

if (import.meta.main) print(await run({ quick: process.argv.includes('--quick') }))
