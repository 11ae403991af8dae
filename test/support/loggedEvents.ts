// What the log of a folder holds that no server uses at this moment.

import { withLog } from './folderLog.ts'
import type { LoggedEvent } from './history.ts'

/** All events in order. @throws {CannotOpen} where it is damaged or in use */
export const loggedEvents = (folder: string): Promise<readonly LoggedEvent[]> =>
  withLog(folder, async (store) => {
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
  })
