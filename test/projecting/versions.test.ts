// Nodes that bring different versions of a projection share a log and its read models.

import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { type Projection, projection } from '../../projections/projection.ts'
import { checkpointKey } from '../../src/projecting/builds.ts'
import { contents, freshFold, houses, letters, marks, type Node, sent, World } from './world.ts'

/** What the newer nodes bring. */
const doubled = projection<{ readonly twice: number }>({
  name: 'houses',
  version: 2,
  indexes: [{ twice: 1 }],
  documentOf: { MessageSent: (event) => event.stream },
  evolve: { MessageSent: (before) => ({ twice: (before?.twice ?? 0) + 2 }) },
})
const newer: readonly Projection[] = [letters, doubled, marks]

/** Nodes of one cluster; `dead` tells which of them have died without a word. */
function cluster(world: World) {
  const dead = new Set<string>()
  const node = (holder: string, projections?: readonly Projection[]): Promise<Node> =>
    world.node({
      shared: { holder, leaseMs: 600, lives: { own: holder, nodeIsAlive: (life) => !dead.has(life) } },
      ...(projections && { projections }),
    })
  return { dead, node }
}

const sentIn = async ({ projecting }: Node, room: string) =>
  (await projecting.readModels.get(houses, [room]))[0]?.document.sent
const twiceIn = async ({ projecting }: Node, room: string) =>
  (await projecting.readModels.get(doubled, [room]))[0]?.document.twice

test('an old build is dropped only when no node that lives reads it', async () => {
  await using world = await World.open()
  const { dead, node } = cluster(world)
  const room = `room-${randomUUID()}`
  await world.append(room, sent(1), sent(2))
  const [one, two] = [await node('one'), await node('two')]
  const three = await node('three', newer)
  expect(await twiceIn(three, room)).toBe(4)
  await sleep(1_500)
  // The grace of these tests is 20 ms: without the others' word it would be gone.
  expect(await world.documents.collections()).toContain('houses_v1_1')
  expect([await sentIn(one, room), await sentIn(two, room)]).toEqual([2, 2])
  await one.close()
  await sleep(1_500)
  expect(await world.documents.collections()).toContain('houses_v1_1')
  expect(await sentIn(two, room)).toBe(2)
  // The last one dies without a word.
  dead.add('two')
  await expect.poll(() => world.documents.collections(), { timeout: 5_000 }).not.toContain('houses_v1_1')
  expect(await twiceIn(three, room)).toBe(4)
})

test('whoever folds next keeps what an older node reads, too', async () => {
  await using world = await World.open()
  const { node } = cluster(world)
  const room = `room-${randomUUID()}`
  await world.append(room, sent(1))
  const old = await node('old')
  const [first, second] = [await node('first', newer), await node('second', newer)]
  await expect.poll(() => old.projecting.leading).toBe(false)
  await first.close()
  await world.append(room, sent(2))
  await second.level()
  expect(second.projecting.leading).toBe(true)
  await sleep(1_500)
  expect(await world.documents.collections()).toContain('houses_v1_1')
  expect(await sentIn(old, room)).toBe(1)
  await old.close()
  await expect.poll(() => world.documents.collections(), { timeout: 5_000 }).not.toContain('houses_v1_1')
  expect(await contents(world.documents, second.projecting)).toBe(await freshFold(world.store, newer))
})

test('FOLD: while a new version is made the old one is folded on; READYOURWRITES: afterwards an old node says that it is behind', async () => {
  await using world = await World.open()
  const { node } = cluster(world)
  const room = `room-${randomUUID()}`
  for (let number = 0; number < 300; number++) await world.append(room, sent(number))
  const old = await node('old')
  const createIndexes = world.documents.createIndexes.bind(world.documents)
  const held = Promise.withResolvers<void>()
  const making = Promise.withResolvers<void>()
  world.documents.createIndexes = async (collection, indexes) => {
    if (collection === 'houses_v2_1') {
      making.resolve()
      await held.promise
    }
    return createIndexes(collection, indexes)
  }
  const coming = node('new', newer)
  await making.promise
  for (let round = 0; round < 5; round++) {
    await world.append(room, sent(1_000 + round))
    await old.level()
    expect(await sentIn(old, room)).toBe(301 + round)
    await sleep(200)
  }
  expect(old.projecting.leading).toBe(true)
  expect(old.projecting.health()).toEqual({ ready: true })
  held.resolve()
  const fresh = await coming
  expect(fresh.projecting.leading).toBe(true)
  const { position } = await world.append(room, sent(2_000))
  await fresh.level()
  expect(await twiceIn(fresh, room)).toBe(612)
  expect(await old.projecting.readModels.waitFor(position, { timeoutMs: 1_000 })).toBe(false)
  expect(old.projecting.health()).toMatchObject({
    ready: false,
    reason: expect.stringContaining('houses in another version'),
  })
  expect(await sentIn(old, room)).toBe(305)
  expect(old.projecting.leading).toBe(false)
})

test('FOLD: a new node dies between taking over and its switch, and the old one goes on without a hole', async () => {
  await using world = await World.open()
  const { dead, node } = cluster(world)
  const room = `room-${randomUUID()}`
  await world.append(room, sent(1))
  const old = await node('old')
  // The new one folds, but does not come to its switch.
  const write = world.documents.write.bind(world.documents)
  const stuck = Promise.withResolvers<void>()
  let switches = 0
  world.documents.write = async (writes, records = []) => {
    if (records.some(({ key, value }) => key === 'projection/houses/v2' && value !== undefined)) {
      switches += 1
      await stuck.promise
      throw new Error('This node is dead.')
    }
    return write(writes, records)
  }
  const coming = node('new', newer).catch((error: unknown) => error)
  await expect.poll(() => switches, { timeout: 10_000 }).toBeGreaterThan(0)
  expect((await world.documents.record('projection/houses/v1'))?.value).toHaveProperty('through')
  const { position } = await world.append(room, sent(2), sent(3))
  // It is held for dead, and does nothing any more.
  dead.add('new')
  await expect.poll(() => old.projecting.leading, { timeout: 10_000 }).toBe(true)
  await old.level()
  expect(await sentIn(old, room)).toBe(3)
  expect(((await world.documents.record(checkpointKey))?.value.position as string) >= position).toBe(true)
  expect((await world.documents.record('projection/houses/v1'))?.value).not.toHaveProperty('through')
  expect(await contents(world.documents, old.projecting)).toBe(await freshFold(world.store))
  stuck.resolve()
  void coming
})

test('an older node that is alone again makes its own builds anew', async () => {
  await using world = await World.open()
  const { node } = cluster(world)
  const room = `room-${randomUUID()}`
  await world.append(room, sent(1))
  const old = await node('old')
  const fresh = await node('new', newer)
  await world.append(room, sent(2))
  await fresh.level()
  expect(await sentIn(old, room)).toBe(1)
  await fresh.close()
  await expect.poll(() => sentIn(old, room), { timeout: 10_000 }).toBe(2)
  await expect.poll(() => old.projecting.health(), { timeout: 10_000 }).toEqual({ ready: true })
  await world.append(room, sent(3))
  await old.level()
  expect(await contents(world.documents, old.projecting)).toBe(await freshFold(world.store))
})

test('two new nodes beside an old one make one new build', async () => {
  await using world = await World.open()
  const { node } = cluster(world)
  const room = `room-${randomUUID()}`
  for (let number = 0; number < 50; number++) await world.append(room, sent(number))
  await node('old')
  const made = newBuilds(world)
  const both = await Promise.all([node('first', newer), node('second', newer)])
  expect(made).toEqual(['houses_v2_1'])
  for (const one of both) expect(await twiceIn(one, room)).toBe(100)
})

test('a new node that was about to make the build that another one has just finished leaves it at that', async () => {
  await using world = await World.open()
  const { node } = cluster(world)
  const room = `room-${randomUUID()}`
  await world.append(room, sent(1))
  await node('old')
  const made = newBuilds(world)
  // The second has seen that the build is missing, and is slow to tell that it makes it.
  const write = world.documents.write.bind(world.documents)
  const about = Promise.withResolvers<void>()
  const finished = Promise.withResolvers<void>()
  world.documents.write = async (writes, records = []) => {
    if (
      records.some(
        ({ key, value }) => key === 'builds/second' && ((value?.makes as string[] | undefined) ?? []).length > 0,
      )
    ) {
      about.resolve()
      await finished.promise
    }
    return write(writes, records)
  }
  const coming = node('second', newer)
  await about.promise
  const first = await node('first', newer)
  finished.resolve()
  const second = await coming
  expect(made).toEqual(['houses_v2_1'])
  for (const one of [first, second]) expect(await twiceIn(one, room)).toBe(2)
})

/** The collections of newer builds of houses that are made from now on. */
function newBuilds({ documents }: World): readonly string[] {
  const made: string[] = []
  const createCollection = documents.createCollection.bind(documents)
  documents.createCollection = (collection, options) => {
    if (collection.startsWith('houses_v2')) made.push(collection)
    return createCollection(collection, options)
  }
  return made
}
