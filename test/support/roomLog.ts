// Writes to the log of a folder that no server uses: what would take long over the wire, and what no server writes.

import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { NewEvent } from '../../src/eventstore/port.ts'
import { withLog } from './folderLog.ts'
import { streamOf } from './history.ts'

const occasion = (actor: string) => ({
  actor,
  occurredAt: new Date().toISOString(),
  schemaVersion: '1',
  $correlationId: randomUUID(),
  $causationId: randomUUID(),
})

/** Of long ones, about half of what an append may hold. */
const inBatches = 100

/** Appends messages with the next numbers. */
export const appendMessages = (
  folder: string,
  { roomId, ...rest }: { roomId: string; actor: string; from: number; texts: readonly string[] },
): Promise<void> => appendToRooms(folder, { rooms: [roomId], ...rest })

/** The same messages to several rooms, which take turns in the log. */
export async function appendToRooms(
  folder: string,
  { rooms, actor, from, texts }: { rooms: readonly string[]; actor: string; from: number; texts: readonly string[] },
): Promise<void> {
  const sent = (text: string, index: number): NewEvent => ({
    id: randomUUID(),
    type: 'MessageSent',
    data: { number: from + index },
    body: { text, contentHash: 'of-no-key' },
    metadata: occasion(actor),
  })
  await withLog(folder, async (store) => {
    for (let at = 0; at < texts.length; at += inBatches)
      for (const roomId of rooms) {
        const events = texts.slice(at, at + inBatches).map((text, index) => sent(text, at + index))
        await store.append(streamOf(roomId), events, 'exists')
      }
  })
}

/** Appends an event of a type that this version does not know. */
export async function appendUnknown(
  folder: string,
  { roomId, actor }: { roomId: string; actor: string },
): Promise<void> {
  const event = { id: randomUUID(), type: 'TeaPoured', data: { cups: 2 }, metadata: occasion(actor) }
  await withLog(folder, (store) => store.append(streamOf(roomId), [event], 'exists'))
}

/** Makes the row of one event unreadable, as a broken disk might. @throws where there is no such event */
export function damageEvent(folder: string, roomId: string, revision: number): void {
  const database = new DatabaseSync(join(folder, 'log.db'))
  const { changes } = database
    .prepare('UPDATE events SET data = ? WHERE revision = ? AND stream = (SELECT id FROM streams WHERE name = ?)')
    .run('{"number":', revision, streamOf(roomId))
  database.close()
  if (changes !== 1) throw new Error(`${roomId} has no revision ${revision}.`)
}
