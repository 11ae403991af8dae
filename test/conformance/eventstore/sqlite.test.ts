import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openSqliteEventStore } from '../../../src/eventstore/sqlite/store.ts'
import { type Engine, newestOnly } from './engine.ts'
import { events } from './samples.ts'
import { eventStoreSuite } from './suite.ts'

const open = (folder: string) =>
  openSqliteEventStore({ folder, keepsOnlyNewest: (stream) => stream.startsWith(newestOnly) })

async function openEngine(): Promise<Engine> {
  const folder = await mkdtemp(join(tmpdir(), 'parley-log-'))
  let store = await open(folder)
  return {
    get store() {
      return store
    },
    async reopen() {
      await store.close()
      store = await open(folder)
      return store
    },
    async close() {
      await store.close()
      await rm(folder, { recursive: true })
    },
  }
}

eventStoreSuite('sqlite', openEngine)

test('appends that wait together share a commit', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'parley-log-'))
  const store = await open(folder)
  await Promise.all(Array.from({ length: 1_000 }, (_, index) => store.append(`room-${index % 9}`, events(1), 'any')))
  const { appends, commits } = store.statistics()
  expect(appends).toBe(1_000)
  expect(commits).toBeLessThanOrEqual(20)
  await store.close()
  await rm(folder, { recursive: true })
})
