// Appends to the log in a folder until it is killed; says on stdout what it tries and what was acknowledged.

import { randomUUID } from 'node:crypto'
import { writeSync } from 'node:fs'
import { lockFolder } from '../../src/eventstore/sqlite/lock.ts'
import { openSqliteEventStore } from '../../src/eventstore/sqlite/store.ts'

const folder = process.argv[2]
if (folder === undefined) throw new Error('Give the folder.')
await lockFolder(folder)
const store = await openSqliteEventStore({ folder, keepsOnlyNewest: () => false })

/** Written at once, not queued: a line that was said must not die with the process. */
function say(line: string): void {
  for (;;) {
    try {
      writeSync(1, `${line}\n`)
      return
    } catch (error) {
      // The pipe is full until the other end has read. A line this short is written as a whole or not at all.
      if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) throw error
    }
  }
}

async function send(stream: string): Promise<never> {
  for (;;) {
    const id = randomUUID()
    say(`try ${stream} ${id}`)
    const event = { id, type: 'MessageSent', data: {}, body: { text: id }, metadata: {} }
    const { revision } = await store.append(stream, [event], 'any')
    say(`ack ${stream} ${id} ${revision}`)
  }
}

await Promise.all(Array.from({ length: 12 }, (_, sender) => send(`room-${sender % 4}`)))
