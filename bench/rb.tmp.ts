import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { allProjections } from '../projections/all.ts'
import { openSqliteDocuments } from '../src/documents/sqlite/open.ts'
import { keepsOnlyNewest } from '../src/domain/streams.ts'
import { openSqliteEventStore } from '../src/eventstore/sqlite/store.ts'
import { Projecting } from '../src/projecting/projecting.ts'
import { fillWithChat } from './chatLog.ts'
const folder = '/var/tmp/rb-store'
const fresh = !existsSync(folder)
const store = await openSqliteEventStore({ folder, keepsOnlyNewest })
if (fresh) await fillWithChat(store, { events: 1_000_000, rooms: 100, members: 50 })
const target = '/var/tmp/rb-out'
for (let i = 0; i < Number(process.argv[2] ?? 1); i++) {
  rmSync(target, { recursive: true, force: true })
  const documents = await openSqliteDocuments({ folder: target })
  const logger = { info: () => {}, warn: console.warn, error: console.error }
  const projecting = new Projecting({ store, documents, projections: allProjections, logger })
  const from = performance.now()
  const cpu = process.cpuUsage()
  await projecting.open({ fresh: true })
  const createIndexes = documents.createIndexes.bind(documents)
  let indexing = 0
  documents.createIndexes = async (...args) => { const t = performance.now(); await createIndexes(...args); indexing += performance.now() - t }
  const [r] = await projecting.rebuild('all')
  const s = (performance.now() - from) / 1000
  const c = process.cpuUsage(cpu)
  console.log(`${s.toFixed(2)} s  ${Math.round((r?.events ?? 0) / s)} ev/s  cpu ${((c.user + c.system) / 1e6).toFixed(2)} (sys ${(c.system/1e6).toFixed(2)}) idx ${(indexing/1000).toFixed(2)} rss ${Math.round(process.memoryUsage.rss() / 1e6)}`)
  await projecting.close()
  await documents.close()
}
await store.close()
