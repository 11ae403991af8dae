// `fanout` with feeds of all that concerns the viewer instead of the room's own, beside those.

import { type Fanned, fanOut, figureColumns, figures, full, medianOf, oneRoom, short } from './fanning.ts'
import { QuietTrials } from './quiet.ts'
import { type BenchOptions, type BenchResult, lengthsOf, print } from './result.ts'

/** As a multiple of the deliveries a second that `fanout` has in the same run. */
const must = 0.7

const feeds = ['conversation', 'inbox'] as const
type Feed = (typeof feeds)[number]

export async function run(options: BenchOptions = {}): Promise<BenchResult> {
  const lengths = lengthsOf(options, { full, short })
  const samples: (Fanned & { readonly feed: Feed })[] = []
  const trials = new QuietTrials()
  for (let trial = 1; trial <= lengths.trials; trial++)
    for (const feed of feeds)
      for (const fanned of await trials.run(() =>
        fanOut({ kind: 'parley', shape: { ...oneRoom, feed }, lengths, options }),
      ))
        samples.push({ feed, ...fanned })
  const of = (feed: Feed, window: number) => samples.filter((one) => one.feed === feed && one.window === window)
  const rate = (feed: Feed, window: number) => medianOf(of(feed, window), 'deliveries')
  const judged = oneRoom.windows.flatMap((window) =>
    feeds.map((feed) => {
      const times = rate(feed, window) / rate('conversation', window)
      const reached = times >= must
      return {
        reached,
        row: [
          ...[`${feed}Feed`, window, ...figures(of(feed, window))],
          ...(feed === 'inbox' ? [Number(times.toFixed(2)), must, reached ? 'yes' : 'NO'] : ['', '', '']),
        ],
      }
    }),
  )
  return {
    name: 'inbox',
    columns: ['feed', 'window', ...figureColumns, '× conversationFeed', 'must', 'reached'],
    rows: judged.map(({ row }) => row),
    reached: judged.every(({ reached }) => reached),
    note: `${lengths.subscribers} subscribers with the same document, all members of the one room that messages go to. A message is under way until all have it; window: how many are. ${trials.note}`,
  }
}

if (import.meta.main) print(await run({ quick: process.argv.includes('--quick') }))
