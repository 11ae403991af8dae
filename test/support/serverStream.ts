// Events of a newer version in the stream of the server, put there while no server uses the folder.

import { newUuid } from '../../src/commands/occasion.ts'
import { metadataOf } from '../../src/eventstore/decode.ts'
import { clock } from '../fixtures/people.ts'
import { withLog } from './folderLog.ts'

/** @returns the ids of the events, in order */
export async function plantInServerStream(folder: string, count: number): Promise<readonly string[]> {
  const ids = Array.from({ length: count }, () => newUuid())
  const metadata = metadataOf({ occurredAt: clock(0), correlationId: newUuid(), causationId: newUuid() })
  const events = ids.map((id) => ({ id, type: 'FromTheFuture', data: {}, metadata }))
  await withLog(folder, (store) => store.append('server', events, 'any'))
  return ids
}
