// The state of one stream: read from a snapshot and the events after it, and carried on from there.

import type { Documents } from '../documents/port.ts'
import type { ParleyEvent, Recorded } from '../domain/events.ts'
import type { DateTime } from '../domain/ids.ts'
import { decode, isDecoded } from '../eventstore/decode.ts'
import type { EventStore, Position, RecordedEvent, Revision } from '../eventstore/port.ts'
import { start } from '../eventstore/port.ts'
import type { Aggregate } from './aggregate.ts'

export interface StreamState<State> {
  readonly state: State
  /** Revision of the newest event folded; −1 where the stream is absent. */
  readonly revision: number
  /** Position of that event. */
  readonly position: Position
  /** Its id; empty where the stream is absent. */
  readonly eventId: string
  /** When it occurred. */
  readonly occurredAt: DateTime | undefined
}

export const absent = <State>(initial: State): StreamState<State> => ({
  state: initial,
  revision: -1,
  position: start,
  eventId: '',
  occurredAt: undefined,
})

/** Folds one stored event. What cannot be decoded, or is not of this aggregate, moves only the place. */
export function fold<State, E extends ParleyEvent>(
  aggregate: Aggregate<State, E>,
  before: StreamState<State>,
  event: RecordedEvent,
): StreamState<State> {
  const decoded = decode(event)
  return {
    state:
      isDecoded(decoded) && aggregate.types.has(decoded.type)
        ? // `types` has just said that the event is one of the aggregate's.
          aggregate.evolve(before.state, decoded as E & Recorded)
        : before.state,
    revision: event.revision,
    position: event.position,
    eventId: event.id,
    occurredAt: (event.metadata.occurredAt as DateTime | undefined) ?? before.occurredAt,
  }
}

const collection = 'snapshots'

interface SnapshotDocument {
  readonly aggregate: string
  readonly stateVersion: number
  readonly eventId: string
  readonly occurredAt: DateTime
  readonly state: { readonly [key: string]: unknown }
}

/** Reads and writes snapshots. They only save time: whatever does not fit the log is ignored. */
export class Snapshots {
  readonly #store: EventStore
  readonly #documents: Documents

  constructor(store: EventStore, documents: Documents) {
    this.#store = store
    this.#documents = documents
  }

  async open(): Promise<void> {
    await this.#documents.createCollection(collection)
  }

  async read<State, E extends ParleyEvent>(
    aggregate: Aggregate<State, E>,
    stream: string,
  ): Promise<StreamState<State> | undefined> {
    if (!aggregate.snapshot) return undefined
    const [stored] = await this.#documents.get<SnapshotDocument>(collection, [stream])
    if (!stored) return undefined
    const { revision, position, document } = stored
    if (document.aggregate !== aggregate.name || document.stateVersion !== aggregate.snapshot.version) return undefined
    for await (const page of this.#store.readStream(stream, { from: revision, limit: 1 }))
      if (page[0]?.revision === revision && page[0].id === document.eventId)
        return {
          state: aggregate.snapshot.read(document.state),
          revision,
          position,
          eventId: document.eventId,
          occurredAt: document.occurredAt,
        }
    return undefined
  }

  async write<State, E extends ParleyEvent>(
    aggregate: Aggregate<State, E>,
    stream: string,
    at: StreamState<State>,
  ): Promise<void> {
    const state = aggregate.snapshot?.write(at.state)
    if (!aggregate.snapshot || !state || at.occurredAt === undefined) return
    const document: SnapshotDocument = {
      aggregate: aggregate.name,
      stateVersion: aggregate.snapshot.version,
      eventId: at.eventId,
      occurredAt: at.occurredAt,
      state,
    }
    await this.#documents.write([
      { collection, id: stream, revision: at.revision, position: at.position, document: { ...document } },
    ])
  }

  /** All of them, in pages of names, for `verify`. */
  async *streams(): AsyncGenerator<string> {
    for await (const page of this.#documents.scan(collection)) for (const { id } of page) yield id
  }

  /** Loads a stream's state: the snapshot, if it fits, and what came after it. `onEvent` sees the events read. */
  async load<State, E extends ParleyEvent>(
    aggregate: Aggregate<State, E>,
    stream: string,
    onEvent?: (event: RecordedEvent) => void,
  ): Promise<StreamState<State>> {
    const from = (await this.read(aggregate, stream)) ?? absent(aggregate.initial)
    return await this.advance(aggregate, stream, from, onEvent)
  }

  /** Carries a state on to the stream's present end. */
  async advance<State, E extends ParleyEvent>(
    aggregate: Aggregate<State, E>,
    stream: string,
    from: StreamState<State>,
    onEvent?: (event: RecordedEvent) => void,
  ): Promise<StreamState<State>> {
    let at = from
    for await (const page of this.#store.readStream(stream, { from: from.revision + 1 }))
      for (const event of page) {
        at = fold(aggregate, at, event)
        onEvent?.(event)
      }
    return at
  }
}

/** Folds the stream again, without a snapshot: what `verify` compares a snapshot with. */
export async function freshState<State, E extends ParleyEvent>(
  store: EventStore,
  aggregate: Aggregate<State, E>,
  stream: string,
  through: Revision,
): Promise<StreamState<State>> {
  let at = absent(aggregate.initial)
  for await (const page of store.readStream(stream, { limit: through + 1 }))
    for (const event of page) at = fold(aggregate, at, event)
  return at
}
