// A thousand clients drop out at once and come back, each from another place, while messages are sent: how soon all have what they
// missed, and how late those are told meanwhile who stayed. Everyone checks that nothing is missing and nothing comes twice.

import { startMeasured } from './measured.ts'
import { pause } from './pause.ts'
import { makeRoom, request } from './people.ts'
import { QuietTrials } from './quiet.ts'
import { type BenchOptions, type BenchResult, lengthsOf, print } from './result.ts'
import { type ResumeGenerator, startResumeGenerator } from './resumeLoad.ts'
import { quantile, rounded, type Summary, summary } from './samples.ts'

/** Messages a second, meanwhile. */
const rate = 100
/** At p99, as a multiple of what it is before. */
const mustOfOthers = 3
/** A guest may have fifty connections; the server may hold the old ones still when the new ones come. */
const connectionsEach = 20

interface Part {
  /** The farthest that a client is behind, in messages. */
  readonly back: number
  readonly must: { readonly seconds: number } | { readonly perSecond: number }
}

interface Lengths {
  readonly trials: number
  readonly clients: number
  readonly others: number
  readonly parts: readonly Part[]
  readonly normalMs: number
}

const full: Lengths = {
  trials: 3,
  clients: 1_000,
  others: 50,
  parts: [
    { back: 1_000, must: { seconds: 3 } },
    { back: 10_000, must: { perSecond: 300_000 } },
  ],
  normalMs: 5_000,
}
const short: Lengths = {
  trials: 1,
  clients: 200,
  others: 20,
  parts: [
    { back: 200, must: { seconds: 3 } },
    { back: 2_000, must: { perSecond: 300_000 } },
  ],
  normalMs: 1_500,
}

interface Sample {
  readonly part: Part
  readonly trial: number
  /** Messages missed, of all clients. */
  readonly missed: number
  /** Until the last one was connected, and had them. */
  readonly accepted: number
  readonly seconds: number
  /** What came twice, out of order, or not at all. */
  readonly faults: number
  readonly normal: readonly number[]
  readonly during: readonly number[]
  readonly generatorCpu: number
}

export async function run(options: BenchOptions = {}): Promise<BenchResult> {
  const lengths = lengthsOf(options, { full, short })
  const samples: Sample[] = []
  const trials = new QuietTrials()
  for (let trial = 1; trial <= lengths.trials; trial++)
    samples.push(...(await trials.run(() => runTrial(trial, lengths, options))))
  const judged = lengths.parts.map((part) => judge(part, samples))
  return {
    name: 'resume',
    columns: [
      ...['messages back', 'trial', 'missed', 'connected, s', 'all back, s', 'must', 'events/s', 'must ', 'faults'],
      ...['others p99 before', 'meanwhile', '×', 'must  ', 'generator cores', 'reached'],
    ],
    rows: judged.flatMap(({ rows }) => rows),
    reached: judged.every(({ reached }) => reached),
    note: `${lengths.clients} clients are cut off at once and come back at once, evenly from 1 to so many messages back, while ${rate} messages a second are sent. Connected: from the cut until the last one had its session; all back: until the last one has what all had missed then. Faults: what came twice, out of order, or not at all, of everyone. Others: ${lengths.others} who stay; in ms from when a message was due to be sent, in a process of their own. ${trials.note}`,
    samples: Object.assign({}, ...judged.map(({ merged }) => merged)),
  }
}

async function runTrial(trial: number, lengths: Lengths, options: BenchOptions): Promise<Sample[]> {
  const { clients, others, parts } = lengths
  await using server = await startMeasured('resume', options)
  const { roomId: room, tokens } = await makeRoom(server.graphql, Math.ceil((clients + others) / connectionsEach))
  const token = tokens[0] ?? ''
  const port = Number(new URL(server.graphql).port)
  const places = new Places({ graphql: server.graphql, room, token })
  const samples: Sample[] = []
  let messages = 0
  for (const part of parts) {
    using staying = startResumeGenerator()
    using dropping = startResumeGenerator()
    await staying.perform('open', { port, room, tokens, followers: 0, next: messages })
    await staying.perform('fill', { messages: Math.max(0, part.back - messages) })
    messages = Math.max(messages, part.back)
    await places.read()
    await staying.perform('open', { port, room, tokens, followers: others, next: messages })
    await dropping.perform('open', {
      ...{ port, room, tokens, followers: clients },
      ...{ next: messages, revision: places.revision(messages) },
    })
    const sample = await drop({ part, trial, staying, dropping, places, lengths })
    messages = places.count
    samples.push(sample)
  }
  return samples
}

interface Dropping {
  readonly part: Part
  readonly trial: number
  readonly staying: ResumeGenerator
  readonly dropping: ResumeGenerator
  readonly places: Places
  readonly lengths: Lengths
}

async function drop({ part, trial, staying, dropping, places, lengths }: Dropping): Promise<Sample> {
  const { clients, normalMs } = lengths
  await staying.perform('begin', { rate })
  await pause(normalMs / 5)
  await staying.perform('take', {})
  await pause(normalMs)
  const normal = await staying.perform('take', {})
  await places.read()
  const newest = places.count - 1
  const backs = Array.from({ length: clients }, (_, index) => 1 + Math.round((index * (part.back - 1)) / (clients - 1)))
  await staying.perform('take', {})
  const { accepted, seconds, generatorCpu } = await dropping.perform('drop', {
    newest: places.revision(newest),
    places: backs.map((back) => ({ after: places.cursor(newest - back), next: places.revision(newest - back + 1) })),
  })
  const during = await staying.perform('take', {})
  const messages = await staying.perform('end', {})
  const faults =
    (await dropping.perform('settle', { below: places.revision(messages) })) +
    (await staying.perform('settle', { below: messages }))
  await places.read()
  const missed = backs.reduce((sum, back) => sum + back, 0)
  return { part, trial, missed, accepted, seconds, faults, normal, during, generatorCpu }
}

interface LogPage {
  readonly conversation: {
    readonly events: {
      readonly cursor: string
      readonly caughtUp: boolean
      readonly events: readonly { readonly cursor: string; readonly revision?: number }[]
    }
  }
}

/** Where a feed goes on after each of the messages of the room, from its log. */
class Places {
  readonly #options: { readonly graphql: string; readonly room: string; readonly token: string }
  readonly #cursors: string[] = []
  /** Revision of the first message; nothing but messages comes after it. */
  #first = 0
  #after: string | undefined

  constructor(options: { readonly graphql: string; readonly room: string; readonly token: string }) {
    this.#options = options
  }

  /** Messages whose places are known. */
  get count(): number {
    return this.#cursors.length
  }

  /** After the message of this number, from 0. Before the first one, the log's beginning. */
  cursor(number: number): string {
    const cursor = this.#cursors[number]
    if (cursor === undefined) throw new Error(`There is no message ${number}.`)
    return cursor
  }

  /** Of the message of this number, whether or not it is there yet. */
  revision(number: number): number {
    return this.#first + number
  }

  /** @throws where something else than messages came between them */
  async read(): Promise<void> {
    const { graphql, room, token } = this.#options
    for (;;) {
      const { conversation } = await patiently<LogPage>(
        graphql,
        `query ($id: ID!, $after: FeedCursor) { conversation(id: $id) {
          events(after: $after, first: 100) { cursor caughtUp events { cursor ... on MessageSent { revision } } } } }`,
        { id: room, after: this.#after },
        { token },
      )
      const { cursor, caughtUp, events } = conversation.events
      this.#after = cursor
      for (const { cursor, revision } of events) {
        if (revision === undefined) continue
        if (this.count === 0) this.#first = revision
        if (revision !== this.revision(this.count)) throw new Error('Something else than messages came to the room.')
        this.#cursors.push(cursor)
      }
      if (caughtUp) return
    }
  }
}

/** A server that cannot answer in time is asked again. @throws as `request`, after 10 s */
async function patiently<T>(...asked: Parameters<typeof request>): Promise<T> {
  for (const until = performance.now() + 10_000; ; await pause(200))
    try {
      return await request<T>(...asked)
    } catch (error) {
      if (performance.now() > until || !String(error).includes('UNAVAILABLE')) throw error
    }
}

function judge(part: Part, samples: readonly Sample[]) {
  const own = samples.filter((one) => one.part === part)
  const all = {
    missed: own.reduce((sum, { missed }) => sum + missed, 0),
    accepted: Math.max(...own.map(({ accepted }) => accepted)),
    /** The last one of all trials must be back in time. */
    seconds: Math.max(...own.map(({ seconds }) => seconds)),
    perSecond: quantile(
      own.map(({ missed, seconds }) => missed / seconds),
      0.5,
    ),
    faults: own.reduce((sum, { faults }) => sum + faults, 0),
    normal: own.flatMap(({ normal }) => normal),
    during: own.flatMap(({ during }) => during),
  }
  const times = quantile(all.during, 0.99) / quantile(all.normal, 0.99)
  const soon = 'seconds' in part.must ? all.seconds <= part.must.seconds : all.perSecond >= part.must.perSecond
  const reached = soon && times <= mustOfOthers && all.faults === 0
  const figures = (
    one: Pick<Sample, 'missed' | 'accepted' | 'seconds' | 'faults' | 'normal' | 'during'> & {
      readonly perSecond: number
    },
  ): (string | number)[] => [
    ...[
      one.missed,
      Number(one.accepted.toFixed(2)),
      Number(one.seconds.toFixed(2)),
      'seconds' in part.must ? part.must.seconds : '',
    ],
    ...[Math.round(one.perSecond), 'perSecond' in part.must ? part.must.perSecond : '', one.faults],
    ...[one.normal, one.during].map((delays) => rounded(quantile(delays, 0.99))),
    ...[Number((quantile(one.during, 0.99) / quantile(one.normal, 0.99)).toFixed(2)), mustOfOthers],
  ]
  const rows = own.map((one) => [
    ...[part.back, one.trial, ...figures({ ...one, perSecond: one.missed / one.seconds })],
    ...[Number(one.generatorCpu.toFixed(2)), ''],
  ])
  rows.push([part.back, 'all', ...figures(all), '', reached ? 'yes' : 'NO'])
  const merged: Record<string, Summary> = {
    [`${part.back} back, before`]: summary(all.normal),
    [`${part.back} back, meanwhile`]: summary(all.during),
  }
  return { rows, reached, merged }
}

if (import.meta.main) print(await run({ quick: process.argv.includes('--quick') }))
