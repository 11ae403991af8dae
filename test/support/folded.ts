// Read models folded in the simplest way there is, and the events that they are folded from.

import { type Projection, removed } from '../../projections/projection.ts'
import type { ParleyEvent, Recorded } from '../../src/domain/events.ts'
import { decode, isDecoded } from '../../src/eventstore/decode.ts'
import type { Position } from '../../src/eventstore/port.ts'
import type { Told } from '../fixtures/events.ts'
import { streamOfType } from '../fixtures/stored.ts'
import { asStored } from './given.ts'
import { written } from './node.ts'

/** The events as they are read from the log, one stream after the other, a second between two. */
export const logged = (events: readonly (ParleyEvent & Told)[]): Recorded[] =>
  events.map((event, revision) => {
    const stored = { ...written(asStored(event, revision)), stream: streamOfType(event.type), revision }
    const decoded = decode({ ...stored, position: `${revision}`.padStart(4, '0') as Position })
    if (!isDecoded(decoded)) throw new Error(decoded.undecodable)
    return decoded
  })

/** The simplest fold there is. */
export function folded<D extends object>(
  { documentOf, evolve }: Projection<D>,
  events: readonly Recorded[],
): Map<string, D> {
  const documents = new Map<string, D>()
  for (const event of events) {
    // The event's type has chosen both functions; TypeScript cannot see that the two go together.
    const which = documentOf[event.type] as ((event: Recorded) => string | readonly string[] | undefined) | undefined
    const fold = evolve[event.type] as unknown as (before: D | undefined, event: Recorded, id: string) => D | undefined
    const ids = which?.(event) ?? []
    for (const id of typeof ids === 'string' ? [ids] : ids) {
      const next: unknown = fold(documents.get(id), event, id)
      if (next === removed) documents.delete(id)
      else if (next !== undefined) documents.set(id, next as D)
    }
  }
  return documents
}
