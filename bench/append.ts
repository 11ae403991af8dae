// The embedded log alone, against node:sqlite on the calling thread: the same statements and transactions, with
// nothing around them. Run directly, it prints its table.

import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { EventStore, NewEvent } from '../src/eventstore/port.ts'
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
  /** Appends in one trial, about. */
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

/** Parts of a trial: engine and peer take turns, so that whatever else the machine does hits both. */
const parts = 8

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
    const ratios: number[] = []
    for (let trial = 1; trial <= 3; trial += 1) {
      const { engine, peer, commits } = await measure(shape, options.quick ? 2 : parts)
      ratios.push(engine / peer)
      const row = [Math.round(engine), Math.round(peer), (engine / peer).toFixed(2), Math.round(commits)]
      rows.push([shape.events, shape.underWay, trial, ...row])
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

/** Events a second of both, and appends in a commit of the engine. The first part of each warms up and is not counted. */
async function measure(shape: Shape, counted: number): Promise<{ engine: number; peer: number; commits: number }> {
  const folders = [makeFolder(), makeFolder()] as const
  const store = await openSqliteEventStore({ folder: folders[0], keepsOnlyNewest: () => false })
  const peer = openPeer(folders[1])
  const ms = { engine: 0, peer: 0 }
  for (let part = 0; part <= counted; part += 1) {
    const engineMs = await appendToEngine(store, shape)
    const peerMs = peer.append(shape)
    if (part === 0) continue
    ms.engine += engineMs
    ms.peer += peerMs
  }
  const { appends, commits } = store.statistics()
  await store.close()
  peer.close()
  for (const folder of folders) rmSync(folder, { recursive: true })
  const events = counted * appendsOfPart(shape) * shape.events * 1_000
  return { engine: events / ms.engine, peer: events / ms.peer, commits: appends / commits }
}

const makeFolder = (): string => mkdtempSync(join('/var/tmp', 'parley-append-'))

/** A multiple of those under way. */
const appendsOfPart = ({ appends, underWay }: Shape): number => Math.ceil(appends / parts / underWay) * underWay

/** Returns the time it took, in ms. */
async function appendToEngine(store: EventStore, shape: Shape): Promise<number> {
  const batches = Array.from({ length: appendsOfPart(shape) }, () => Array.from({ length: shape.events }, newEvent))
  let next = 0
  const sender = async () => {
    for (let mine = next++; mine < batches.length; mine = next++) {
      await store.append(`room-${mine % streams}`, batches[mine] ?? [], 'any')
    }
  }
  const began = performance.now()
  await Promise.all(Array.from({ length: shape.underWay }, sender))
  return performance.now() - began
}

function openPeer(folder: string) {
  openFile(folder, 'write').close()
  const database = new DatabaseSync(join(folder, 'log.db'))
  database.exec('PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; PRAGMA wal_autocheckpoint = 2000')
  const addEvent = database.prepare('INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?)')
  const addBody = database.prepare('INSERT INTO bodies VALUES (?, ?)')
  const begin = database.prepare('BEGIN IMMEDIATE')
  const commit = database.prepare('COMMIT')
  for (let stream = 1; stream <= streams; stream += 1)
    database.exec(`INSERT INTO streams VALUES (${stream}, ${stream})`)
  let position = 0
  /** Returns the time it took, in ms. */
  const append = (shape: Shape): number => {
    const batches = Array.from({ length: appendsOfPart(shape) }, () =>
      Array.from({ length: shape.events }, storedEvent),
    )
    const began = performance.now()
    for (let done = 0; done < batches.length; done += shape.underWay) {
      begin.run()
      for (let index = done; index < done + shape.underWay; index += 1) {
        for (const { id, type, data, body, metadata } of batches[index] ?? []) {
          position += 1
          addEvent.run(position, (index % streams) + 1, position, id, type, data, position, metadata)
          addBody.run(position, body)
        }
      }
      commit.run()
    }
    return performance.now() - began
  }
  return { append, close: () => database.close() }
}

/** A message of 120 characters, as a room gets it: its texts come out of a parser, each in one piece. */
function newEvent(): NewEvent {
  const event: NewEvent = {
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
  return JSON.parse(JSON.stringify(event)) as NewEvent // what went in
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
