import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { checkpointKey, leaseKey, leaseWantedKey } from '../../src/projecting/builds.ts'
import { Lease } from '../../src/projecting/lease.ts'
import { NotTheRunner } from '../../src/projecting/runner.ts'
import { contents, freshFold, houses, Node, sent, World } from './world.ts'

const soon = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

test('of two nodes on the same documents one folds, both can read, and the other takes over', async () => {
  await using world = await World.open()
  const room = `room-${randomUUID()}`
  await world.append(room, sent(1))
  const first = await world.node({ shared: { holder: 'first', leaseMs: 900 } })
  const second = await world.node({ shared: { holder: 'second', leaseMs: 900 } })
  await world.append(room, sent(2))
  await Promise.all([first.level(), second.level()])
  expect(await second.projecting.readModels.get(houses, [room])).toMatchObject([{ document: { sent: 2 } }])
  expect((await world.documents.record(leaseKey))?.value).toMatchObject({ holder: 'first' })
  // A rebuild at the first is seen by the second.
  await first.projecting.rebuild(['houses'])
  while (second.projecting.readModels.collectionOf('houses') !== 'houses_v1_2') await soon(10)

  await first.close()
  await world.append(room, sent(3))
  await second.level()
  expect((await world.documents.record(leaseKey))?.value).toMatchObject({ holder: 'second' })
  expect(await contents(world.documents, second.projecting)).toBe(await freshFold(world.store))
})

test('a lease that is not renewed runs out, and who lost it changes nothing any more', async () => {
  await using world = await World.open()
  const room = `room-${randomUUID()}`
  await world.append(room, sent(1))
  let firstClock = 0
  let secondClock = 0
  const first = await world.node({ shared: { holder: 'first', leaseMs: 500 }, clock: () => Date.now() + firstClock })
  // The first stops for a while, in the middle of a write.
  const write = world.documents.write.bind(world.documents)
  const stuck = Promise.withResolvers<void>()
  const entered = Promise.withResolvers<void>()
  let stall = true
  world.documents.write = async (writes, records) => {
    if (stall && writes.length > 0) {
      stall = false
      entered.resolve()
      await stuck.promise
    }
    return write(writes, records)
  }
  await world.append(room, sent(2))
  await entered.promise
  secondClock = 1_000
  const second = await world.node({ shared: { holder: 'second', leaseMs: 500 }, clock: () => Date.now() + secondClock })
  await world.append(room, sent(3), sent(4))
  await second.level()
  const taken = (await world.documents.record(checkpointKey))?.version
  firstClock = 1_000
  stuck.resolve()
  await soon(200)
  expect((await world.documents.record(leaseKey))?.value).toMatchObject({ holder: 'second' })
  expect(await second.projecting.readModels.get(houses, [room])).toMatchObject([{ revision: 3, document: { sent: 4 } }])
  expect((await world.documents.record(checkpointKey))?.version).toBe(taken)
  await first.level()
  expect(await first.projecting.readModels.get(houses, [room])).toMatchObject([{ document: { sent: 4 } }])
  expect(await contents(world.documents, second.projecting)).toBe(await freshFold(world.store))
})

test('a node that has the documents to itself begins at once, whatever lease was left', async () => {
  await using world = await World.open()
  await world.documents.write(
    [],
    [{ key: leaseKey, expectedVersion: 0, value: { holder: 'killed', until: Date.now() + 60_000 } }],
  )
  await world.append(`room-${randomUUID()}`, sent(1))
  const node = new Node(world, {})
  await node.open()
  expect(await node.projecting.readModels.count(houses, {})).toBe(1)
  await node.close()
})

test('a node whose clock is ahead takes no lease that is renewed, and takes one that is not', async () => {
  await using world = await World.open()
  const { documents } = world
  let time = 1_000_000
  const lastsMs = 5_000
  const one = new Lease({ documents, holder: 'one/1', lastsMs, clock: () => time })
  const ahead = new Lease({ documents, holder: 'ahead/1', lastsMs, clock: () => time + 9_000 })
  expect(await one.take()).toBe(true)
  for (let second = 0; second < 20; second++) {
    time += 1_000
    expect(await one.renewInTime({ letGo: true })).toBe(true)
    expect(await ahead.take()).toBe(false)
  }
  // From now on it is stopped.
  let waited = 0
  for (; !(await ahead.take()); waited += 1_000) time += 1_000
  expect(waited).toBeLessThanOrEqual(lastsMs)
  expect(await one.renewInTime({ letGo: true })).toBe(false)
  expect([one.held, ahead.held]).toEqual([false, true])
})

test('a lease that was let go of and taken again is not the one that was seen before', async () => {
  await using world = await World.open()
  const { documents } = world
  let time = 1_000_000
  const lease = (holder: string) => new Lease({ documents, holder, lastsMs: 5_000, clock: () => time })
  const [one, two] = [lease('one/1'), lease('two/1')]
  expect([await one.take(), await two.take()]).toEqual([true, false])
  for (let round = 0; round < 5; round++) {
    await one.release()
    time += 10_000
    expect([await one.take(), await two.take()]).toEqual([true, false])
  }
})

test('what an earlier life of the same node has left is free at once', async () => {
  await using world = await World.open()
  const { documents } = world
  const lease = (holder: string) => new Lease({ documents, holder, lastsMs: 60_000, clock: Date.now })
  expect(await lease('one/1').take()).toBe(true)
  expect(await lease('two/1').take()).toBe(false)
  expect(await lease('one/2').take()).toBe(true)
})

test('a node that is asked to rebuild or to compare becomes the one that folds', async () => {
  await using world = await World.open()
  const room = `room-${randomUUID()}`
  await world.append(room, sent(1))
  const first = await world.node({ shared: { holder: 'first', leaseMs: 900 } })
  const second = await world.node({ shared: { holder: 'second', leaseMs: 900 } })
  await Promise.all([first.level(), second.level()])
  await second.projecting.rebuild(['houses'])
  expect((await world.documents.record(leaseKey))?.value).toMatchObject({ holder: 'second' })
  await world.append(room, sent(2))
  await Promise.all([first.level(), second.level()])
  expect(await first.projecting.readModels.get(houses, [room])).toMatchObject([{ document: { sent: 2 } }])
  expect(await first.projecting.verify(['houses'])).toMatchObject([{ differenceCount: 0 }])
  expect((await world.documents.record(leaseKey))?.value).toMatchObject({ holder: 'first' })
  expect(await world.documents.record(leaseWantedKey)).toBeUndefined()
})

test('READYOURWRITES: a node that looks on says that it is level only once it knows which builds are in use', async () => {
  await using world = await World.open()
  const room = `room-${randomUUID()}`
  await world.append(room, sent(1))
  // Longer than anything here: who loses the lease has to read what is held back.
  const first = await world.node({ shared: { holder: 'first', leaseMs: 10_000 } })
  const second = await world.node({ shared: { holder: 'second', leaseMs: 10_000 } })
  await Promise.all([first.level(), second.level()])
  await second.projecting.rebuild(['houses'])
  const before = first.projecting.checkpoint
  const records = world.documents.records.bind(world.documents)
  const held = Promise.withResolvers<void>()
  world.documents.records = async (prefix) => {
    if (prefix === 'projection/') await held.promise
    return records(prefix)
  }
  await world.append(room, sent(2))
  await second.level()
  await sleep(100)
  expect(first.projecting.checkpoint).toBe(before)
  held.resolve()
  await first.level()
  expect(await first.projecting.readModels.get(houses, [room])).toMatchObject([{ document: { sent: 2 } }])
})

test('whoever is busy with the read models does not let go of them', async () => {
  await using world = await World.open()
  await world.append(`room-${randomUUID()}`, sent(1))
  const first = await world.node({ shared: { holder: 'first', leaseMs: 900 } })
  const second = await world.node({ shared: { holder: 'second', leaseMs: 900 } })
  await Promise.all([first.level(), second.level()])
  const write = world.documents.write.bind(world.documents)
  const held = Promise.withResolvers<void>()
  world.documents.write = async (writes, records) => {
    if (writes.some(({ collection }) => collection.startsWith('verify_'))) await held.promise
    return write(writes, records)
  }
  const compared = first.projecting.verify(['houses'])
  try {
    await expect(second.projecting.rebuild('all')).rejects.toThrow(NotTheRunner)
  } finally {
    held.resolve()
  }
  expect(await compared).toMatchObject([{ differenceCount: 0 }])
})
