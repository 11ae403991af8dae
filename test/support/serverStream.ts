// Events of a newer version in the stream of the server, put there while no server uses the folder.

import { newUuid } from '../../src/commands/occasion.ts'
import { keepsOnlyNewest } from '../../src/domain/streams.ts'
import { metadataOf } from '../../src/eventstore/decode.ts'
import { openSqliteEventStore } from '../../src/eventstore/sqlite/store.ts'
import { clock } from '../fixtures/people.ts'

/** @returns the ids of the events, in order */
export async function plantInServerStream(folder: string, count: number): Promise<readonly string[]> {
  const store = await openSqliteEventStore({ folder, keepsOnlyNewest })
  const ids = Array.from({ length: count }, () => newUuid())
  const metadata = metadataOf({ occurredAt: clock(0), correlationId: newUuid(), causationId: newUuid() })
  try {
    await store.append(
      'server',
      ids.map((id) => ({ id, type: 'FromTheFuture', data: {}, metadata })),
      'any',
    )
  } finally {
    await store.close()
  }
  return ids
}
