import { expect, test } from 'vitest'
import { ChangesFeed } from './changesFeed.ts'
import type { MadeFrame } from './madeFrame.ts'
import { MadeTogether } from './madeTogether.ts'

interface Feeding {
  readonly together: MadeTogether
  readonly now: () => number
  readonly shared: object
}

/** A feed of what was put here since the frame before. */
function feeding({ together = new MadeTogether(), now = () => 0, shared }: Partial<Feeding> = {}) {
  const waiting: string[] = []
  let closed = 0
  const feed = new ChangesFeed<{ readonly said: readonly string[]; readonly shared?: object }>({
    take: () => (waiting.length === 0 ? undefined : { said: waiting.splice(0), ...(shared ? { shared } : undefined) }),
    onClose: () => closed++,
    deadline: 1_000,
    now,
    together,
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
  expect(await feed.next()).toEqual({ done: false, value: { said: ['a', 'b'] } })
  const next = feed.next()
  feed.wake()
  put('c')
  expect(await next).toEqual({ done: false, value: { said: ['c'] } })
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
  expect(taken).toEqual({ done: false, value: { said: ['a', 'b', 'c'] } })
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

test('what is the same for several is made once for each way of showing it, and again on another turn', async () => {
  const together = new MadeTogether()
  const shared = {}
  const made: string[] = []
  const frameOf = async (group: string): Promise<MadeFrame> => {
    made.push(group)
    return { text: group, parts: [], cursor: undefined }
  }
  const feeds = ['short', 'short', 'long'].map((group) => {
    const one = feeding({ together, shared })
    one.feed.goLive({ group, make: () => frameOf(group) })
    return one
  })
  for (let round = 0; round < 2; round++) {
    const next = feeds.map(({ feed }) => feed.next())
    for (const { put } of feeds) put('a')
    expect((await Promise.all(next)).map(({ value }) => value?.made?.text)).toEqual(['short', 'short', 'long'])
    await new Promise((resolve) => setImmediate(resolve))
  }
  expect(made).toEqual(['short', 'long', 'short', 'long'])
})

test('REVOKE: nothing that was being made is given once the feed is over, and nothing after the session', async () => {
  const making = Promise.withResolvers<MadeFrame>()
  const { feed, put } = feeding({ shared: {} })
  feed.goLive({ group: 'one', make: () => making.promise })
  const next = feed.next()
  put('a')
  feed.close()
  making.resolve({ text: '', parts: [], cursor: undefined })
  expect(await next).toEqual({ done: true, value: undefined })

  let time = 999
  const timed = feeding({ now: () => time })
  timed.put('a')
  expect(await timed.feed.next()).toMatchObject({ done: false })
  time = 1_000
  timed.put('b')
  expect(await timed.feed.next()).toEqual({ done: true, value: undefined })
  expect(timed.closed()).toBe(1)
})
