// Handing out gives way to all else, and all else to it.

import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { Share } from './share.ts'

/** Serves so many at 1/128 ms each, while all else takes so many ms in each turn. @returns how many each turn served */
async function served(count: number, othersMs: number): Promise<number[]> {
  let ms = 0
  const share = new Share(() => ms)
  const turns = [0]
  let over = false
  const others = (async () => {
    for (;;) {
      await nextTurn()
      if (over) return
      ms += othersMs
      turns.push(0)
    }
  })()
  share.begin()
  for (let index = 0; index < count; index++) {
    const turn = share.next()
    if (turn) await turn
    ms += 1 / 128
    turns[turns.length - 1] = (turns.at(-1) ?? 0) + 1
  }
  over = true
  await others
  return turns.filter((number) => number > 0)
}

test('in a turn of the event loop some dozens are served while there is little else to do', async () => {
  const turns = await served(1_000, 0.1)
  expect(Math.max(...turns)).toBe(64)
  expect(turns.reduce((sum, number) => sum + number)).toBe(1_000)
})

test('where all else takes longer, it is served for as long as that took, and never for long', async () => {
  expect((await served(1_000, 2)).slice(1, -1)).toEqual([256, 256, 256])
  expect(Math.max(...(await served(3_000, 50)))).toBeLessThanOrEqual(512)
})

test('many who hand out at once to a few each serve some hundred together in a turn', async () => {
  const turns = [0]
  let over = false
  const counting = (async () => {
    while (!over) {
      await nextTurn()
      turns.push(0)
    }
  })()
  const handOut = async () => {
    const share = new Share()
    share.begin()
    for (let index = 0; index < 10; index++) {
      const turn = share.next()
      if (turn) await turn
      turns[turns.length - 1] = (turns.at(-1) ?? 0) + 1
    }
  }
  await Promise.all(Array.from({ length: 300 }, handOut))
  over = true
  await counting
  expect(turns.reduce((sum, number) => sum + number)).toBe(3_000)
  // Where turns are counted and where they begin is not quite the same.
  expect(Math.max(...turns)).toBeLessThanOrEqual(2 * 512)
})
