// What becomes of commands when the log does not answer, or not in time.

import { expect, test } from 'vitest'
import type { Fault } from '../../test/support/faultyStore.ts'
import { Node } from '../../test/support/node.ts'

test.each<[string, Fault[]]>([
  ['it was lost', ['lost']],
  ['its answer was lost', ['unanswered']],
  ['it lands late', ['late']],
  ['it is lost again and again', ['lost', 'lost', 'unanswered', 'lost']],
  ['it lands late twice', ['late', 'late', 'lost']],
])('ONCE NOGHOST: an append whose outcome is unknown happens once: %s', async (_, faults) => {
  await using node = await Node.withRoom()
  await node.say('before')
  node.store.faults = faults
  const outcomes = await Promise.all([node.say('one'), node.say('two')])
  expect(outcomes.map(({ kind }) => kind)).toEqual(['done', 'done'])
  await Promise.all(node.store.underWay)
  expect(await node.texts()).toEqual(['before', 'one', 'two'])
  expect(await node.say('after')).toMatchObject({ kind: 'done', revision: 5 })
})

test('ONCE: lost, and another node was faster: it is decided again and happens once', async () => {
  await using node = await Node.withRoom()
  node.store.faults = ['lost', () => node.plant({ type: 'RoomUpdated', data: { topic: 'Flowers' } })]
  expect(await node.say('one')).toMatchObject({ kind: 'done', revision: 3 })
  expect(await node.texts()).toEqual(['one'])
})

test('ONCE: done without an answer, and another node has gone on from there: it is recognised', async () => {
  await using node = await Node.withRoom()
  node.store.faults = ['unanswered', () => node.plant({ type: 'RoomUpdated', data: { topic: 'Flowers' } })]
  expect(await node.say('one')).toMatchObject({ kind: 'done', revision: 2 })
  expect(await node.say('two')).toMatchObject({ kind: 'done', revision: 4 })
  expect(await node.texts()).toEqual(['one', 'two'])
})

test('what cannot be settled in 5 s is unknown, and is called that', async () => {
  const outcomeOf = async (faults: Fault[]) => {
    await using node = await Node.withRoom()
    await node.say('before')
    node.store.faults = faults
    const began = performance.now()
    const outcome = await node.say('unknown')
    const took = performance.now() - began
    node.store.faults = []
    // Whatever became of it, what comes next is decided against what the log holds.
    const after = await node.say('after')
    return { outcome, took, after, texts: await node.texts() }
  }
  const [silent, mute, lost] = await Promise.all([
    outcomeOf(Array.from({ length: 9 }, () => 'silent')),
    outcomeOf(Array.from({ length: 9 }, () => 'mute')),
    outcomeOf(Array.from({ length: 400 }, () => 'lost')),
  ])
  for (const { outcome, took } of [silent, mute, lost]) {
    expect(outcome).toMatchObject({ kind: 'refused', code: 'UNAVAILABLE', detail: expect.stringContaining('unknown') })
    expect(took).toBeGreaterThan(4_500)
    expect(took).toBeLessThan(9_000)
  }
  expect(silent).toMatchObject({ after: { kind: 'done', revision: 3 }, texts: ['before', 'after'] })
  expect(mute).toMatchObject({ after: { kind: 'done', revision: 4 }, texts: ['before', 'unknown', 'after'] })
})

test('STOP: a log that takes no appends refuses everything, with what to do; nothing is stored', async () => {
  await using node = await Node.withRoom()
  node.store.faults = ['unavailable']
  const outcomes = await Promise.all([node.say('one'), node.say('two')])
  for (const outcome of outcomes)
    expect(outcome).toMatchObject({
      kind: 'refused',
      code: 'UNAVAILABLE',
      detail: expect.stringContaining('stored nothing'),
    })
  expect(await node.texts()).toEqual([])
  expect(await node.say('three')).toMatchObject({ kind: 'done', revision: 2 })
})

test('NOGHOST: once the outcome is unknown, a log that takes no more does not make it a failure', async () => {
  await using node = await Node.withRoom()
  node.store.faults = ['unanswered', 'unavailable']
  expect(await node.say('one')).toMatchObject({ code: 'UNAVAILABLE', detail: expect.stringContaining('unknown') })
  // It had happened.
  expect(await node.say('two')).toMatchObject({ kind: 'done', revision: 3 })
  expect(await node.texts()).toEqual(['one', 'two'])
})

test('an error that nobody foresaw fails those it concerns, and the next are decided afresh', async () => {
  await using node = await Node.withRoom()
  node.store.faults = ['broken']
  await expect(node.say('one')).rejects.toThrow('Nobody foresaw this.')
  expect(await node.say('two')).toMatchObject({ kind: 'done', revision: 2 })
})
