// A page of 50 messages from rooms of 10⁴, 10⁵ and 10⁶, through the documents port, beside the same SELECT without it.

import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Documents, Query } from '../src/documents/port.ts'
import { openSqliteDocuments } from '../src/documents/sqlite/open.ts'
import { findSql } from '../src/documents/sqlite/query.ts'
import type { Position } from '../src/eventstore/port.ts'

export interface BenchResult {
  readonly name: string
  readonly columns: string[]
  readonly rows: (string | number)[][]
  readonly reached: boolean
  readonly note?: string
}

const collection = 'messages_v1_1'
const pageSize = 50
const trials = 3
const batch = 10_000

/** @param options quick: a tenth of the messages and of the pages, to see that it runs */
export async function run(options: { quick?: boolean } = {}): Promise<BenchResult> {
  const sizes = options.quick ? [1_000, 10_000, 100_000] : [10_000, 100_000, 1_000_000]
  const pages = options.quick ? 200 : 2_000
  const folder = await mkdtemp('/var/tmp/parley-history-')
  try {
    const documents = await openSqliteDocuments({ folder })
    const filled = await fill(documents, sizes)
    const rows: (string | number)[][] = []
    const bare = openBare(folder)
    const worst = new Map<string, number>()
    const ratios = new Map<string, number[]>()
    for (let trial = 1; trial <= trials; trial++) {
      const samples = await measure(documents, bare, sizes, pages)
      for (const { size, place, port, select } of samples) {
        const ratio = quantile(port, 0.99) / quantile(select, 0.99)
        const ofRoom = `${place} ${size}`
        ratios.set(ofRoom, [...(ratios.get(ofRoom) ?? []), ratio])
        worst.set(`${trial} ${place} ${size}`, quantile(port, 0.99))
        rows.push([trial, place, size, us(port, 0.5), us(port, 0.99), us(select, 0.5), us(select, 0.99), round(ratio)])
      }
    }
    bare.close()
    await documents.close()
    const growth = growths(worst, sizes)
    // The median of the trials, room by room: one trial's p99 is 20 pages, which anything else on the machine can hit.
    const beside = Math.max(...[...ratios.values()].map(median))
    return {
      name: 'history',
      columns: ['trial', 'place', 'messages', 'p50 µs', 'p99 µs', 'SELECT p50 µs', 'SELECT p99 µs', 'p99 ÷ SELECT'],
      rows,
      reached: median(growth) <= 1.2 && beside <= 3,
      note:
        `p99 in the largest room ÷ in the smallest, by trial and place: ${growth.map(round).join(', ')} (median at most 1.2); ` +
        `p99 ÷ SELECT, median of the trials, in the worst room ${round(beside)} (at most 3). Filled at ${Math.round(filled)} documents/s before indexes.`,
    }
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** Documents a second. */
async function fill(documents: Documents, sizes: readonly number[]): Promise<number> {
  await documents.createCollection(collection)
  const begun = performance.now()
  let position = 0
  let before = Promise.resolve()
  for (const size of sizes) {
    for (let first = 0; first < size; first += batch) {
      const writes = Array.from({ length: Math.min(batch, size - first) }, (_, n) => {
        const at = String(++position).padStart(16, '0') as Position
        return {
          collection,
          id: `message_${randomUUID()}`,
          revision: 0,
          position: at,
          document: message(size, first + n),
        }
      })
      // The next batch is made while this one is written.
      await before
      before = documents.write(writes)
    }
  }
  await before
  const rate = (position / (performance.now() - begun)) * 1000
  await documents.createIndexes(collection, [{ conversationId: 1, revision: -1 }])
  return rate
}

function message(size: number, number: number) {
  return {
    conversationId: roomOf(size),
    number: number + 1,
    revision: number,
    authorId: `user_${randomUUID()}`,
    text: 'A message of the usual length, which says nothing much. '.repeat(3).slice(0, 140),
    sentAt: new Date(1_700_000_000_000 + number * 1000).toISOString(),
    editedAt: null,
    deleted: false,
    threadRootId: null,
    reactions: {},
    mentions: [],
  }
}

const roomOf = (size: number) => `room_00000000-0000-4000-8000-${String(size).padStart(12, '0')}`

interface Samples {
  readonly size: number
  readonly place: 'end' | 'middle'
  /** In ms. */
  readonly port: number[]
  /** In ms. */
  readonly select: number[]
}

/** Rooms, places, the port and the SELECT take turns, so that whatever else the machine does hits all of them. */
async function measure(documents: Documents, bare: Bare, sizes: readonly number[], pages: number): Promise<Samples[]> {
  const samples: Samples[] = sizes.flatMap((size): Samples[] => [
    { size, place: 'end', port: [], select: [] },
    { size, place: 'middle', port: [], select: [] },
  ])
  for (let page = -100; page < pages; page++) {
    for (const { size, place, port, select } of samples) {
      const query = pageOf(size, place)
      const begun = performance.now()
      const found = await documents.find(collection, query)
      const between = performance.now()
      const rows = bare.find(query)
      const ended = performance.now()
      if (found.length !== pageSize || rows.length !== pageSize) throw new Error('A page was not full.')
      if (page < 0) continue
      port.push(between - begun)
      select.push(ended - between)
    }
  }
  return samples
}

/** The last 50, or 50 before a random message in the middle half. */
function pageOf(size: number, place: 'end' | 'middle'): Query {
  const before = place === 'end' ? size : Math.floor(size * (0.25 + Math.random() / 2))
  return {
    filter: { conversationId: roomOf(size), revision: { $lt: before } },
    sort: { revision: -1 },
    limit: pageSize,
  }
}

interface Bare {
  find(query: Query): readonly unknown[]
  close(): void
}

/** The same statement, prepared once, and nothing but `JSON.parse` around it. */
function openBare(folder: string): Bare {
  const database = new DatabaseSync(join(folder, 'documents.db'), { readOnly: true })
  database.exec('PRAGMA cache_size = -16384')
  const any = findSql(collection, pageOf(1000, 'end'))
  const statement = database.prepare(any.sql.replace('alive() AND ', ''))
  return {
    find: (query) => statement.all(...findSql(collection, query).parameters).map((row) => JSON.parse(String(row.doc))),
    close: () => database.close(),
  }
}

function quantile(samples: readonly number[], q: number): number {
  const sorted = samples.toSorted((a, b) => a - b)
  return sorted[Math.floor(q * (sorted.length - 1))] ?? Number.NaN
}

function growths(p99: ReadonlyMap<string, number>, sizes: readonly number[]): number[] {
  return Array.from({ length: trials }, (_, trial) =>
    ['end', 'middle'].map((place) => {
      const of = (size: number | undefined) => p99.get(`${trial + 1} ${place} ${size}`) ?? Number.NaN
      return of(sizes.at(-1)) / of(sizes[0])
    }),
  ).flat()
}

const us = (samples: readonly number[], q: number) => Math.round(quantile(samples, q) * 1000)
const round = (n: number) => Math.round(n * 100) / 100
const median = (numbers: readonly number[]) => quantile(numbers, 0.5)

if (import.meta.main) {
  const { columns, rows, reached, note } = await run({ quick: process.argv.includes('--quick') })
  console.table(rows.map((row) => Object.fromEntries(columns.map((column, i) => [column, row[i]]))))
  console.log(note)
  console.log(reached ? 'reached' : 'NOT reached')
}
