// What the server keeps: the embedded log, through its port, with the raw bytes of EventStoreDB's events inside of its
// JSON.
//
// The port's own rules are stricter than the real server's in one point: an id stands in a stream once. So each event
// gets a fresh id there, and the id that the client gave is part of what is stored; what is recognised as a repeat is
// decided in deciding.ts. Nothing is ever deleted: the real server hides what is truncated, expired or deleted until
// somebody scavenges, and until then still shows it in `$all`; so does this one.

import { randomUUID } from 'node:crypto'
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  type Appended,
  type Delivery,
  maxAppendBytes,
  type NewEvent,
  type Position,
  type ReadAllOptions,
  type RecordedEvent,
} from '../../../src/eventstore/port.ts'
import { openSqliteEventStore, type SqliteEventStore } from '../../../src/eventstore/sqlite/store.ts'

/** An event as a client sends it. */
export interface Proposed {
  /** A lower-case UUID. */
  readonly id: string
  readonly type: string
  /** Whether its content type is JSON; the data are bytes either way. */
  readonly json: boolean
  readonly data: Uint8Array
  readonly metadata: Uint8Array
}

export interface Stored extends Proposed {
  readonly stream: string
  readonly revision: number
  readonly position: Position
  /** ms since 1970 */
  readonly created: number
  /** The last event of a stream that was deleted for ever. */
  readonly tombstone: boolean
}

/** What is kept of an event in the data of the embedded log's. Bytes are base64. */
interface Kept {
  readonly id: string
  readonly json: boolean
  readonly created: number
  readonly tombstone?: true
  readonly data?: string
  readonly metadata?: string
  /** Data and metadata are in a file of this name: they were too large for the embedded log once written as base64. */
  readonly file?: string
}

/** Leaves room for what stands around the bytes. */
const largest = maxAppendBytes - 65_536

export class ServedLog {
  readonly #store: SqliteEventStore
  readonly #files: string

  private constructor(store: SqliteEventStore, files: string) {
    this.#store = store
    this.#files = files
  }

  /** Made where it is absent. */
  static async open(folder: string): Promise<ServedLog> {
    const store = await openSqliteEventStore({ folder, keepsOnlyNewest: () => false })
    const files = join(folder, 'large')
    mkdirSync(files, { recursive: true })
    return new ServedLog(store, files)
  }

  /** Resolves once the events are durable. `at` is the revision of the stream's end, -1 where it is absent. */
  append(
    stream: string,
    events: readonly Proposed[],
    { at, tombstone }: { at: number; tombstone?: true },
  ): Promise<Appended> {
    const created = Date.now()
    const bytes = events.reduce((sum, { data, metadata, type }) => sum + data.length + metadata.length + type.length, 0)
    const large = (bytes * 4) / 3 + events.length * 250 > largest
    const written = events.map(({ id, type, json, data, metadata }): NewEvent => {
      const payload = { data: base64(data), metadata: base64(metadata) }
      const bare = { id, json, created, ...(tombstone ? { tombstone } : undefined) }
      const kept: Kept = large ? { ...bare, file: this.#file(payload) } : { ...bare, ...payload }
      return { id: randomUUID(), type, data: { ...kept }, metadata: {} }
    })
    return this.#store.append(stream, written, at === -1 ? 'none' : at)
  }

  async *readStream(
    stream: string,
    options: { from?: number; backwards?: boolean; limit?: number; pageSize?: number; signal?: AbortSignal },
  ): AsyncGenerator<readonly Stored[]> {
    const { backwards = false, ...rest } = options
    const direction = backwards ? 'backwards' : 'forwards'
    for await (const page of this.#store.readStream(stream, { ...rest, direction })) {
      yield page.map((event) => this.#stored(event))
    }
  }

  async *readAll(options: ReadAllOptions): AsyncGenerator<readonly Stored[]> {
    for await (const page of this.#store.readAll(options)) yield page.map((event) => this.#stored(event))
  }

  async *subscribe(options: {
    after: Position
    signal: AbortSignal
  }): AsyncGenerator<Omit<Delivery, 'events'> & { readonly events: readonly Stored[] }> {
    for await (const delivery of this.#store.subscribe(options)) {
      yield { ...delivery, events: delivery.events.map((event) => this.#stored(event)) }
    }
  }

  /** The newest event of a stream. */
  async newest(stream: string): Promise<Stored | undefined> {
    for await (const [event] of this.readStream(stream, { backwards: true, limit: 1 })) return event
    return undefined
  }

  end(): Promise<Position> {
    return this.#store.end()
  }

  close(): Promise<void> {
    return this.#store.close()
  }

  /** Durable when it returns. */
  #file(payload: { data: string; metadata: string }): string {
    const name = randomUUID()
    const file = openSync(join(this.#files, name), 'w')
    writeFileSync(file, JSON.stringify(payload))
    fsyncSync(file)
    closeSync(file)
    const folder = openSync(this.#files, 'r')
    fsyncSync(folder)
    closeSync(folder)
    return name
  }

  #stored(event: RecordedEvent): Stored {
    const { stream, revision, position, type } = event
    const kept = event.data as unknown as Kept // only `append` above writes this log
    const payload = kept.file === undefined ? kept : this.#read(kept.file)
    return {
      ...{ stream, revision, position, type, id: kept.id, json: kept.json, created: kept.created },
      data: Buffer.from(payload.data ?? '', 'base64'),
      metadata: Buffer.from(payload.metadata ?? '', 'base64'),
      tombstone: kept.tombstone === true,
    }
  }

  #read(name: string): Pick<Kept, 'data' | 'metadata'> {
    return JSON.parse(readFileSync(join(this.#files, name), 'utf8'))
  }
}

const base64 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64')
