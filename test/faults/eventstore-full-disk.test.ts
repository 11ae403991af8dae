import { execFileSync, spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, expect, test } from 'vitest'
import { OutcomeUnknown, StoreUnavailable } from '../../src/eventstore/port.ts'
import { openSqliteEventStore, type SqliteEventStore } from '../../src/eventstore/sqlite/store.ts'

let folder = ''
const folders: string[] = []
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parley-full-'))
  folders.push(folder)
})
afterAll(() => Promise.all(folders.map((one) => rm(one, { recursive: true, force: true }))))

const newEvent = () => ({
  id: randomUUID(),
  type: 'MessageSent',
  data: {},
  body: { text: 'x'.repeat(4_000) },
  metadata: {},
})

interface Filled {
  /** Ids by what became of them. */
  readonly acknowledged: Set<string>
  readonly refused: Set<string>
}

/** Appends, sixteen at a time, until one fails; waits for all. */
async function fill(store: SqliteEventStore): Promise<Filled> {
  const acknowledged = new Set<string>()
  const refused = new Set<string>()
  const send = async (stream: string): Promise<void> => {
    for (let count = 0; count < 5_000; count += 1) {
      const event = newEvent()
      try {
        await store.append(stream, [event], 'any')
        acknowledged.add(event.id)
      } catch (error) {
        expect(error).toBeInstanceOf(StoreUnavailable)
        expect(error).not.toBeInstanceOf(OutcomeUnknown)
        refused.add(event.id)
        return
      }
    }
  }
  await Promise.all(Array.from({ length: 16 }, (_, sender) => send(`room-${sender}`)))
  return { acknowledged, refused }
}

async function expectLatched(store: SqliteEventStore): Promise<void> {
  const health = store.health()
  expect(health.ready).toBe(false)
  if (!health.ready) expect(health.reason).toMatch(/is full\. .*free some space, then restart/)
  await expect(store.append('room-1', [newEvent()], 'any')).rejects.toThrow(/free some space/)
  await expect(store.forget([randomUUID()])).rejects.toThrow(/free some space/)
}

async function expectAllThere(store: SqliteEventStore, { acknowledged, refused }: Filled): Promise<void> {
  const found = new Set<string>()
  for await (const page of store.readAll()) for (const { id } of page) found.add(id)
  expect([...acknowledged].filter((id) => !found.has(id))).toEqual([])
  expect([...refused].filter((id) => found.has(id))).toEqual([])
  expect(acknowledged.size).toBeGreaterThan(16)
}

test('STOP: a file that may not grow latches the log; reading goes on; reopening recovers', async () => {
  const faults: string[] = []
  const small = await openSqliteEventStore({
    folder,
    keepsOnlyNewest: () => false,
    maxPages: 300,
    onFault: (message) => faults.push(message),
  })
  const filled = await fill(small)
  await expectLatched(small)
  expect(faults).toHaveLength(1)
  await expectAllThere(small, filled)
  await small.close()

  const store = await openSqliteEventStore({ folder, keepsOnlyNewest: () => false })
  await expectAllThere(store, filled)
  expect(store.health()).toEqual({ ready: true })
  await store.append('room-1', [newEvent()], 'exists')
  await store.close()
})

const mount = (target: string, options: string) => spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', target])

const mayMount = await (async () => {
  const target = await mkdtemp(join(tmpdir(), 'parley-mount-'))
  const mounted = mount(target, 'size=1m').status === 0
  if (mounted) execFileSync('umount', [target])
  await rm(target, { recursive: true })
  return mounted
})()

test.skipIf(!mayMount)(
  'STOP ACK: a full disk (a tmpfs; needs the right to mount) latches the log, and nothing acknowledged is lost',
  async () => {
    expect(mount(folder, 'size=3m').status).toBe(0)
    try {
      const store = await openSqliteEventStore({ folder, keepsOnlyNewest: () => false })
      const filled = await fill(store)
      await expectLatched(store)
      execFileSync('mount', ['-o', 'remount,size=64m', folder])
      // There is space again, but only a restart can know what is in the file.
      await expectLatched(store)
      await store.close()

      const reopened = await openSqliteEventStore({ folder, keepsOnlyNewest: () => false })
      await expectAllThere(reopened, filled)
      await reopened.append('room-1', [newEvent()], 'exists')
      await reopened.close()
    } finally {
      execFileSync('umount', [folder])
    }
  },
)
