import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { RecordedEvent } from '../../src/eventstore/port.ts'
import { lockFolder } from '../../src/eventstore/sqlite/lock.ts'
import { openSqliteEventStore } from '../../src/eventstore/sqlite/store.ts'

const seed = Number(process.env.PARLEY_TEST_SEED ?? Date.now() % 2_147_483_647)

interface Said {
  /** Stream of each event that was sent. */
  readonly tried: Map<string, string>
  /** Revision of each event that was acknowledged. */
  readonly acknowledged: Map<string, number>
}

/** Lets a process append to the folder for so many ms after its first acknowledgement, then kills it. */
async function appendUntilKilled(folder: string, ms: number, said: Said): Promise<void> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'eventstore-kill.child.ts'), folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'exit')
  const { promise: first, resolve: begun } = Promise.withResolvers<void>()
  const lines = createInterface({ input: child.stdout })
  lines.on('line', (line) => {
    const [word, stream = '', id = '', revision] = line.split(' ')
    if (word === 'try') said.tried.set(id, stream)
    else if (revision !== undefined) said.acknowledged.set(id, Number(revision))
    if (word === 'ack') begun()
  })
  const allRead = once(lines, 'close')
  await Promise.race([first, ended])
  await pause(ms)
  child.kill('SIGKILL')
  const [, signal] = await ended
  expect(signal).toBe('SIGKILL')
  await allRead
}

test(`ACK ONCE: after a kill everything acknowledged is there, and a retry settles the rest (seed ${seed})`, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'parley-kill-'))
  const said: Said = { tried: new Map(), acknowledged: new Map() }
  const pauses = fc.sample(fc.integer({ min: 0, max: 250 }), { seed, numRuns: 5 })
  for (const ms of pauses) {
    await appendUntilKilled(folder, ms, said)
    // A killed holder's lock is free.
    const lock = await lockFolder(folder)
    const store = await openSqliteEventStore({ folder, keepsOnlyNewest: () => false })

    const found = new Map<string, RecordedEvent>()
    for await (const page of store.readAll()) for (const event of page) found.set(event.id, event)
    for (const [id, revision] of said.acknowledged) {
      expect(found.get(id)).toMatchObject({ revision, stream: said.tried.get(id), body: { text: id } })
    }
    for (const id of found.keys()) expect(said.tried.has(id)).toBe(true)

    for (const [id, stream] of said.tried) {
      if (said.acknowledged.has(id)) continue
      const event = { id, type: 'MessageSent', data: {}, body: { text: id }, metadata: {} }
      const { revision, repeated } = await store.append(stream, [event], 'any')
      expect(repeated).toBe(found.has(id))
      said.acknowledged.set(id, revision)
    }
    let count = 0
    for (const stream of new Set(said.tried.values())) {
      let next = 0
      for await (const page of store.readStream(stream)) for (const { revision } of page) expect(revision).toBe(next++)
      count += next
    }
    expect(count).toBe(said.tried.size)
    await store.close()
    await lock.release()
  }
  expect(said.acknowledged.size).toBeGreaterThan(pauses.length)
  await rm(folder, { recursive: true })
}, 60_000)
