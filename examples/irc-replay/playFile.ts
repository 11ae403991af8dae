// One file from its text to its line in the table.

import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { compareHistory, compareLog, compareReading, readHistory } from './compare.ts'
import { parseLog } from './parse.ts'
import type { People } from './people.ts'
import { type LineCounts, planOf } from './plan.ts'
import { type Manner, Reader, type Reading } from './readers.ts'
import { apply, peopleNeeded, repeat, roomFor, standingOf, stepsDone } from './replay.ts'
import { expectedEvents, readLog, roomStepsOf } from './roomLog.ts'

export interface FileResult extends LineCounts {
  readonly file: string
  readonly room: string
  /** From the log's first line to its last one. */
  readonly minutes: number
  /** In the room, after the run: */
  readonly messages: number
  readonly joins: number
  readonly leaves: number
  readonly people: number
  readonly events: number
  /** Events that this run added. */
  readonly added: number
  /** Messages sent again, to be told that they are there. */
  readonly repeated: number
  readonly readers: readonly Omit<Reading, 'received' | 'disorder'>[]
  readonly differences: readonly string[]
  readonly seconds: number
}

export interface PlayOptions {
  readonly people: People
  /** Path of a log. */
  readonly file: string
  /** Begins the room's name. */
  readonly room: string
  /** Only so many lines of the log. */
  readonly lines?: number
}

const manners: readonly Manner[] = ['steady', 'dropping', 'slow']
/** For a reader to reach the end once everything is sent, ms. */
const readersTimeoutMs = 120_000

/** Replays a log, with three readers in the room, and compares what everybody saw with the file. */
export async function playFile({ people, file, room: prefix, lines }: PlayOptions): Promise<FileResult> {
  const began = performance.now()
  const name = logName(file)
  const plan = planOf(parseLog(await readFile(file, 'utf8')).slice(0, lines), name)
  const expected = expectedEvents(plan)
  const { api } = people.host
  const room = await roomFor(api, { name: `${prefix} ${name}`, slug: slugOf(`${prefix} ${name}`) })
  const before = await readLog(api, room)
  const standing = standingOf(plan, stepsDone(expected, before))
  const after = before[0]?.cursor
  if (after === undefined) throw new Error(`The room ${room.slug} has no events.`)
  await using open = new AsyncDisposableStack()
  const reading = { token: api.token ?? '', roomId: room.id, after }
  const readers = manners.map((manner, index) => {
    // They begin on different nodes, where there are some.
    const nodes = [...api.nodes.slice(index % api.nodes.length), ...api.nodes.slice(0, index % api.nodes.length)]
    return open.use(new Reader({ ...reading, nodes, manner }))
  })
  await people.signIn(plan, peopleNeeded(standing))
  const repeated = await repeat(people, room, standing, before)
  const applied = await apply(people, room, plan, standing)
  const log = await readLog(api, { ...room, position: applied.position ?? room.position })
  const readings = await Promise.all(readers.map((reader) => reader.reading(log.length - 1, readersTimeoutMs)))
  const count = (type: string) => log.filter((event) => event.__typename === type).length
  return {
    file: name,
    room: room.slug,
    ...plan.counts,
    minutes: plan.minutes,
    messages: count('MessageSent'),
    joins: count('UserJoined'),
    leaves: count('UserLeft'),
    people: new Set(roomStepsOf(plan).map(({ person }) => person)).size,
    events: log.length,
    added: log.length - before.length,
    repeated: repeated.repeated,
    readers: readings.map(({ received: _received, disorder: _disorder, ...reading }) => reading),
    differences: [
      ...repeated.differences,
      ...applied.differences,
      ...compareLog(expected, log),
      ...compareHistory(plan, await readHistory(api, room.id, applied.position)),
      ...readings.flatMap((reading) => compareReading(expected, reading)),
    ],
    seconds: (performance.now() - began) / 1000,
  }
}

/** `logs/2004-11-15_03.raw.txt` is `2004-11-15_03`. */
const logName = (file: string): string => path.basename(file).replace(/(\.raw)?\.(txt|log)$/, '')

const slugOf = (name: string): string =>
  name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 64)
    .replace(/^-|-$/g, '')
