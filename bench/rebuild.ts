// How quickly all read models are made anew in one pass over the log, and how much memory that takes.

import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { allProjections } from '../projections/all.ts'
import type { Documents } from '../src/documents/port.ts'
import { loadEngines } from '../src/engines.ts'
import type { EventStore } from '../src/eventstore/port.ts'
import { Projecting } from '../src/projecting/projecting.ts'
import { fillWithChat } from './chatLog.ts'
import { engineRow, requireEngines } from './engines.ts'
import { type BenchOptions, type BenchResult, print } from './result.ts'

/** Events a second that must be reached. */
const target = 100_000
const trials = 3
const memoryColumns = ['MB at start', 'MB at end', 'MB at peak', 'JS heap MB at end'] as const
const megabytes = (bytes: number): number => Math.round(bytes / 1e6)

/** Opens read models that hold nothing. */
type OpenDocuments = (trial: number) => Promise<Documents>

export async function run({ quick = false, cluster = false }: BenchOptions = {}): Promise<BenchResult> {
  // Each event of the chat is an append of its own there, or a part of one, over the network.
  const events = (cluster ? 30_000 : 1_000_000) / (quick ? 10 : 1)
  const folder = await mkdtemp(join('/var/tmp', 'parley-bench-rebuild-'))
  try {
    await using stack = new AsyncDisposableStack()
    const { store, openDocuments } = await openStores(folder, stack, cluster)
    await fillWithChat(store, { events, rooms: 100, members: 50 })
    const rows: (string | number)[][] = []
    let slowest = Number.POSITIVE_INFINITY
    for (let trial = 1; trial <= trials; trial++) {
      const { row, rate } = await rebuildOnce(store, await openDocuments(trial))
      rows.push([trial, ...row])
      slowest = Math.min(slowest, rate)
    }
    const judged = `all ${allProjections.length} projections in one pass, indexes and switch included; must reach ${target} events/s`
    return {
      name: 'rebuild',
      columns: ['trial', 'events', 'seconds', 'events/s', 'CPU s', 'indexes s', ...memoryColumns],
      rows,
      reached: slowest >= target,
      note: cluster ? `${judged} on the embedded engines. ${engineRow}` : judged,
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** A log, and read models for each trial. */
async function openStores(folder: string, stack: AsyncDisposableStack, cluster: boolean) {
  const engines = cluster ? stack.use(await requireEngines()) : undefined
  const { PARLEY_EVENTSTORE, PARLEY_DOCUMENTS, PARLEY_STREAM_PREFIX } = engines?.env ?? {}
  const config = {
    data: folder,
    eventstore: PARLEY_EVENTSTORE ?? 'sqlite',
    documents: PARLEY_DOCUMENTS ?? 'sqlite',
    streamPrefix: PARLEY_STREAM_PREFIX ?? '',
  }
  const open = await loadEngines(config)
  const opened = stack.use(await open({ config, onFault: console.error }))
  const openDocuments: OpenDocuments = async (trial) => {
    if (PARLEY_DOCUMENTS === undefined) {
      const { openSqliteDocuments } = await import('../src/documents/sqlite/open.ts')
      return openSqliteDocuments({ folder: join(folder, `trial-${trial}`) })
    }
    const { openMongoDocuments } = await import('../src/documents/mongo/open.ts')
    const url = new URL(PARLEY_DOCUMENTS)
    url.pathname += `_${trial}`
    return openMongoDocuments({ url: url.href })
  }
  return { store: opened.store, openDocuments }
}

async function rebuildOnce(
  store: EventStore,
  documents: Documents,
): Promise<{ row: (string | number)[]; rate: number }> {
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
  }
}

if (import.meta.main) print(await run({ quick: process.argv.includes('--quick') }))
