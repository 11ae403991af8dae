import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { deleted, sent, World } from '../../test/projecting/world.ts'
import { LogFollower } from '../eventstore/follower.ts'
import type { EventStore, Position } from '../eventstore/port.ts'
import { Forgetting, type ForgettingOptions } from './forgetting.ts'

const soon = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const room = () => `room-${randomUUID()}`

async function bodies(store: EventStore, stream: string): Promise<readonly unknown[]> {
  const all: unknown[] = []
  for await (const page of store.readStream(stream)) all.push(...page.map((event) => event.body))
  return all
}

/** A process that forgets, fed by a subscription. */
async function forgetting(world: World, readModels: ForgettingOptions['readModels']) {
  const { store, documents, logger } = world
  const process = new Forgetting({ store, documents, logger, readModels })
  await process.open()
  const follower = new LogFollower({ store, after: process.checkpoint })
  follower.add(process)
  follower.start()
  return {
    process,
    [Symbol.asyncDispose]: async () => {
      await follower.close()
      await process.close()
    },
  }
}

test('ERASE: a deleted text can no longer be read, and is in no file', async () => {
  await using world = await World.open()
  const node = await world.node()
  await using running = await forgetting(world, node.projecting)
  const stream = room()
  const words = `regretted-${randomUUID()}`
  const message = sent(1, words)
  await world.append(stream, message, sent(2, 'kept'))
  await node.level()
  await world.append(stream, deleted(message.id))
  await running.process.idle()
  expect(await bodies(world.store, stream)).toMatchObject([undefined, { text: 'kept' }, undefined])
  expect(running.process.forgotten).toBe(1)
  for (const file of ['log.db', 'log.db-wal', 'documents.db', 'documents.db-wal'])
    expect((await readFile(join(world.folder, file)).catch(() => Buffer.alloc(0))).includes(words), file).toBe(false)
})

test('ERASE: nothing is forgotten while a build is behind the deletion', async () => {
  await using world = await World.open()
  const readModels = { slowest: '' as Position }
  await using running = await forgetting(world, readModels)
  const stream = room()
  const message = sent(1)
  const { position } = await world.append(stream, message, deleted(message.id))
  const idle = running.process.idle().then(() => 'idle')
  expect(await Promise.race([idle, soon(500).then(() => 'waiting')])).toBe('waiting')
  expect((await bodies(world.store, stream))[0]).toMatchObject({ text: 'text 1' })
  readModels.slowest = position
  expect(await idle).toBe('idle')
  expect((await bodies(world.store, stream))[0]).toBeUndefined()
})

test('ERASE: forgetting is held while a rebuild is under way, and goes on after it', async () => {
  await using world = await World.open()
  const node = await world.node()
  await using running = await forgetting(world, node.projecting)
  const stream = room()
  const message = sent(1)
  await world.append(stream, message, ...Array.from({ length: 200 }, (_, index) => sent(index + 2)))
  await node.level()
  // The rebuild waits for its second page.
  const blocked = Promise.withResolvers<void>()
  const begun = Promise.withResolvers<void>()
  const load = world.documents.createIndexes.bind(world.documents)
  world.documents.createIndexes = async (...args) => {
    begun.resolve()
    await blocked.promise
    await load(...args)
  }
  const rebuilding = node.projecting.rebuild('all')
  await begun.promise
  await world.append(stream, deleted(message.id))
  await node.level()
  await soon(400)
  expect((await bodies(world.store, stream))[0]).toMatchObject({ text: 'text 1' })
  blocked.resolve()
  await rebuilding
  await running.process.idle()
  expect((await bodies(world.store, stream))[0]).toBeUndefined()
})

test('nothing is forgotten while it is held, and a hold is let go once', async () => {
  await using world = await World.open()
  const node = await world.node()
  await using running = await forgetting(world, node.projecting)
  const stream = room()
  const message = sent(1)
  const first = running.process.hold()
  const second = running.process.hold()
  await world.append(stream, message, deleted(message.id))
  first[Symbol.dispose]()
  first[Symbol.dispose]()
  await soon(400)
  expect((await bodies(world.store, stream))[0]).toBeDefined()
  second[Symbol.dispose]()
  await running.process.idle()
  expect((await bodies(world.store, stream))[0]).toBeUndefined()
})

test('ERASE: what was deleted while nothing ran, or was not finished, is forgotten after the next start', async () => {
  await using world = await World.open()
  const node = await world.node()
  const stream = room()
  const [first, second] = [sent(1), sent(2)]
  await world.append(stream, first, deleted(first.id))
  {
    await using running = await forgetting(world, node.projecting)
    await running.process.idle()
    running.process.hold()
    await world.append(stream, second, deleted(second.id))
    await soon(400)
  }
  expect((await bodies(world.store, stream)).map((body) => body === undefined)).toEqual([true, true, false, true])
  await using running = await forgetting(world, node.projecting)
  await running.process.idle()
  expect((await bodies(world.store, stream)).every((body) => body === undefined)).toBe(true)
  expect(running.process.forgotten).toBe(1)
})
