// Events to append, and short ways to read them back.

import { randomUUID } from 'node:crypto'
import type { Delivery, EventStore, NewEvent, RecordedEvent } from '../../../src/eventstore/port.ts'

export function event(fields: Partial<NewEvent> = {}): NewEvent {
  return {
    id: randomUUID(),
    type: 'MessageSent',
    data: { number: 1 },
    body: { text: 'Good morning' },
    metadata: { actor: 'user_1' },
    ...fields,
  }
}

export const events = (count: number): NewEvent[] =>
  Array.from({ length: count }, (_, number) => event({ data: { number } }))

export async function all(pages: AsyncIterable<readonly RecordedEvent[]>): Promise<RecordedEvent[]> {
  const found: RecordedEvent[] = []
  for await (const page of pages) found.push(...page)
  return found
}

export const revisions = async (pages: AsyncIterable<readonly RecordedEvent[]>): Promise<number[]> =>
  (await all(pages)).map(({ revision }) => revision)

/** Follows the log until `enough` says so; returns what was delivered. */
export async function follow(
  store: EventStore,
  after: RecordedEvent['position'],
  enough: (events: readonly RecordedEvent[], delivery: Delivery) => boolean,
  pageSize = 500,
): Promise<RecordedEvent[]> {
  const found: RecordedEvent[] = []
  const stop = new AbortController()
  for await (const delivery of store.subscribe({ after, pageSize, signal: stop.signal })) {
    found.push(...delivery.events)
    if (enough(found, delivery)) stop.abort()
  }
  return found
}
