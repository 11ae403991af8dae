import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { deleted, houses, letters, marked, sent, World } from './world.ts'

const house = () => `room-${randomUUID()}`

test('FOLD: verify finds nothing where nothing is wrong, and leaves nothing behind', async () => {
  await using world = await World.open()
  const node = await world.node()
  const room = house()
  const first = sent(1)
  await world.append(room, first, sent(2), deleted(first.id))
  await world.append(`read-${room}`, marked(4))
  await node.level()
  const before = await world.documents.collections()
  const results = await node.projecting.verify('all')
  expect(results.map(({ name, documents, differenceCount }) => ({ name, documents, differenceCount }))).toEqual([
    { name: 'letters', documents: 1, differenceCount: 0 },
    { name: 'houses', documents: 1, differenceCount: 0 },
    { name: 'marks', documents: 1, differenceCount: 0 },
  ])
  expect(await world.documents.collections()).toEqual(before)
})

test('FOLD: verify finds a planted difference of every kind, and tells no texts', async () => {
  await using world = await World.open()
  const node = await world.node()
  const messages = [sent(1, 'secret one'), sent(2, 'secret two'), sent(3, 'secret three')]
  const [changed, vanished, late] = messages.map((one) => `message_${one.id}`)
  const { position } = await world.append(house(), ...messages)
  await node.level()
  const { readModels } = node.projecting
  const collection = readModels.collectionOf('letters') ?? ''
  const plant = { collection, position }
  await world.documents.write([
    { ...plant, id: changed ?? '', revision: 90, document: { text: 'planted', edits: 0, more: { deep: 1 } } },
    { ...plant, id: vanished ?? '', revision: 91, document: undefined },
    { ...plant, id: late ?? '', revision: 92, document: { text: 'secret three', edits: 0 } },
    { ...plant, id: 'message_invented', revision: 1, document: { text: 'never said' } },
  ])
  const [result] = await node.projecting.verify(['letters'])
  expect(result).toMatchObject({ name: 'letters', documents: 3, differenceCount: 4, parked: [] })
  const found = new Map(result?.differences.map((one) => [one.id, { kind: one.kind, fields: one.fields }]))
  expect(found.get(changed ?? '')).toEqual({ kind: 'different', fields: ['(revision)', 'text', 'more'] })
  expect(found.get(vanished ?? '')).toEqual({ kind: 'missing', fields: [] })
  expect(found.get(late ?? '')).toEqual({ kind: 'different', fields: ['(revision)'] })
  expect(found.get('message_invented')).toEqual({ kind: 'unexpected', fields: [] })
  expect(JSON.stringify(result)).not.toMatch(/secret|planted|never said/)
  // A rebuild mends it.
  await node.projecting.rebuild(['letters'])
  expect((await node.projecting.verify(['letters']))[0]?.differenceCount).toBe(0)
})

test('more differences than are listed are counted', async () => {
  await using world = await World.open()
  const node = await world.node()
  const { position } = await world.append(house(), sent(1))
  await node.level()
  const collection = node.projecting.readModels.collectionOf('houses') ?? ''
  const ids = Array.from({ length: 1_200 }, (_, index) => `planted-${index}`)
  await world.documents.write(ids.map((id) => ({ collection, id, position, revision: 0, document: { sent: 1 } })))
  const [result] = await node.projecting.verify(['houses'])
  expect(result?.differenceCount).toBe(1_200)
  expect(result?.differences).toHaveLength(20)
})

test('FOLD: verify finds nothing while people write, and finds what is planted meanwhile', async () => {
  await using world = await World.open()
  const rooms = [house(), house()]
  const node = await world.node()
  for (const room of rooms) await world.append(room, ...Array.from({ length: 600 }, (_, index) => sent(index + 1)))
  let going = true
  const writing = (async () => {
    for (let number = 0; going; number++) {
      const room = rooms[number % 2] ?? ''
      const message = sent(1_000 + number)
      await world.append(room, message)
      if (number % 3 === 0) await world.append(room, deleted(message.id))
      await world.append(`read-${room}`, marked(number))
    }
  })()
  for (let round = 0; round < 3; round++) {
    const results = await node.projecting.verify('all')
    expect(results.flatMap((one) => one.differences)).toEqual([])
  }
  const collection = node.projecting.readModels.collectionOf('letters') ?? ''
  const position = node.projecting.checkpoint
  await world.documents.write([{ collection, id: 'planted', position, revision: 0, document: {} }])
  const results = await node.projecting.verify('all')
  expect(results.flatMap((one) => one.differences)).toEqual([{ id: 'planted', kind: 'unexpected', fields: [] }])
  going = false
  await writing
})

test('verify keeps texts from being forgotten until it is done', async () => {
  await using world = await World.open()
  await world.append(house(), sent(1))
  const node = await world.node()
  const happened: string[] = []
  const hold = () => {
    happened.push('held')
    return { [Symbol.dispose]: () => void happened.push('let go') }
  }
  await node.projecting.verify([letters.name, houses.name], { hold, onProgress: () => happened.push('folded') })
  expect(happened[0]).toBe('held')
  expect(happened.at(-1)).toBe('let go')
  expect(happened).toContain('folded')
})
