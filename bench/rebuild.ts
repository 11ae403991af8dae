// How quickly all read models are made anew in one pass over the log, and how much memory that takes.

import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { allProjections } from '../projections/all.ts'
import { openSqliteDocuments } from '../src/documents/sqlite/open.ts'
import { keepsOnlyNewest } from '../src/domain/streams.ts'
import type { EventStore } from '../src/eventstore/port.ts'
import { openSqliteEventStore } from '../src/eventstore/sqlite/store.ts'
import { Projecting } from '../src/projecting/projecting.ts'
import { fillWithChat } from './chatLog.ts'

export interface Table {
  readonly name: string
  readonly columns: string[]
  readonly rows: (string | number)[][]
  readonly reached: boolean
  readonly note?: string
}

/** Events a second that must be reached. */
const target = 100_000
const trials = 3
const memoryColumns = ['MB at start', 'MB at end', 'MB at peak', 'JS heap MB at end'] as const
const megabytes = (bytes: number): number => Math.round(bytes / 1e6)

export async function run({ quick = false }: { readonly quick?: boolean } = {}): Promise<Table> {
  const events = quick ? 100_000 : 1_000_000
  const folder = await mkdtemp(join('/var/tmp', 'parley-bench-rebuild-'))
  try {
    const store = await openSqliteEventStore({ folder, keepsOnlyNewest })
    const rows: (string | number)[][] = []
    let slowest = Number.POSITIVE_INFINITY
    try {
      await fillWithChat(store, { events, rooms: 100, members: 50 })
      for (let trial = 1; trial <= trials; trial++) {
        const { row, rate } = await rebuildOnce(store, join(folder, `trial-${trial}`))
        rows.push([trial, ...row])
        slowest = Math.min(slowest, rate)
      }
    } finally {
      await store.close()
    }
    return {
      name: 'rebuild',
      columns: ['trial', 'events', 'seconds', 'events/s', 'CPU s', 'indexes s', ...memoryColumns],
      rows,
      reached: slowest >= target,
      note: `all ${allProjections.length} projections in one pass, indexes and switch included; must reach ${target} events/s`,
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function rebuildOnce(store: EventStore, folder: string): Promise<{ row: (string | number)[]; rate: number }> {
  const documents = await openSqliteDocuments({ folder })
  const logger = { info: () => {}, warn: console.warn, error: console.error }
  const projecting = new Projecting({ store, documents, projections: allProjections, logger })
  const createIndexes = documents.createIndexes.bind(documents)
  let indexing = 0
  documents.createIndexes = async (...args) => {
    const from = performance.now()
    await createIndexes(...args)
    indexing += performance.now() - from
  }
  const memoryBefore = process.memoryUsage.rss()
  let peak = memoryBefore
  const sampling = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage.rss())
  }, 50)
  try {
    const from = performance.now()
    const cpuBefore = process.cpuUsage()
    await projecting.open({ fresh: true })
    const [result] = await projecting.rebuild('all')
    const seconds = (performance.now() - from) / 1_000
    // Of all threads: where the machine's other guests slow it down, this is as much more as the seconds are.
    const { user, system } = process.cpuUsage(cpuBefore)
    const folded = result?.events ?? 0
    const { rss, heapTotal } = process.memoryUsage()
    const memory = [memoryBefore, rss, peak, heapTotal].map(megabytes)
    const rate = folded / seconds
    const times = [
      seconds.toFixed(2),
      Math.round(rate),
      ((user + system) / 1e6).toFixed(2),
      (indexing / 1_000).toFixed(2),
    ]
    return { row: [folded, ...times, ...memory], rate }
  } finally {
    clearInterval(sampling)
    await projecting.close()
    await documents.close()
    await rm(folder, { recursive: true, force: true })
  }
}

if (import.meta.main) {
  const { columns, rows, note, reached } = await run({ quick: process.argv.includes('--quick') })
  console.table(rows.map((row) => Object.fromEntries(columns.map((column, index) => [column, row[index]]))))
  console.log(`${note}: ${reached ? 'reached' : 'NOT reached'}`)
}
