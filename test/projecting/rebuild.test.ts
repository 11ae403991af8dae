import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { type Projection, projection } from '../../projections/projection.ts'
import { Projecting } from '../../src/projecting/projecting.ts'
import { NotYetBuilt } from '../../src/projecting/readModels.ts'
import { FoldFailed } from '../../src/projecting/target.ts'
import { contents, deleted, edited, freshFold, houses, letters, marked, marks, sent, World } from './world.ts'

const house = () => `room-${randomUUID()}`

/** Some rooms with a few hundred events of every kind. */
async function fill(world: World, rooms: readonly string[], each = 40): Promise<void> {
  for (const room of rooms) {
    const messages = Array.from({ length: each }, (_, index) => sent(index + 1))
    await world.append(room, ...messages)
    await world.append(room, ...messages.slice(0, 5).map((one) => edited(one.id, 'edited')))
    await world.append(room, ...messages.slice(3, 8).map((one) => deleted(one.id)))
    await world.append(`read-${room}`, marked(1), marked(2))
  }
}

test('FOLD: a rebuild gives the same documents in a new collection, and the old one is dropped', async () => {
  await using world = await World.open()
  await fill(world, [house(), house()])
  const { projecting } = await world.node()
  const before = await contents(world.documents, projecting)
  const progress: number[] = []
  const results = await projecting.rebuild('all', { batch: 50, onProgress: ({ events }) => progress.push(events) })
  expect(results.map((one) => one.collection)).toEqual(['letters_v1_2', 'houses_v1_2', 'marks_v1_2'])
  expect(await contents(world.documents, projecting)).toBe(before)
  expect(before).toBe(await freshFold(world.store))
  expect((await world.documents.collections()).toSorted()).toEqual(['houses_v1_2', 'letters_v1_2', 'marks_v1_2'])
  expect(progress.length).toBeGreaterThan(1)
  expect(progress).toEqual(progress.toSorted((a, b) => a - b))
})

test('FOLD: readers see whole read models and writers go on while everything is rebuilt', async () => {
  await using world = await World.open()
  const rooms = [house(), house(), house()]
  await fill(world, rooms, 400)
  const node = await world.node()
  await node.level()
  const { readModels } = node.projecting
  let going = true
  let lowest = Number.POSITIVE_INFINITY
  let reads = 0
  const reading = (async () => {
    let last = 0
    while (going) {
      const total = await readModels.sum(houses, 'sent', {})
      const found = await readModels.find(letters, { limit: 10 })
      expect(found).toHaveLength(10)
      // Counts never go back: not to an empty build, and not to one that is behind.
      expect(total).toBeGreaterThanOrEqual(last)
      last = total
      lowest = Math.min(lowest, total)
      reads++
    }
  })()
  const writing = (async () => {
    for (let number = 0; going; number++) {
      const room = rooms[number % rooms.length] ?? ''
      await world.append(room, sent(1_000 + number))
      await world.append(`read-${room}`, marked(number))
    }
  })()
  for (let round = 0; round < 3; round++) await node.projecting.rebuild('all', { batch: 100 })
  going = false
  await Promise.all([reading, writing])
  await node.level()
  expect(lowest).toBeGreaterThanOrEqual(1_200)
  expect(reads).toBeGreaterThan(20)
  expect(await contents(world.documents, node.projecting)).toBe(await freshFold(world.store))
})

test('a new version is filled beside the old one, which is read until then and dropped afterwards', async () => {
  await using world = await World.open()
  const room = house()
  await world.append(room, sent(1), sent(2))
  const old = await world.node()
  await old.close()
  await world.append(room, sent(3))
  const doubled: Projection<{ readonly twice: number }> = projection<{ readonly twice: number }>({
    name: 'houses',
    version: 2,
    indexes: [{ twice: 1 }],
    documentOf: { MessageSent: (event) => event.stream },
    evolve: { MessageSent: (before) => ({ twice: (before?.twice ?? 0) + 2 }) },
  })
  const node = await world.node({ projections: [letters, doubled, marks] })
  expect(await node.projecting.readModels.find(doubled, { limit: 2 })).toMatchObject([{ document: { twice: 6 } }])
  expect(node.projecting.status().find((one) => one.name === 'houses')).toMatchObject({
    version: 2,
    collection: 'houses_v2_1',
  })
  expect((await world.documents.collections()).toSorted()).toEqual(['houses_v2_1', 'letters_v1_1', 'marks_v1_1'])
})

test('an error stops a rebuild, and the build in use stays', async () => {
  await using world = await World.open()
  const room = house()
  await world.append(room, sent(1), sent(2, 'broken'), sent(3))
  let strict = false
  const touchy = projection<{ readonly text: string }>({
    name: 'letters',
    version: 1,
    indexes: [],
    documentOf: { MessageSent: (event) => event.id },
    evolve: {
      MessageSent: (_, event) => {
        if (strict && event.body?.text === 'broken') throw new TypeError(`Cannot fold ${event.body.text}`)
        return { text: event.body?.text ?? '' }
      },
    },
  })
  const { projecting } = await world.node({ projections: [touchy, houses] })
  strict = true
  const failing = projecting.rebuild('all')
  await expect(failing).rejects.toThrow(FoldFailed)
  await expect(failing).rejects.toThrow(/letters version 1 cannot fold MessageSent, revision 1 of room-.*TypeError/)
  await expect(failing).rejects.not.toThrow('broken')
  expect((await world.documents.collections()).toSorted()).toEqual(['houses_v1_1', 'letters_v1_1'])
  expect(await projecting.readModels.count(touchy, {})).toBe(3)
  strict = false
  await projecting.rebuild(['letters'])
  expect(await projecting.readModels.count(touchy, {})).toBe(3)
})

test('an interrupted rebuild leaves the build in use, and what it left is dropped at the next start', async () => {
  await using world = await World.open()
  await fill(world, [house()], 100)
  const node = await world.node()
  const before = await contents(world.documents, node.projecting)
  const calledOff = new AbortController()
  const onProgress = () => calledOff.abort(new Error('called off'))
  await expect(node.projecting.rebuild('all', { batch: 10, onProgress, signal: calledOff.signal })).rejects.toThrow(
    'called off',
  )
  expect(await contents(world.documents, node.projecting)).toBe(before)
  await node.close()
  // As a kill in the middle of a rebuild leaves it.
  await world.documents.createCollection('letters_v1_7')
  await world.documents.createCollection('someone_elses')
  const again = await world.node()
  expect(await contents(world.documents, again.projecting)).toBe(before)
  expect((await world.documents.collections()).toSorted()).toEqual([
    'houses_v1_1',
    'letters_v1_1',
    'marks_v1_1',
    'someone_elses',
  ])
})

test('what has never been built says so, and an unknown name is answered with those that there are', async () => {
  await using world = await World.open()
  const { projecting } = await world.node({ projections: [letters] })
  await expect(projecting.readModels.get(houses, ['x'])).rejects.toThrow(NotYetBuilt)
  expect(() => projecting.rebuild(['nonsense'])).toThrow('There is no read model nonsense. There are: letters.')
})

test('a build is not dropped while it is read', async () => {
  await using world = await World.open()
  await world.append(house(), sent(1))
  const { projecting } = await world.node()
  const find = world.documents.find.bind(world.documents)
  const slow = Promise.withResolvers<void>()
  const began = Promise.withResolvers<void>()
  world.documents.find = async (...args) => {
    began.resolve()
    await slow.promise
    return find(...(args as Parameters<typeof find>)) as never
  }
  const reading = projecting.readModels.find(letters, { limit: 5 })
  await began.promise
  const rebuilding = projecting.rebuild(['letters'])
  while (projecting.readModels.collectionOf('letters') !== 'letters_v1_2')
    await new Promise((resolve) => setTimeout(resolve, 2))
  await new Promise((resolve) => setTimeout(resolve, 60))
  slow.resolve()
  expect(await reading).toHaveLength(1)
  await rebuilding
  expect(await world.documents.collections()).not.toContain('letters_v1_1')
})

test('CHECKPOINT: a build is read only when the checkpoint covers everything in it', async () => {
  await using world = await World.open()
  const room = house()
  await world.append(room, sent(1))
  const { store, documents, logger } = world
  // Nothing is delivered to this one: only the rebuild looks at what is new in the log.
  const projecting = new Projecting({ store, documents, logger, projections: [letters, houses], graceMs: 1 })
  await projecting.open()
  await projecting.catchUp()
  const { position } = await world.append(room, sent(2))
  expect(projecting.checkpoint < position).toBe(true)
  await projecting.rebuild(['letters'])
  expect(projecting.checkpoint >= position).toBe(true)
  expect(await projecting.readModels.get(houses, [room])).toMatchObject([{ document: { sent: 2 } }])
  await projecting.close()
})
