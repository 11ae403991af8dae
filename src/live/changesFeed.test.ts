import { expect, test } from 'vitest'
import { ChangesFeed } from './changesFeed.ts'

/** A feed of what was put here since the frame before. */
function feeding(everyMs = 0) {
  const waiting: string[] = []
  let closed = 0
  const feed = new ChangesFeed<readonly string[]>({
    everyMs,
    take: () => (waiting.length === 0 ? undefined : waiting.splice(0)),
    onClose: () => closed++,
  })
  const put = (...items: readonly string[]) => {
    waiting.push(...items)
    feed.wake()
  }
  return { feed, put, closed: () => closed }
}

test('a frame holds all that is new, and is made only when there is something', async () => {
  const { feed, put } = feeding()
  put('a', 'b')
  expect(await feed.next()).toEqual({ done: false, value: ['a', 'b'] })
  const next = feed.next()
  feed.wake()
  put('c')
  expect(await next).toEqual({ done: false, value: ['c'] })
})

test('frames keep their distance, and what comes meanwhile is one', async () => {
  const { feed, put } = feeding(100)
  put('a')
  await feed.next()
  const begun = performance.now()
  const next = feed.next()
  put('b')
  put('c')
  expect(await next).toEqual({ done: false, value: ['b', 'c'] })
  expect(performance.now() - begun).toBeGreaterThan(90)
})

test.each([
  ['while it waits for something new', 0],
  ['while it keeps its distance', 60_000],
])('it ends at once %s', async (_, everyMs) => {
  const { feed, put, closed } = feeding(everyMs)
  put('a')
  await feed.next()
  const next = feed.next()
  await new Promise((resolve) => setTimeout(resolve, 10))
  put(...(everyMs === 0 ? [] : ['b']))
  await feed.return()
  feed.close()
  expect(await next).toEqual({ done: true, value: undefined })
  expect(await feed.next()).toEqual({ done: true, value: undefined })
  expect([feed.closed, closed()]).toEqual([true, 1])
})
