// The documents store fails, before and after it has written: nothing is lost, nothing counts twice.

import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { type Documents, DocumentsUnavailable, type RecordChange, type Write } from '../../src/documents/port.ts'
import { contents, deleted, edited, freshFold, houses, sent, World } from '../projecting/world.ts'

const failure = () => new DocumentsUnavailable('The disk is away.')

/** The same store, with another way to write. */
function writingLike(
  documents: Documents,
  write: (writes: readonly Write[], records?: readonly RecordChange[]) => Promise<void>,
): Documents {
  return new Proxy(documents, {
    get(target, name) {
      if (name === 'write') return write
      const value: unknown = Reflect.get(target, name)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

/** A generator of numbers from 0 to 1 that a seed replays (mulberry32). */
function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

test('CHECKPOINT FOLD: failures before a write, after it and in its middle leave exact read models', async () => {
  const seed = Date.now() & 0xffff
  const chance = random(seed)
  await using world = await World.open()
  let faults = 0
  const faulty = writingLike(world.documents, async (writes, records = []) => {
    const what = chance()
    if (what < 0.15) {
      faults++
      throw failure()
    }
    if (what < 0.3 && records.length > 0) {
      faults++
      // As an engine without transactions: documents are there, the checkpoint is not.
      await world.documents.write(writes)
      throw failure()
    }
    await world.documents.write(writes, records)
    if (what > 0.85) {
      faults++
      throw failure()
    }
  })
  const node = await world.node({ documents: faulty })
  const rooms = [`room-${randomUUID()}`, `room-${randomUUID()}`]
  for (let round = 0; round < 40; round++) {
    const stream = rooms[round % 2] ?? ''
    const message = sent(round)
    await world.append(
      stream,
      message,
      sent(round + 100),
      edited(message.id, 'e'),
      ...(round % 3 ? [] : [deleted(message.id)]),
    )
    if (round % 2 === 0) await node.level()
  }
  await node.level()
  await node.projecting.rebuild('all')
  await node.level()
  expect(faults, `seed ${seed}`).toBeGreaterThan(3)
  expect(await contents(world.documents, node.projecting), `seed ${seed}`).toBe(await freshFold(world.store))
})

test('CHECKPOINT: while nothing can be written the node is not ready, and it goes on by itself', async () => {
  await using world = await World.open()
  let away = false
  const documents = writingLike(world.documents, async (writes, records) => {
    if (away) throw failure()
    await world.documents.write(writes, records)
  })
  const node = await world.node({ documents })
  const room = `room-${randomUUID()}`
  away = true
  const { position } = await world.append(room, sent(1))
  const { projecting } = node
  expect(await projecting.readModels.waitFor(position, { timeoutMs: 150 })).toBe(false)
  expect(projecting.health()).toMatchObject({ ready: false, reason: expect.stringContaining('The disk is away.') })
  expect(projecting.status()[0]).toMatchObject({ lagEvents: 1 })
  away = false
  expect(await projecting.readModels.waitFor(position, { timeoutMs: 6_000 })).toBe(true)
  expect(projecting.health()).toEqual({ ready: true })
  expect(await projecting.readModels.get(houses, [room])).toMatchObject([{ document: { sent: 1 } }])
  // It was said once, not at every try.
  expect(world.logger.lines.filter((line) => line.startsWith('warn'))).toHaveLength(1)
})
