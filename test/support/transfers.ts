// Logs to move from one place to another, and short ways to do it.

import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Documents } from '../../src/documents/port.ts'
import { openSqliteDocuments } from '../../src/documents/sqlite/open.ts'
import { keepsOnlyNewest } from '../../src/domain/streams.ts'
import type { EventStore, NewEvent, RecordedEvent } from '../../src/eventstore/port.ts'
import { openSqliteEventStore } from '../../src/eventstore/sqlite/store.ts'
import type { Census } from '../../src/transfer/census.ts'
import { type Exported, exportLog } from '../../src/transfer/exporting.ts'
import { openExport, wholeExport } from '../../src/transfer/fileEvents.ts'
import { type Imported, type ImportOptions, importLog } from '../../src/transfer/importing.ts'
import { linesOfLog } from '../../src/transfer/reading.ts'
import type { Random } from './random.ts'

export const never = new AbortController().signal

/** A folder with a log, and with the other store that an import needs. */
export class Place implements AsyncDisposable {
  readonly folder: string
  readonly store: EventStore
  #documents: Promise<Documents> | undefined

  private constructor(folder: string, store: EventStore) {
    this.folder = folder
    this.store = store
  }

  static async open(): Promise<Place> {
    const folder = await mkdtemp(join(tmpdir(), 'parley-transfer-'))
    return new Place(folder, await openSqliteEventStore({ folder, keepsOnlyNewest }))
  }

  get file(): string {
    return join(this.folder, 'log.jsonl')
  }

  documents(): Promise<Documents> {
    this.#documents ??= openSqliteDocuments({ folder: this.folder })
    return this.#documents
  }

  async all(): Promise<readonly RecordedEvent[]> {
    const events: RecordedEvent[] = []
    for await (const page of this.store.readAll()) events.push(...page)
    return events
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.store.close()
    await (await this.#documents)?.close()
    await rm(this.folder, { recursive: true })
  }
}

interface ExportingOptions {
  readonly signal?: AbortSignal
  /** Called before each part of the log is handed on. */
  readonly meanwhile?: (part: number) => Promise<void>
  readonly after?: (mark: Census['mark']) => unknown
}

export const exportFrom = (
  { store }: { readonly store: EventStore },
  path: string,
  { signal = never, meanwhile = async () => {}, after: begins = () => {} }: ExportingOptions = {},
): Promise<Exported> =>
  exportLog({
    path,
    signal,
    read: async (after, take) => {
      begins(after)
      let part = 0
      for await (const { lines } of linesOfLog({ store, after, signal })) {
        await meanwhile(part++)
        await take(lines)
      }
    },
  })

export async function importInto(
  place: Place,
  path: string,
  options: Partial<Pick<ImportOptions, 'atOnce' | 'signal' | 'onProgress'>> = {},
): Promise<Imported> {
  await using file = await openExport(path)
  const trailer = await wholeExport({ file, path, onProgress: () => {}, signal: never })
  return await importLog({
    ...{ file, path, trailer, store: place.store, documents: await place.documents() },
    ...{ atOnce: 64, signal: never, onProgress: () => {} },
    ...options,
  })
}

export const event = (fields: Partial<NewEvent> = {}): NewEvent => ({
  id: randomUUID(),
  type: 'MessageSent',
  data: { number: 1 },
  body: { text: 'Good morning' },
  metadata: { actor: 'user_1', occurredAt: '2026-01-01T00:00:00.000Z' },
  ...fields,
})

const streams = ['room-a', 'room-b', 'dm-c', 'user-1', 'session-é "漢"', 'presence-1', 'presence-2', 'read-1-room_a']
const texts = ['', 'plain', '"quoted" \\ and a\nline', 'é 漢 \u{1f375}', '\u0000\u2028\ud800', '{"end":{}}\n']

/** Appends so many groups of events to streams of all kinds; some of their bodies are forgotten afterwards. */
export async function fill(store: EventStore, random: Random, groups: number): Promise<void> {
  const forgotten: string[] = []
  for (let group = 0; group < groups; group += 1) {
    const stream = random.pick(streams)
    const events = Array.from({ length: random.between(1, 3) }, (): NewEvent => {
      const made = event({
        type: random.pick(['MessageSent', 'RoomUpdated', 'NeverHeardOf']),
        data: { number: random.between(-5, 1e6), 7: random.pick(texts), __proto__x: [null, true, { deep: 0.1 }] },
        metadata: { occurredAt: new Date(1.7e12 + group).toISOString(), note: random.pick(texts) },
      })
      const { body: _, ...bare } = made
      if (random.chance(0.2)) return bare
      if (random.chance(0.2) && !keepsOnlyNewest(stream)) forgotten.push(made.id)
      return { ...made, body: random.chance(0.1) ? {} : { text: random.pick(texts) } }
    })
    await store.append(stream, events, 'any')
  }
  await store.forget(forgotten)
}
