// Appends while fsync fails, then while it works again; says on stdout, as one line of JSON, what came of each.

import { randomUUID } from 'node:crypto'
import { rmSync, writeFileSync } from 'node:fs'
import { openSqliteEventStore } from '../../src/eventstore/sqlite/store.ts'

const [folder, switchFile] = process.argv.slice(2)
if (folder === undefined || switchFile === undefined) throw new Error('Give the folder and the file that breaks fsync.')
const store = await openSqliteEventStore({ folder, keepsOnlyNewest: () => false })
const append = async (id: string) => {
  const event = { id, type: 'MessageSent', data: {}, metadata: {} }
  return store.append('room-1', [event], 'any').then(
    () => 'acknowledged',
    (error: unknown) => (error instanceof Error ? error.name : 'no error'),
  )
}
const ids = Array.from({ length: 5 }, () => randomUUID())
const [good = '', first = '', second = '', behind = '', later = ''] = ids
const before = await append(good)
writeFileSync(switchFile, '')
const together = Promise.all([append(first), append(second)])
const during = [...(await together), await append(behind)]
rmSync(switchFile)
const after = await append(later)
const visible = (await store.head('room-1'))?.id === good
console.log(
  JSON.stringify({ good, before, during, after, health: store.health(), visible, commits: store.statistics().commits }),
)
await store.close()
