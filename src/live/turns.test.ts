// Fairness: a few at a time, in the order of asking.

import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { Slots } from './slots.ts'
import { Turns } from './turns.ts'

test('so many have their turn in one turn of the event loop, in the order of asking', async () => {
  const turns = new Turns(3)
  const served: number[] = []
  for (let number = 0; number < 10; number++) {
    const turn = turns.take()
    if (turn) void turn.then(() => served.push(number))
    else served.push(number)
  }
  const counts = [served.length]
  while (served.length < 10) {
    await nextTurn()
    counts.push(served.length)
  }
  expect(served).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  const steps = counts.map((count, index) => count - (counts[index - 1] ?? 0))
  expect(Math.max(...steps)).toBe(3)
  await nextTurn()
  await nextTurn()
  expect(turns.take()).toBeUndefined()
})

test('no more is under way at a time than there are slots, also where work fails', async () => {
  const slots = new Slots(2)
  let underWay = 0
  let most = 0
  const work = Array.from({ length: 7 }, (_, number) =>
    slots.run(async () => {
      most = Math.max(most, ++underWay)
      await nextTurn()
      underWay--
      if (number % 3 === 0) throw new Error(`${number}`)
      return number
    }),
  )
  const outcomes = await Promise.allSettled(work)
  expect(outcomes.map(({ status }) => status)).toEqual(
    Array.from({ length: 7 }, (_, number) => (number % 3 === 0 ? 'rejected' : 'fulfilled')),
  )
  expect([most, underWay]).toEqual([2, 0])
})
