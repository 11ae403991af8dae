// The log of a folder that no server uses at this moment.

import { keepsOnlyNewest } from '../../src/domain/streams.ts'
import { openSqliteEventStore } from '../../src/eventstore/sqlite/store.ts'
import type { LoggedEvent } from './history.ts'

/** All events in order. @throws {CannotOpen} where the file is damaged or in use */
export async function loggedEvents(folder: string): Promise<readonly LoggedEvent[]> {
  const store = await openSqliteEventStore({ folder, keepsOnlyNewest })
  try {
    const events: LoggedEvent[] = []
    for await (const page of store.readAll({ pageSize: 2_000 }))
      for (const { metadata, position, stream, revision, id, type, data, body } of page)
        events.push({
          position,
          stream,
          revision,
          id,
          type,
          data,
          ...(body === undefined ? undefined : { body }),
          actor: metadata.actor,
          causationId: metadata.$causationId,
          occurredAt: metadata.occurredAt ?? '',
        })
    return events
  } finally {
    await store.close()
  }
}
