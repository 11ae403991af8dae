// Appends to the log in a folder until it is killed; says on stdout what it tries and what was acknowledged.

import { randomUUID } from 'node:crypto'
import { writeSync } from 'node:fs'
import { lockFolder } from '../../src/eventstore/sqlite/lock.ts'
import { openSqliteEventStore } from '../../src/eventstore/sqlite/store.ts'

const folder = process.argv[2]
if (folder === undefined) throw new Error('Give the folder.')
await lockFolder(folder)
const store = await openSqliteEventStore({ folder, keepsOnlyNewest: () => false })

async function send(stream: string): Promise<never> {
  for (;;) {
    const id = randomUUID()
    writeSync(1, `try ${stream} ${id}\n`)
    const event = { id, type: 'MessageSent', data: {}, body: { text: id }, metadata: {} }
    const { revision } = await store.append(stream, [event], 'any')
    writeSync(1, `ack ${stream} ${id} ${revision}\n`)
  }
}

await Promise.all(Array.from({ length: 12 }, (_, sender) => send(`room-${sender % 4}`)))
