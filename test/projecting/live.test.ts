import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { checkpointKey } from '../../src/projecting/builds.ts'
import { ReadModelsOfAnotherLog } from '../../src/projecting/projecting.ts'
import { contents, deleted, edited, event, freshFold, houses, letters, marked, marks, sent, World } from './world.ts'

const house = () => `room-${randomUUID()}`

test('READYOURWRITES: what was appended can be read once its position is reached', async () => {
  await using world = await World.open()
  const { readModels } = (await world.node()).projecting
  const room = house()
  const first = sent(1)
  const { position } = await world.append(room, first, edited(first.id, 'better'))
  expect(await readModels.waitFor(position, { timeoutMs: 2_000 })).toBe(true)
  const [letter] = await readModels.get(letters, [`message_${first.id}`])
  expect(letter).toMatchObject({ revision: 1, document: { text: 'better', edits: 1 } })
  expect(await readModels.count(letters, { edits: 1 })).toBe(1)
  expect(await readModels.sum(houses, 'sent', {})).toBe(1)
  expect(await readModels.find(houses, { filter: { sent: 1 }, limit: 5 })).toHaveLength(1)
})

test('READYOURWRITES: a wait for what does not come ends after its time, and when it is called off', async () => {
  await using world = await World.open()
  const { readModels } = (await world.node()).projecting
  const far = '~' as typeof readModels.checkpoint
  expect(await readModels.waitFor(far, { timeoutMs: 40 })).toBe(false)
  const calledOff = new AbortController()
  const waiting = readModels.waitFor(far, { timeoutMs: 60_000, signal: calledOff.signal })
  calledOff.abort()
  expect(await waiting).toBe(false)
})

test('CHECKPOINT: events that come again change nothing', async () => {
  await using world = await World.open()
  const node = await world.node()
  const room = house()
  const first = sent(1)
  await world.append(room, first, sent(2), deleted(first.id))
  await node.level()
  const before = await contents(world.documents, node.projecting)
  await node.close()
  // As after a crash of an engine that writes the documents first: the checkpoint is behind them.
  const record = await world.documents.record(checkpointKey)
  const beginning = { key: checkpointKey, expectedVersion: record?.version ?? 0, value: { position: '', anchor: null } }
  await world.documents.write([], [beginning])
  const again = await world.node()
  await again.level()
  expect(await contents(world.documents, again.projecting)).toBe(before)
  expect(before).toContain('"deleted":1,"sent":2')
  // Nor do they change what comes after them.
  await world.append(room, sent(3))
  await again.level()
  expect(await contents(world.documents, again.projecting)).toBe(await freshFold(world.store))
})

test('CHECKPOINT: the record names an event that is kept, and it is in the log', async () => {
  await using world = await World.open()
  const node = await world.node()
  const { position } = await world.append(house(), sent(1))
  await world.append(`read-${randomUUID()}-room_x`, marked(1))
  await node.level()
  const record = await world.documents.record(checkpointKey)
  expect(record?.value).toMatchObject({ position: await world.store.end(), anchor: { position } })
})

test('a removed document leaves a tombstone, and later events leave it removed', async () => {
  await using world = await World.open()
  const node = await world.node()
  const first = sent(1)
  const room = house()
  await world.append(room, first)
  await node.level()
  await world.append(room, deleted(first.id))
  await node.level()
  const { readModels } = node.projecting
  expect(await readModels.get(letters, [`message_${first.id}`])).toEqual([])
  const [tombstone] = await world.documents.load(readModels.collectionOf('letters') ?? '', [`message_${first.id}`])
  expect(tombstone).toMatchObject({ revision: 1, document: undefined })
  // An edit of what was deleted leaves it deleted.
  await world.append(room, edited(first.id, 'late'))
  await node.level()
  expect(await readModels.get(letters, [`message_${first.id}`])).toEqual([])
})

test('an event that cannot be decoded is skipped and counted, live and in a rebuild', async () => {
  await using world = await World.open()
  const node = await world.node()
  const room = house()
  await world.append(room, sent(1), event('SomethingNewer', {}), sent(2))
  await node.level()
  expect(node.projecting.skipped).toBe(1)
  const [result] = await node.projecting.rebuild(['houses'])
  expect(result).toMatchObject({ name: 'houses', events: 3, skipped: 1 })
  const [document] = await node.projecting.readModels.get(houses, [room])
  expect(document).toMatchObject({ revision: 2, document: { sent: 2 } })
})

test('read models of another log are refused, and rebuilding all of them mends it', async () => {
  await using world = await World.open()
  await using other = await World.open()
  await other.append(house(), sent(1))
  const room = house()
  await world.append(room, sent(1), sent(2))
  const node = await world.node()
  await node.level()
  await node.close()
  const opening = other.node({ documents: world.documents })
  await expect(opening).rejects.toThrow(ReadModelsOfAnotherLog)
  await expect(opening).rejects.toThrow('parley projections rebuild --all')
  const { Projecting } = await import('../../src/projecting/projecting.ts')
  const options = { store: other.store, documents: world.documents, logger: world.logger, graceMs: 1 }
  const mended = new Projecting({ ...options, projections: [letters, houses, marks] })
  await mended.open({ fresh: true })
  await mended.rebuild('all')
  await mended.catchUp()
  expect(await contents(world.documents, mended)).toBe(await freshFold(other.store))
  expect(await mended.readModels.get(houses, [room])).toEqual([])
  await mended.close()
  const later = await other.node({ documents: world.documents })
  expect(later.projecting.health()).toEqual({ ready: true })
})

test('the lag counts what is delivered and not yet folded, and how old it is', async () => {
  await using world = await World.open()
  const now = Date.now()
  const node = await world.node({ clock: () => now })
  expect(node.projecting.status()[0]).toMatchObject({ state: 'LIVE', lagEvents: 0, lagSeconds: 0 })
  let seen: ReturnType<typeof node.projecting.status> = []
  await node.projecting.readModels.waitFor(await world.store.end(), { timeoutMs: 100 })
  const original = world.documents.write.bind(world.documents)
  world.documents.write = async (...args) => {
    seen = node.projecting.status()
    await original(...args)
  }
  await world.append(house(), event('MessageSent', { number: 1 }, undefined, now - 3_000), sent(2), sent(3))
  await node.level()
  expect(seen[0]).toMatchObject({ lagEvents: 3, lagSeconds: 3 })
  expect(node.projecting.status()[0]).toMatchObject({ lagEvents: 0, lagSeconds: 0 })
  await node.close()
  expect(node.projecting.status()[0]?.state).toBe('STOPPED')
  expect(node.projecting.health()).toMatchObject({ ready: false })
})

test('a flood beyond what may wait is read from the log, in order and whole', async () => {
  await using world = await World.open()
  const node = await world.node()
  const room = house()
  for (let from = 0; from < 12_000; from += 1_000)
    await world.append(room, ...Array.from({ length: 1_000 }, (_, index) => sent(from + index + 1, 'x')))
  await node.level()
  const [document] = await node.projecting.readModels.get(houses, [room])
  expect(document).toMatchObject({ revision: 11_999, document: { sent: 12_000 } })
})

test('what happens right after a batch is folded with what follows, unless somebody waits for it', async () => {
  await using world = await World.open()
  const node = await world.node()
  const room = house()
  await world.append(room, sent(1))
  await node.level()
  let written = 0
  const write = world.documents.write.bind(world.documents)
  world.documents.write = (writes, records) => {
    written++
    return write(writes, records)
  }
  const revisions = 40
  for (let n = 0; n < revisions; n++) await world.append(room, sent(n + 2))
  await node.level()
  expect(written).toBeLessThan(revisions / 2)
  // Each of these asks to see what it has done.
  const begun = performance.now()
  for (let n = 0; n < 20; n++) {
    const { position } = await world.append(room, sent(100 + n))
    expect(await node.projecting.readModels.waitFor(position, { timeoutMs: 2_000 })).toBe(true)
  }
  expect(written).toBeGreaterThanOrEqual(20)
  expect(performance.now() - begun).toBeLessThan(5_000)
})
