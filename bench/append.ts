// The embedded log alone, against node:sqlite on the calling thread: the same statements and transactions, with
// nothing around them. Run directly, it prints its table.

import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { NewEvent } from '../src/eventstore/port.ts'
import { openFile } from '../src/eventstore/sqlite/schema.ts'
import { openSqliteEventStore } from '../src/eventstore/sqlite/store.ts'

/** Ratio to the peer that must be reached. */
const wanted = 0.7
const streams = 16

interface Shape {
  /** Events in one append. */
  readonly events: number
  /** Appends under way at a time. */
  readonly underWay: number
  /** Appends in one trial. */
  readonly appends: number
}

const shapes: readonly Shape[] = [
  { events: 1, underWay: 1, appends: 2_000 },
  { events: 10, underWay: 1, appends: 1_000 },
  { events: 100, underWay: 1, appends: 300 },
  { events: 1, underWay: 64, appends: 16_384 },
  { events: 10, underWay: 64, appends: 4_096 },
  { events: 100, underWay: 64, appends: 512 },
]

/** Three trials of each shape; the ratio is events a second of the engine to those of the peer. */
export async function run(options: { quick?: boolean }): Promise<{
  name: string
  columns: string[]
  rows: (string | number)[][]
  reached: boolean
  note?: string
}> {
  const rows: (string | number)[][] = []
  let reached = true
  for (const shape of shapes) {
    const { events, underWay } = shape
    const appends = options.quick ? Math.max(underWay, Math.ceil(shape.appends / 10)) : shape.appends
    const ratios: number[] = []
    for (let trial = 1; trial <= 3; trial += 1) {
      const peer = trial % 2 === 0 ? undefined : measurePeer({ ...shape, appends })
      const engine = await measureEngine({ ...shape, appends })
      const base = peer ?? measurePeer({ ...shape, appends })
      const ratio = engine.perSecond / base
      ratios.push(ratio)
      const perCommit = Math.round(engine.appends / engine.commits)
      rows.push([events, underWay, trial, Math.round(engine.perSecond), Math.round(base), ratio.toFixed(2), perCommit])
    }
    reached &&= (ratios.toSorted((a, b) => a - b)[1] ?? 0) >= wanted
  }
  return {
    name: 'append',
    columns: ['events', 'under way', 'trial', 'engine events/s', 'node:sqlite events/s', 'ratio', 'appends/commit'],
    rows,
    reached,
    note: `The median ratio of each shape must reach ${wanted}. The peer puts all appends under way into one transaction.`,
  }
}

function inFolder<T>(work: (folder: string) => T): T {
  const folder = mkdtempSync(join('/var/tmp', 'parley-append-'))
  const remove = () => rmSync(folder, { recursive: true })
  const result = work(folder)
  if (result instanceof Promise) return result.finally(remove) as T // a promise of the same
  remove()
  return result
}

function measureEngine({ events, underWay, appends }: Shape) {
  return inFolder(async (folder) => {
    const store = await openSqliteEventStore({ folder, keepsOnlyNewest: () => false })
    const batches = Array.from({ length: appends }, () => Array.from({ length: events }, newEvent))
    let next = 0
    const sender = async () => {
      for (let mine = next++; mine < appends; mine = next++) {
        const batch = batches[mine]
        if (batch !== undefined) await store.append(`room-${mine % streams}`, batch, 'any')
      }
    }
    const began = performance.now()
    await Promise.all(Array.from({ length: underWay }, sender))
    const seconds = (performance.now() - began) / 1_000
    const statistics = store.statistics()
    await store.close()
    return { perSecond: (appends * events) / seconds, ...statistics }
  })
}

function measurePeer({ events, underWay, appends }: Shape): number {
  return inFolder((folder) => {
    openFile(folder, 'write').close()
    const database = new DatabaseSync(join(folder, 'log.db'))
    database.exec('PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; PRAGMA wal_autocheckpoint = 2000')
    const addEvent = database.prepare('INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?)')
    const addBody = database.prepare('INSERT INTO bodies VALUES (?, ?)')
    const begin = database.prepare('BEGIN IMMEDIATE')
    const commit = database.prepare('COMMIT')
    for (let stream = 1; stream <= streams; stream += 1)
      database.exec(`INSERT INTO streams VALUES (${stream}, ${stream})`)
    const batches = Array.from({ length: appends }, () => Array.from({ length: events }, storedEvent))
    const revisions = new Array<number>(streams).fill(-1)
    let position = 0
    const began = performance.now()
    for (let done = 0; done < appends; done += underWay) {
      begin.run()
      for (let append = done; append < Math.min(done + underWay, appends); append += 1) {
        const stream = append % streams
        for (const { id, type, data, body, metadata } of batches[append] ?? []) {
          position += 1
          const revision = (revisions[stream] ?? -1) + 1
          revisions[stream] = revision
          addEvent.run(position, stream + 1, revision, id, type, data, position, metadata)
          addBody.run(position, body)
        }
      }
      commit.run()
    }
    const seconds = (performance.now() - began) / 1_000
    database.close()
    return (appends * events) / seconds
  })
}

/** A message of 120 characters, as a room gets it. */
function newEvent(): NewEvent {
  return {
    id: randomUUID(),
    type: 'MessageSent',
    data: { number: 123_456, clientMessageId: 'a-key-of-the-sender', mentions: [] },
    body: { text: 'x'.repeat(120), contentHash: 'h'.repeat(43) },
    metadata: {
      actor: 'user_0192f3c4-5f5f-7bbb-8ccc-123456789012',
      occurredAt: '2026-11-21T12:00:00.000Z',
      schemaVersion: '1',
      $correlationId: '0192f3c4-aaaa-7bbb-8ccc-123456789012',
    },
  }
}

function storedEvent() {
  const { id, type, data, body, metadata } = newEvent()
  return {
    id: Buffer.from(id.replaceAll('-', ''), 'hex'),
    type,
    data: JSON.stringify(data),
    body: JSON.stringify(body),
    metadata: JSON.stringify(metadata),
  }
}

if (import.meta.main) {
  const { columns, rows, reached, note } = await run({ quick: process.argv.includes('--quick') })
  console.table(rows.map((row) => Object.fromEntries(columns.map((column, index) => [column, row[index]]))))
  console.log(note)
  console.log(reached ? 'reached' : 'NOT reached')
}
