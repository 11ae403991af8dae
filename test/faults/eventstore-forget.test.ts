import { randomUUID } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as pause } from 'node:timers/promises'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { NewEvent } from '../../src/eventstore/port.ts'
import { openSqliteEventStore } from '../../src/eventstore/sqlite/store.ts'

const seed = Number(process.env.PARLEY_TEST_SEED ?? Date.now() % 2_147_483_647)

const open = (folder: string) =>
  openSqliteEventStore({ folder, keepsOnlyNewest: (stream) => stream.startsWith('draft-') })

/** An event whose text is its marker, again and again. */
function marked(marker: number, bytes: number): NewEvent {
  const word = `~m${marker}~`
  const text = word.repeat(Math.max(1, Math.floor(bytes / word.length)))
  return { id: randomUUID(), type: 'MessageSent', data: { marker }, body: { text }, metadata: { actor: 'user_1' } }
}

/** The markers that stand in any file of the folder, as whole words. */
function markersIn(folder: string): Set<number> {
  const found = new Set<number>()
  for (const file of readdirSync(folder)) {
    const bytes = readFileSync(join(folder, file), 'latin1')
    for (const [, marker] of bytes.matchAll(/~m(\d+)~/g)) found.add(Number(marker))
  }
  return found
}

test(`ERASE: the bytes of forgotten bodies are in no file (seed ${seed})`, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'parley-forget-'))
  const store = await open(folder)
  const random = fc.sample(
    fc.record({ bytes: fc.integer({ min: 10, max: 20_000 }), rank: fc.double({ noNaN: true }), small: fc.boolean() }),
    {
      seed,
      numRuns: 2_500,
    },
  )
  const kept = new Map<number, string>()
  const superseded: number[] = []
  const appends: Promise<unknown>[] = []
  for (const [index, { bytes, small }] of random.entries()) {
    const event = marked(index, small ? bytes % 400 : bytes)
    kept.set(index, event.id)
    appends.push(store.append(`room-${index % 5}`, [event], 'any'))
    // Drafts in between: each deletes the one before.
    if (index % 2 === 0) {
      const draft = marked(100_000 + index, 5 + ((bytes * 7) % 3_000))
      appends.push(store.append(`draft-${index % 14}`, [draft], 'any'))
      superseded.push(100_000 + index)
    }
    if (appends.length > 200) await Promise.all(appends.splice(0))
  }
  await Promise.all(appends)
  const drafts = superseded.splice(-7) // seven streams of drafts: the last of each is the newest

  const order = [...kept.keys()].sort((a, b) => (random[a]?.rank ?? 0) - (random[b]?.rank ?? 0))
  while (order.length > 500) {
    const batch = order.splice(0, 400)
    await store.forget(batch.map((marker) => kept.get(marker) ?? ''))
    for (const marker of batch) kept.delete(marker)
    // What is written afterwards must not bring old bytes to light either.
    await store.append('draft-0', [marked(200_000 + order.length, 50)], 'any')
    const found = markersIn(folder)
    expect([...found].filter((marker) => marker < 100_000).sort((a, b) => a - b)).toEqual(
      [...kept.keys()].sort((a, b) => a - b),
    )
    expect(superseded.filter((marker) => found.has(marker))).toEqual([])
    expect(drafts.slice(1).filter((marker) => found.has(marker)).length).toBeGreaterThan(0)
  }
  await store.close()
  expect([...markersIn(folder)].filter((marker) => marker < 100_000)).toHaveLength(kept.size)
  await rm(folder, { recursive: true })
}, 120_000)

test('ERASE: a forgetting waits for a reader with an old snapshot, while appends go on', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'parley-forget-'))
  const store = await open(folder)
  const event = marked(1, 5_000)
  await store.append('room-1', [event], 'none')
  const reader = new DatabaseSync(join(folder, 'log.db'), { readOnly: true })
  reader.exec('BEGIN; SELECT count(*) FROM events')
  let forgotten = false
  const forgetting = store.forget([event.id]).then(() => {
    forgotten = true
  })
  await store.append('room-1', [marked(2, 10)], 0)
  await pause(150)
  expect(forgotten).toBe(false)
  await store.append('room-1', [marked(3, 10)], 1)
  reader.exec('COMMIT')
  await forgetting
  expect(markersIn(folder)).toEqual(new Set([2, 3]))
  reader.close()
  await store.close()
  await rm(folder, { recursive: true })
})

test('ERASE: neither a page on its way nor a later delivery shows a forgotten body', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'parley-forget-'))
  const store = await open(folder)
  const stop = new AbortController()
  const batch = Array.from({ length: 50 }, (_, index) => marked(index, 100))
  const { position } = await store.append('room-1', batch, 'none')
  const begin = (await store.head('room-1'))?.position
  expect(begin).toBe(position)
  await store.forget(batch.map(({ id }) => id))
  const pages: unknown[] = []
  const deliveries = store.subscribe({ after: '' as typeof position, signal: stop.signal })
  for await (const { events } of deliveries) {
    for (const { body } of events) if (body !== undefined) pages.push(body)
    stop.abort()
  }
  expect(pages).toEqual([])
  await store.close()
  await rm(folder, { recursive: true })
})
