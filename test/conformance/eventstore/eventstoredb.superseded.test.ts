// A node dies after it has superseded a text, and before the text's key is removed: somebody else removes it.

import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import { openEventStoreDb } from '../../../src/eventstore/eventstoredb/store.ts'
import { type EventStore, start } from '../../../src/eventstore/port.ts'
import type { Keys } from '../../../src/keys/port.ts'
import { openSqliteKeys } from '../../../src/keys/sqlite.ts'
import { startEventStoreDb } from '../../support/eventstoredb/server.ts'
import { newestOnly } from './engine.ts'
import { newPrefix } from './eventstoredbStore.ts'
import { all, event, follow } from './samples.ts'

const stream = `${newestOnly}1`
const dying = fileURLToPath(new URL('../../support/dyingAppend.ts', import.meta.url))

interface After {
  readonly keys: Keys
  readonly store: EventStore
  /** What was superseded, and what has superseded it. */
  readonly ids: readonly [string, string]
  /** Those of the two that have a key. */
  withKeys(): Promise<readonly string[]>
}

/** What the next start finds. */
async function afterDeath(batchAppend: boolean): Promise<After> {
  const opened = new AsyncDisposableStack()
  onTestFinished(() => opened.disposeAsync())
  const folder = await mkdtemp(join(tmpdir(), 'parley-superseded-'))
  opened.defer(() => rm(folder, { recursive: true }))
  const server = await startEventStoreDb({ folder, batchAppend })
  opened.defer(() => server.stop())
  const { connectionString } = server
  const [streamPrefix, ids] = [newPrefix(), [randomUUID(), randomUUID()] as const]
  const child = spawn(process.execPath, [dying, connectionString, streamPrefix, folder, stream, ...ids], {
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  expect((await once(child, 'exit'))[1], 'it was killed').toBe('SIGKILL')
  const keys = await openSqliteKeys({ folder })
  opened.defer(() => keys.close())
  const withKeys = async () => [...(await keys.get(ids)).keys()]
  expect(await withKeys(), 'the key of what was superseded is still there').toEqual(ids)
  const keepsOnlyNewest = (name: string) => name === stream
  const store = await openEventStoreDb({ connectionString, streamPrefix, keys, keepsOnlyNewest })
  opened.defer(() => store.close())
  return { keys, store, ids, withKeys }
}

describe.each([
  ['with batch append', true],
  ['without batch append', false],
])('eventstoredb, %s', (_, batchAppend) => {
  test('ERASE: whoever goes on from a checkpoint before it removes the key, and no other', async () => {
    const { store, ids, withKeys } = await afterDeath(batchAppend)
    const [newest] = await all(store.readAll())
    expect(newest).toMatchObject({ id: ids[1], body: { text: `The words of ${ids[1]}` }, metadata: {} })
    expect(await withKeys()).toEqual([ids[1]])
  })

  test('ERASE: so does whoever follows the log', async () => {
    const { store, ids, withKeys } = await afterDeath(batchAppend)
    await follow(store, start, (events) => events.length > 0)
    expect(await withKeys()).toEqual([ids[1]])
  })

  test('ERASE: and whoever supersedes it in turn, though nobody reads it before', async () => {
    const { store, ids, keys, withKeys } = await afterDeath(batchAppend)
    const third = event()
    await store.append(stream, [third], 1)
    await expect.poll(withKeys).toEqual([])
    expect((await keys.get([third.id])).size).toBe(1)
    expect(await all(store.readStream(stream))).toMatchObject([{ id: third.id, body: third.body }])
    expect(ids).toHaveLength(2)
  })
})

test('an event whose keys cannot be removed is not handed on, and comes when they can', async () => {
  const { store, keys, ids, withKeys } = await afterDeath(true)
  const remove = keys.remove.bind(keys)
  let asked = 0
  keys.remove = async () => {
    asked += 1
    throw new Error('The disk is full.')
  }
  await expect(all(store.readAll())).rejects.toThrow('The disk is full.')
  expect(asked).toBe(1)
  keys.remove = remove
  expect(await all(store.readAll())).toHaveLength(1)
  expect(await withKeys()).toEqual([ids[1]])
})
