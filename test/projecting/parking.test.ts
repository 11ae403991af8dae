import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { projection } from '../../projections/projection.ts'
import { contents, deleted, edited, freshFold, houses, letters, marks, sent, World } from './world.ts'

const house = () => `room-${randomUUID()}`

/** Folds like `letters`, but cannot bear one text, until it is mended. */
function touchy() {
  const state = { mended: false, whichFails: false }
  const { documentOf, evolve } = letters
  const broken = projection<NonNullable<typeof letters._document>>({
    ...letters,
    documentOf: {
      ...documentOf,
      MessageSent: (event) => {
        if (state.whichFails && !state.mended && event.body?.text === 'no document')
          throw new RangeError(event.body.text)
        return `message_${event.id}`
      },
    },
    evolve: {
      ...evolve,
      MessageEdited: (letter, event, id) => {
        if (!state.mended && event.body?.text.startsWith('unbearable')) throw new TypeError(event.body.text)
        return evolve.MessageEdited?.(letter, event, id)
      },
    },
  })
  return { broken, state }
}

test('a document whose fold fails is parked with its later events, the rest goes on, and a mended projection heals it', async () => {
  await using world = await World.open()
  const { broken, state } = touchy()
  const projections = [broken, houses, marks]
  const node = await world.node({ projections })
  const room = house()
  const [first, second] = [sent(1, 'one'), sent(2, 'two')]
  await world.append(room, first, second, edited(first.id, 'fine'), edited(first.id, 'unbearable words'))
  await node.level()
  await world.append(room, edited(first.id, 'later'), edited(second.id, 'two, edited'))
  await node.level()
  const { readModels } = node.projecting
  const id = `message_${first.id}`
  expect(await readModels.get(broken, [id])).toMatchObject([{ revision: 2, document: { text: 'fine', edits: 1 } }])
  expect(await readModels.get(broken, [`message_${second.id}`])).toMatchObject([{ document: { text: 'two, edited' } }])
  expect(await readModels.get(houses, [room])).toMatchObject([{ document: { sent: 2 } }])
  const parked = { documentId: id, stream: room, fromRevision: 3, throughRevision: 4, events: 2 }
  expect(node.projecting.status()[0]?.parked).toMatchObject([parked])
  expect(readModels.parkedRevision(broken, id)).toBe(2)
  expect(readModels.parkedRevision(broken, `message_${second.id}`)).toBeUndefined()
  const errors = world.logger.lines.filter((line) => line.startsWith('error'))
  expect(errors).toHaveLength(1)
  expect(errors[0]).toContain('parley projections rebuild letters')
  expect(JSON.stringify([errors, node.projecting.status()])).not.toContain('unbearable')
  await node.close()

  // It stays parked after a restart, also in the eyes of verify; only a rebuild takes it up again.
  const again = await world.node({ projections })
  await world.append(room, edited(first.id, 'once more'))
  await again.level()
  expect(again.projecting.status()[0]?.parked).toMatchObject([{ ...parked, throughRevision: 6, events: 3 }])
  const [result] = await again.projecting.verify(['letters'])
  expect(result).toMatchObject({ differenceCount: 0, parked: [id] })
  await expect(again.projecting.rebuild(['letters'])).rejects.toThrow('TypeError')
  state.mended = true
  await again.projecting.rebuild(['letters'])
  expect(again.projecting.status()[0]?.parked).toEqual([])
  expect(await readModels.get(broken, [id])).toEqual([])
  expect(await again.projecting.readModels.get(broken, [id])).toMatchObject([
    { document: { text: 'once more', edits: 4 } },
  ])
  expect(await contents(world.documents, again.projecting)).toBe(await freshFold(world.store))
  expect((await world.documents.records('parked/')).size).toBe(0)
})

test('where not even the document can be told, all of that stream is parked, and no other', async () => {
  await using world = await World.open()
  const { broken, state } = touchy()
  state.whichFails = true
  const node = await world.node({ projections: [broken, houses, marks] })
  const [bad, good] = [house(), house()]
  const before = sent(1)
  await world.append(bad, before, sent(2, 'no document'), edited(before.id, 'left out'))
  await world.append(good, sent(1), sent(2))
  await node.level()
  const { readModels } = node.projecting
  expect(readModels.parkedRevision(broken, `message_${before.id}`, bad)).toBe(0)
  expect(readModels.parkedRevision(broken, 'message_x', good)).toBeUndefined()
  expect(await readModels.count(broken, {})).toBe(3)
  expect(node.projecting.status()[0]?.parked).toMatchObject([
    { documentId: `stream:${bad}`, events: 2, fromRevision: 1 },
  ])
  state.mended = true
  await node.projecting.rebuild('all')
  expect(await contents(world.documents, node.projecting)).toBe(await freshFold(world.store))
})

test('a node that looks on knows what the other one has parked once it says that it is level', async () => {
  await using world = await World.open()
  const { broken, state } = touchy()
  const projections = [broken, houses, marks]
  const first = await world.node({ projections, shared: { holder: 'first', leaseMs: 300 } })
  const second = await world.node({ projections, shared: { holder: 'second', leaseMs: 300 } })
  const room = house()
  for (let number = 1; number <= 3; number++) {
    const message = sent(number, 'fine')
    const id = `message_${message.id}`
    await world.append(room, message)
    await second.level()
    expect(second.projecting.readModels.parkedRevision(broken, id)).toBeUndefined()
    const { revision } = await world.append(room, edited(message.id, 'unbearable'), edited(message.id, 'later'))
    await second.level()
    expect(second.projecting.readModels.parkedRevision(broken, id)).toBe(revision - 2)
    expect(second.projecting.status()[0]?.parked).toHaveLength(number)
  }
  expect(first.projecting.leading).toBe(true)
  // It takes over, and goes on looking on where the other one parks.
  await first.close()
  await world.append(room, sent(4))
  await second.level()
  const third = await world.node({ projections, shared: { holder: 'third', leaseMs: 300 } })
  expect(third.projecting.status()[0]?.parked).toMatchObject([{ events: 2 }, { events: 2 }, { events: 2 }])
  state.mended = true
  await third.projecting.rebuild(['letters'])
  await expect.poll(() => second.projecting.status()[0]?.parked).toEqual([])
  expect(second.projecting.leading).toBe(false)
  const message = sent(5, 'fine')
  state.mended = false
  await world.append(room, message, edited(message.id, 'unbearable'))
  await second.level()
  expect(second.projecting.status()[0]?.parked).toMatchObject([{ documentId: `message_${message.id}` }])
})

test('ERASE: a parked message does not keep a text that was deleted', async () => {
  await using world = await World.open()
  const { broken } = touchy()
  const node = await world.node({ projections: [broken] })
  const message = sent(1, 'regretted')
  await world.append(house(), message, edited(message.id, 'unbearable'), deleted(message.id))
  await node.level()
  expect(await node.projecting.readModels.get(broken, [`message_${message.id}`])).toEqual([])
  expect(node.projecting.status()[0]?.parked).toHaveLength(1)
})
