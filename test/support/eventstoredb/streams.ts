// The streams of the log: where they end, what their metadata say, and how they are written.

import { randomUUID } from 'node:crypto'
import { type Position, start } from '../../../src/eventstore/port.ts'
import { type Decision, decide, type Expected } from './deciding.ts'
import type { Proposed, ServedLog, Stored } from './log.ts'
import {
  deletedRevision,
  isMetastream,
  isSoftDeleted,
  metadataOf,
  metastreamOf,
  objectIn,
  originalOf,
  type StreamMetadata,
} from './metadata.ts'
import { RecentIds } from './recentIds.ts'

/** One stream, as it will be once everything that is under way is durable. */
interface State {
  /** Revision of the last event; -1 where there never was one. */
  last: number
  tombstoned: boolean
  /** Of a metastream: what its stream's metadata are. */
  newest: Stored | undefined
  /** The last append; rejects when it failed. */
  tail: Promise<unknown>
}

export type Outcome =
  /** The last event is at this revision and position. */
  | { readonly kind: 'written'; readonly last: number; readonly position: Position | undefined }
  | { readonly kind: 'wrong'; readonly last: number }
  | { readonly kind: 'deleted' }

interface Wanted {
  readonly events: readonly Proposed[]
  readonly expected: Expected
  /** The ids that stand in the log after the expected revision, where the stream ends later. */
  readonly stood: ReadonlyMap<number, string>
}

export class Streams {
  readonly #log: ServedLog
  readonly #states = new Map<string, State>()
  readonly #loading = new Map<string, Promise<State>>()
  readonly #recent = new RecentIds()

  constructor(log: ServedLog) {
    this.#log = log
  }

  /** @throws where the log takes nothing any more */
  async append(stream: string, events: readonly Proposed[], expected: Expected): Promise<Outcome> {
    await this.#load(stream)
    const state = await this.#stateOf(stream)
    const stood = await this.#idsAfter(stream, expected, { last: state.last, count: events.length })
    // From here to the append nothing waits: what is decided holds.
    const decision = this.#decide(stream, { events, expected, stood })
    switch (decision.kind) {
      case 'append': {
        const first = state.last + 1
        const writing = [this.#write(stream, events)]
        if (decision.undeletes) writing.push(this.#undelete(stream, first))
        const last = state.last
        const [position] = await Promise.all(writing)
        return { kind: 'written', last, position }
      }
      case 'repeated': {
        await state.tail
        const found = await this.#at(stream, decision.last)
        return { kind: 'written', last: decision.last, position: found?.position }
      }
      case 'wrong':
        return { kind: 'wrong', last: state.last }
      case 'deleted':
        return { kind: 'deleted' }
      default:
        return decision satisfies never
    }
  }

  /** Hides a stream until it is written again, or ends it for ever. */
  async delete(stream: string, expected: Expected, how: 'soft' | 'hard'): Promise<Outcome> {
    await this.#load(stream)
    const state = await this.#stateOf(stream)
    const decision = this.#decide(stream, { events: [], expected, stood: new Map() })
    if (decision.kind === 'deleted') return { kind: 'deleted' }
    // There has to be something to hide (EventStore-Client-NodeJS, deleteStream.test.ts, "fails if stream doesn't exist").
    const nothing = state.last < 0 && this.#metadataOf(stream) === undefined
    if (decision.kind !== 'append' || (how === 'soft' && nothing)) return { kind: 'wrong', last: state.last }
    const last = state.last
    if (how === 'soft') {
      return { kind: 'written', last, position: await this.#setMetadata(stream, `{"$tb":${deletedRevision}}`) }
    }
    state.tombstoned = true
    const none = Buffer.alloc(0)
    const event = { id: randomUUID(), type: '$streamDeleted', json: false, data: none, metadata: none }
    return { kind: 'written', last, position: await this.#write(stream, [event], { tombstone: true }) }
  }

  /** Where a stream ends, and whether it was deleted for ever. */
  async end(stream: string): Promise<{ readonly last: number; readonly tombstoned: boolean }> {
    await this.#load(stream)
    return { last: (await this.#stateOf(stream)).last, tombstoned: this.#isTombstoned(stream) }
  }

  /** Of a metastream only the newest event is shown (the server's IndexReader.cs, `_metastreamMetadata`). */
  async metadata(stream: string): Promise<StreamMetadata> {
    if (isMetastream(stream)) return { maxCount: 1 }
    await this.#load(stream)
    return metadataOf(this.#metadataOf(stream))
  }

  /** A stream and the one that belongs to it: metadata, or what they are of. */
  async #load(stream: string): Promise<void> {
    const other = isMetastream(stream) ? originalOf(stream) : metastreamOf(stream)
    await Promise.all([this.#stateOf(stream), this.#stateOf(other)])
  }

  #stateOf(stream: string): State | Promise<State> {
    const known = this.#states.get(stream) ?? this.#loading.get(stream)
    if (known !== undefined) return known
    const loading = this.#log.newest(stream).then((newest): State => {
      const { revision: last = -1, tombstone: tombstoned = false } = newest ?? {}
      const kept = isMetastream(stream) ? newest : undefined
      const state = { last, tombstoned, newest: kept, tail: Promise.resolve() }
      this.#states.set(stream, state)
      this.#loading.delete(stream)
      return state
    })
    this.#loading.set(stream, loading)
    return loading
  }

  /** The newest metadata of a stream that is loaded. */
  #metadataOf(stream: string): Stored | undefined {
    return this.#states.get(metastreamOf(stream))?.newest
  }

  #isTombstoned(stream: string): boolean {
    const own = this.#states.get(stream)?.tombstoned === true
    return own || (isMetastream(stream) && this.#states.get(originalOf(stream))?.tombstoned === true)
  }

  #decide(stream: string, { events, expected, stood }: Wanted): Decision {
    const metadata = this.#metadataOf(stream)
    const now = {
      last: this.#states.get(stream)?.last ?? -1,
      tombstoned: this.#isTombstoned(stream),
      softDeleted: isSoftDeleted(metadataOf(metadata)),
      hasMetadata: metadata !== undefined,
    }
    const ids = events.map(({ id }) => id)
    return decide(now, ids, expected, {
      lately: (id) => this.#recent.revisionOf(stream, id),
      at: (revision) => stood.get(revision),
    })
  }

  /** Writes at the end of a stream that is loaded; the position is that of the last event, once it is durable. */
  #write(
    stream: string,
    events: readonly Proposed[],
    options: { tombstone?: true } = {},
  ): Promise<Position | undefined> {
    const state = this.#states.get(stream)
    const newest = events.at(-1)
    if (state === undefined || newest === undefined) return Promise.resolve(undefined)
    const appended = this.#log.append(stream, events, { at: state.last, ...options })
    for (const { id } of events) {
      state.last += 1
      this.#recent.add(stream, id, state.last)
    }
    if (isMetastream(stream)) {
      const place = { stream, revision: state.last, position: start, created: Date.now(), tombstone: false }
      state.newest = { ...newest, ...place }
    }
    state.tail = appended
    return appended.then(({ position }) => position)
  }

  /** A deleted stream is written again: its metadata say from which revision on. */
  #undelete(stream: string, first: number): Promise<Position | undefined> {
    return this.#setMetadata(stream, JSON.stringify({ ...objectIn(this.#metadataOf(stream)), $tb: first }))
  }

  #setMetadata(stream: string, text: string): Promise<Position | undefined> {
    const data = Buffer.from(text)
    const event = { id: randomUUID(), type: '$metadata', json: true, data, metadata: Buffer.alloc(0) }
    return this.#write(metastreamOf(stream), [event])
  }

  async #at(stream: string, revision: number): Promise<Stored | undefined> {
    for await (const [event] of this.#log.readStream(stream, { from: revision, limit: 1 })) return event
    return undefined
  }

  async #idsAfter(
    stream: string,
    expected: Expected,
    { last, count }: { last: number; count: number },
  ): Promise<ReadonlyMap<number, string>> {
    const ids = new Map<number, string>()
    const revision = expected === 'no_stream' ? -1 : expected
    if (typeof revision !== 'number' || revision >= last) return ids
    for await (const page of this.#log.readStream(stream, { from: revision + 1, limit: count })) {
      for (const event of page) ids.set(event.revision, event.id)
    }
    return ids
  }
}
