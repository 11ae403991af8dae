// A log whose file was damaged under a running server went on acknowledging, and said that it was ready.

import { randomUUID } from 'node:crypto'
import { closeSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { StoreUnavailable } from '../../src/eventstore/port.ts'
import { openSqliteEventStore } from '../../src/eventstore/sqlite/store.ts'
import { newFolder } from '../support/testServer.ts'

const event = () => ({ id: randomUUID(), type: 'Said', data: { text: 'x'.repeat(2_000) }, metadata: {} })

/** Everything behind the first pages, as a failing disk might leave it. */
function damage(path: string): void {
  const checkpoint = new DatabaseSync(path)
  checkpoint.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  checkpoint.close()
  const file = openSync(path, 'r+')
  writeSync(file, Buffer.alloc(4_000_000, 0xa5), 0, 4_000_000, 16_384)
  closeSync(file)
}

test('STOP: once a read finds the log damaged, nothing is acknowledged, and it is not ready', async () => {
  const folder = await newFolder()
  const faults: string[] = []
  const store = await openSqliteEventStore({
    folder,
    keepsOnlyNewest: () => false,
    onFault: (fault) => faults.push(fault),
  })
  try {
    for (let count = 0; count < 10; count++) await store.append('room-1', Array.from({ length: 200 }, event), 'any')
    expect(store.health()).toEqual({ ready: true })
    damage(join(folder, 'log.db'))
    const reading = async () => {
      for await (const page of store.readStream('room-1', { pageSize: 1_000 })) expect(page.length).toBeGreaterThan(0)
    }
    await expect(reading()).rejects.toThrow(StoreUnavailable)
    expect(store.health()).toMatchObject({ ready: false, reason: expect.stringMatching(/damaged.*restore a backup/) })
    await expect(store.append('room-2', [event()], 'none')).rejects.toThrow(StoreUnavailable)
    expect(faults).toHaveLength(1)
  } finally {
    await store.close().catch(() => {})
    rmSync(folder, { recursive: true, force: true })
  }
})
