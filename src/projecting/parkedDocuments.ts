// The parked documents of one build: an event could not be folded into them, and what came after it is left out.

import type { Documents, RecordChange } from '../documents/port.ts'
import type { Recorded } from '../domain/events.ts'
import type { Revision } from '../eventstore/port.ts'
import {
  type Parked,
  parkedFromRecord,
  parkedKey,
  parkedPrefix,
  parkedStreamId,
  parkedToRecord,
  whatAndWhere,
} from './parking.ts'

interface Kept {
  readonly parked: Parked
  recordVersion: number
  changed: boolean
}

export class ParkedDocuments {
  readonly #projection: string
  readonly #collection: string
  readonly #kept = new Map<string, Kept>()
  readonly #news: Parked[] = []

  constructor({ projection, collection }: { readonly projection: string; readonly collection: string }) {
    this.#projection = projection
    this.#collection = collection
  }

  get size(): number {
    return this.#kept.size
  }

  get all(): readonly Parked[] {
    return [...this.#kept.values()].map(({ parked }) => parked)
  }

  /** Revision of the last event before those that were left out; undefined where the document is not parked. */
  revision(id: string, stream?: string): Revision | undefined {
    const own = this.#kept.get(id) ?? (stream === undefined ? undefined : this.#kept.get(parkedStreamId(stream)))
    return own && own.parked.fromRevision - 1
  }

  async load(documents: Documents): Promise<void> {
    const records = await documents.records(parkedPrefix(this.#collection))
    this.#kept.clear()
    for (const record of records.values()) {
      const parked = parkedFromRecord(record.value)
      this.#kept.set(parked.documentId, { parked, recordVersion: record.version, changed: false })
    }
  }

  /** Those parked since the last call. */
  takeNews(): readonly Parked[] {
    return this.#news.splice(0)
  }

  /** Counts the event where the document is parked. */
  leavesOut(id: string, event: Recorded): boolean {
    const one = this.#kept.get(id)
    if (one === undefined) return false
    if (event.revision > one.parked.throughRevision) {
      one.parked.throughRevision = event.revision
      one.parked.events += 1
      one.changed = true
    }
    return true
  }

  /** @param id undefined where it is not known which document the event goes into: then the whole stream is parked */
  park(id: string | undefined, event: Recorded, error: unknown): void {
    const parked: Parked = {
      projection: this.#projection,
      build: this.#collection,
      documentId: id ?? parkedStreamId(event.stream),
      stream: event.stream,
      fromRevision: event.revision,
      throughRevision: event.revision,
      events: 1,
      error: whatAndWhere(error),
    }
    this.#kept.set(parked.documentId, { parked, recordVersion: 0, changed: true })
    this.#news.push(parked)
  }

  /** What must be recorded of them, in the same write as their effect. */
  takeChanges(): RecordChange[] {
    const changes: RecordChange[] = []
    for (const [id, one] of this.#kept) {
      if (!one.changed) continue
      one.changed = false
      changes.push({
        key: parkedKey(this.#collection, id),
        expectedVersion: one.recordVersion++,
        value: parkedToRecord(one.parked),
      })
    }
    return changes
  }
}
