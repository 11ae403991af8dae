import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openSqliteEventStore } from '../../src/eventstore/sqlite/store.ts'

const mayPreload = process.platform === 'linux' && spawnSync('cc', ['--version']).status === 0

test.skipIf(!mayPreload)(
  'STOP: after one failed fsync nothing is acknowledged, even when the next would succeed (needs Linux and cc)',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'parley-fsync-'))
    const library = join(folder, 'failing-fsync.so')
    const data = join(folder, 'data')
    execFileSync('cc', ['-shared', '-fPIC', '-o', library, join(import.meta.dirname, 'eventstore-fsync.c')])
    const switchFile = join(folder, 'broken')
    const said = execFileSync(
      process.execPath,
      [join(import.meta.dirname, 'eventstore-fsync.child.ts'), data, switchFile],
      {
        encoding: 'utf8',
        env: { ...process.env, LD_PRELOAD: library, FAIL_FSYNC_WHILE: switchFile },
      },
    )
    const result = JSON.parse(said)
    expect(result).toMatchObject({
      before: 'acknowledged',
      during: ['OutcomeUnknown', 'OutcomeUnknown', 'StoreUnavailable'],
      after: 'StoreUnavailable',
      visible: true,
      commits: 1,
      health: { ready: false, reason: expect.stringMatching(/check the disk, then restart/) },
    })

    const store = await openSqliteEventStore({ folder: data, keepsOnlyNewest: () => false })
    expect((await store.at(await store.end()))?.stream).toBe('room-1')
    for await (const [first] of store.readAll()) expect(first?.id).toBe(result.good)
    const retried = { id: crypto.randomUUID(), type: 'MessageSent', data: {}, metadata: {} }
    expect(await store.append('room-1', [retried], 'any')).toMatchObject({ repeated: false })
    await store.close()
    await rm(folder, { recursive: true })
  },
)
