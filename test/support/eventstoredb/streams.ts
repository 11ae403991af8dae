// The streams of the log: where they end, what their metadata say, and how they are written.

import { randomUUID } from 'node:crypto'
import type { Position } from '../../../src/eventstore/port.ts'
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

/** One stream, as it will be once everything that is under way is durable. */
interface State {
  last: number
  tombstoned: boolean
  /** The last append; rejects when it failed. */
  tail: Promise<unknown>
}

export type Outcome =
  /** The last event is at this revision and position. */
  | { readonly kind: 'written'; readonly last: number; readonly position: Position | undefined }
  | { readonly kind: 'wrong'; readonly last: number }
  | { readonly kind: 'deleted' }

/** Ids that are remembered, with their place, to recognise repeats: the real server bounds this at 8 MB. */
const remembered = 100_000

export class Streams {
  readonly #log: ServedLog
  readonly #states = new Map<string, Promise<State>>()
  /** Id, to the stream and revision where it was written last. Empty after a restart, as the real one's is. */
  readonly #lately = new Map<string, { readonly stream: string; readonly revision: number }>()
  readonly #metadata = new Map<string, Stored | undefined>()

  constructor(log: ServedLog) {
    this.#log = log
  }

  /** @throws where the log takes nothing any more */
  async append(stream: string, events: readonly Proposed[], expected: Expected): Promise<Outcome> {
    const state = await this.#load(stream)
    const before = typeof expected === 'number' ? expected : -1
    const stood =
      before < state.last && (typeof expected === 'number' || expected === 'no_stream')
        ? await this.#idsAfter(stream, before, events.length)
        : new Map<number, string>()
    // From here to the append nothing waits: what is decided holds.
    const decision = this.#decide(stream, state, { events, expected, stood })
    switch (decision.kind) {
      case 'append': {
        const position = this.#write(stream, state, events)
        const undeleted = decision.undeletes ? this.#undelete(stream, state.last - events.length + 1) : undefined
        const last = state.last
        await undeleted
        return { kind: 'written', last, position: await position }
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

  /** Where a stream ends, and whether it was deleted for ever. */
  async end(stream: string): Promise<{ readonly last: number; readonly tombstoned: boolean }> {
    const { last, tombstoned } = await this.#load(stream)
    return { last, tombstoned: tombstoned || (await this.#originalIsTombstoned(stream)) }
  }

  /** Those of a metastream: only its newest event is shown (EventStoreDB's documentation, "Stream metadata"). */
  async metadata(stream: string): Promise<StreamMetadata> {
    if (isMetastream(stream)) return { maxCount: 1 }
    await this.#load(stream)
    return metadataOf(this.#metadata.get(stream))
  }

  #load(stream: string): Promise<State> {
    const loading = this.#states.get(stream) ?? this.#read(stream)
    this.#states.set(stream, loading)
    return loading
  }

  async #read(stream: string): Promise<State> {
    const newest = await this.#log.newest(stream)
    if (!isMetastream(stream)) {
      await this.#load(metastreamOf(stream))
      if (!this.#metadata.has(stream)) this.#metadata.set(stream, await this.#log.newest(metastreamOf(stream)))
    }
    return { last: newest?.revision ?? -1, tombstoned: newest?.tombstone ?? false, tail: Promise.resolve() }
  }

  async #originalIsTombstoned(stream: string): Promise<boolean> {
    return isMetastream(stream) && (await this.#load(originalOf(stream))).tombstoned
  }

  #decide(
    stream: string,
    { last, tombstoned }: State,
    {
      events,
      expected,
      stood,
    }: { events: readonly Proposed[]; expected: Expected; stood: ReadonlyMap<number, string> },
  ): Decision {
    const newest = this.#metadata.get(stream)
    const softDeleted = !isMetastream(stream) && isSoftDeleted(metadataOf(newest))
    const ids = events.map(({ id }) => id)
    return decide({ last, tombstoned, softDeleted, hasMetadata: newest !== undefined }, ids, expected, {
      lately: (id) => {
        const place = this.#lately.get(id)
        return place?.stream === stream ? place.revision : undefined
      },
      at: (revision) => stood.get(revision),
    })
  }

  /** Writes at the stream's end; the position is that of the last event, once it is durable. */
  #write(
    stream: string,
    state: State,
    events: readonly Proposed[],
    options: { tombstone?: true } = {},
  ): Promise<Position | undefined> {
    if (events.length === 0) return Promise.resolve(undefined)
    const at = state.last
    const appended = this.#log.append(stream, events, { at, ...options })
    for (const { id } of events) {
      state.last += 1
      this.#lately.delete(id)
      this.#lately.set(id, { stream, revision: state.last })
    }
    for (const id of this.#lately.keys()) {
      if (this.#lately.size <= remembered) break
      this.#lately.delete(id)
    }
    const newest = events.at(-1)
    if (isMetastream(stream) && newest !== undefined) {
      const place = { stream, revision: state.last, position: '' as Position, created: Date.now(), tombstone: false }
      this.#metadata.set(originalOf(stream), { ...newest, ...place })
    }
    state.tail = appended
    return appended.then(({ position }) => position)
  }

  /** A deleted stream is written again: its metadata say from which revision on. */
  async #undelete(stream: string, from: number): Promise<void> {
    await this.#setMetadata(stream, { ...objectIn(this.#metadata.get(stream)), $tb: from })
  }

  async #setMetadata(stream: string, metadata: object, text = JSON.stringify(metadata)): Promise<Position | undefined> {
    const metastream = metastreamOf(stream)
    const event = {
      id: randomUUID(),
      type: '$metadata',
      json: true,
      data: Buffer.from(text),
      metadata: Buffer.alloc(0),
    }
    return this.#write(metastream, await this.#load(metastream), [event])
  }

  async #at(stream: string, revision: number): Promise<Stored | undefined> {
    for await (const [event] of this.#log.readStream(stream, { from: revision, limit: 1 })) return event
    return undefined
  }

  async #idsAfter(stream: string, revision: number, count: number): Promise<Map<number, string>> {
    const ids = new Map<number, string>()
    for await (const page of this.#log.readStream(stream, { from: revision + 1, limit: count })) {
      for (const event of page) ids.set(event.revision, event.id)
    }
    return ids
  }

  /** Hides a stream until it is written again, or ends it for ever. */
  async delete(stream: string, expected: Expected, how: 'soft' | 'hard'): Promise<Outcome> {
    const state = await this.#load(stream)
    const decision = this.#decide(stream, state, { events: [], expected, stood: new Map() })
    if (decision.kind === 'deleted') return { kind: 'deleted' }
    if (decision.kind !== 'append') return { kind: 'wrong', last: state.last }
    if (how === 'soft') {
      const position = await this.#setMetadata(stream, {}, `{"$tb":${deletedRevision}}`)
      return { kind: 'written', last: state.last, position }
    }
    state.tombstoned = true
    const nothing = Buffer.alloc(0)
    const event = { id: randomUUID(), type: '$streamDeleted', json: false, data: nothing, metadata: nothing }
    const position = await this.#write(stream, state, [event], { tombstone: true })
    return { kind: 'written', last: state.last, position }
  }
}
