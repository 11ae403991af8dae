import { expect, test } from 'vitest'
import { ChangesFeed } from './changesFeed.ts'

/** A feed of what was put here since the frame before. */
function feeding() {
  const waiting: string[] = []
  let closed = 0
  const feed = new ChangesFeed<readonly string[]>({
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

test('while the reader has something else left to read no frame is made, and then one of the newest', async () => {
  const { feed, put } = feeding()
  let left = Promise.withResolvers<void>()
  let busy = true
  let asked = 0
  feed.yieldTo(() => {
    asked++
    return busy ? left.promise : undefined
  })
  put('a')
  let taken: unknown
  const next = feed.next().then((result) => {
    taken = result
  })
  put('b')
  const before = left
  left = Promise.withResolvers()
  before.resolve()
  await new Promise((resolve) => setImmediate(resolve))
  // It asks again before it writes: something else may have come in between.
  expect([taken, asked]).toEqual([undefined, 2])
  put('c')
  busy = false
  left.resolve()
  await next
  expect(taken).toEqual({ done: false, value: ['a', 'b', 'c'] })
})

test('it ends at once while it waits', async () => {
  for (const busy of [undefined, new Promise<void>(() => {})]) {
    const { feed, put, closed } = feeding()
    put('a')
    await feed.next()
    feed.yieldTo(() => busy)
    const next = feed.next()
    await new Promise((resolve) => setTimeout(resolve, 10))
    await feed.return()
    feed.close()
    put('b')
    expect(await next).toEqual({ done: true, value: undefined })
    expect(await feed.next()).toEqual({ done: true, value: undefined })
    expect([feed.closed, closed()]).toEqual([true, 1])
  }
})
