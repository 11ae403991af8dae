// A process that appends two sealed events to a stream that keeps only its newest, and dies by SIGKILL in between: when the second one
// is written, and before the key of the first one is removed.
//
// node dyingAppend.ts <address of the log> <prefix> <folder of the keys> <stream> <id> <id>

import { openEventStoreDb } from '../../src/eventstore/eventstoredb/store.ts'
import { openSqliteKeys } from '../../src/keys/sqlite.ts'

const [connectionString = '', streamPrefix = '', folder = '', stream = '', ...ids] = process.argv.slice(2)
const keys = await openSqliteKeys({ folder })
const store = await openEventStoreDb({
  ...{ connectionString, streamPrefix, keepsOnlyNewest: (name) => name === stream },
  keys: {
    add: (added) => keys.add(added),
    get: (wanted) => keys.get(wanted),
    remove: async () => {
      process.kill(process.pid, 'SIGKILL')
    },
    health: () => keys.health(),
    close: () => keys.close(),
  },
})
for (const id of ids) {
  const event = { id, type: 'Draft', data: {}, body: { text: `The words of ${id}` }, metadata: {} }
  await store.append(stream, [event], 'any')
}
// The removal follows at once: whoever comes to here has not died.
await new Promise((resolve) => setTimeout(resolve, 5_000))
process.exit(0)
