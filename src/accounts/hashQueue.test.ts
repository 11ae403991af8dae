import fc from 'fast-check'
import { expect, test } from 'vitest'
import { HashQueue, TooBusy } from './hashQueue.ts'

/** A queue whose work ends when the test says so; `begun` are the names in the order in which they began. */
function setUp(options: { atOnce?: number; waiting?: number; waitingPerAddress?: number } = {}) {
  const queue = new HashQueue({ atOnce: 1, waiting: 100, waitingPerAddress: 50, expectedMs: 50, ...options })
  const begun: string[] = []
  const ends: (() => void)[] = []
  const enter = (address: string, name: string, signal?: AbortSignal) => {
    const result = queue.run(
      address,
      () => {
        begun.push(name)
        return new Promise<string>((resolve) => ends.push(() => resolve(name)))
      },
      signal,
    )
    // Those that are not looked at must not end the test run.
    result.catch(() => {})
    return result
  }
  const settle = () => new Promise<void>((resolve) => setImmediate(resolve))
  const finishAll = async () => {
    await settle()
    for (let end = ends.shift(); end; end = ends.shift()) {
      end()
      await settle()
    }
  }
  return { queue, begun, ends, enter, settle, finishAll }
}

test('no more run at once than allowed, and each result goes to whoever asked', async () => {
  const { begun, ends, enter, settle, finishAll } = setUp({ atOnce: 2 })
  const results = ['1', '2', '3', '4'].map((name) => enter('a', name))
  await settle()
  expect(begun).toEqual(['1', '2'])
  ends.shift()?.()
  await settle()
  expect(begun).toEqual(['1', '2', '3'])
  await finishAll()
  expect(await Promise.all(results)).toEqual(['1', '2', '3', '4'])
})

test('the addresses that wait take turns', async () => {
  const { begun, enter, finishAll } = setUp()
  for (const name of ['a1', 'a2', 'a3', 'a4']) enter('a', name)
  for (const name of ['b1', 'b2']) enter('b', name)
  enter('c', 'c1')
  await finishAll()
  expect(begun).toEqual(['a1', 'a2', 'b1', 'c1', 'a3', 'b2', 'a4'])
})

test('a full line refuses at once and says when to come back', async () => {
  const { queue, enter, finishAll } = setUp({ waiting: 60, waitingPerAddress: 100 })
  for (let i = 0; i < 61; i++) enter('a', `${i}`)
  await expect(enter('b', 'late')).rejects.toMatchObject({ name: 'TooBusy', retryAfterSeconds: 3 })
  expect(queue.waiting).toBe(60)
  await finishAll()
  expect(queue.waiting).toBe(0)
  const again = enter('b', 'again')
  await finishAll()
  expect(await again).toBe('again')
})

test('one address cannot fill the line', async () => {
  const { enter, finishAll } = setUp({ waitingPerAddress: 2 })
  for (let i = 0; i < 3; i++) enter('a', `${i}`)
  await expect(enter('a', 'late')).rejects.toBeInstanceOf(TooBusy)
  const other = enter('b', 'b1')
  await finishAll()
  expect(await other).toBe('b1')
})

test('whoever goes away leaves the line; work that has begun is finished', async () => {
  const { queue, begun, enter, settle, finishAll } = setUp()
  const [first, second] = [new AbortController(), new AbortController()]
  const running = enter('a', 'running', first.signal)
  const waiting = enter('b', 'waiting', second.signal)
  const last = enter('b', 'last')
  await settle()
  first.abort()
  second.abort(new Error('gone'))
  await expect(waiting).rejects.toThrow('gone')
  expect(queue.waiting).toBe(1)
  await finishAll()
  expect(await Promise.all([running, last])).toEqual(['running', 'last'])
  expect(begun).toEqual(['running', 'last'])
  await expect(enter('a', 'too late', AbortSignal.abort(new Error('gone')))).rejects.toThrow('gone')
})

test('work that fails gives its place back', async () => {
  const { queue, enter, finishAll } = setUp()
  await expect(queue.run('a', () => Promise.reject(new Error('broken')))).rejects.toThrow('broken')
  const next = enter('a', 'next')
  await finishAll()
  expect(await next).toBe('next')
})

test('whatever comes and goes, all are served and nothing is left over', () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ address: fc.constantFrom('a', 'b', 'c'), leaves: fc.boolean() }), { maxLength: 30 }),
      async (visits) => {
        const { queue, begun, enter, finishAll } = setUp({ atOnce: 2 })
        const results = visits.map(({ address, leaves }, i) => {
          const control = new AbortController()
          const result = enter(address, `${i}`, control.signal)
          if (leaves) control.abort()
          return result
        })
        await finishAll()
        const settled = await Promise.allSettled(results)
        expect(begun).toHaveLength(settled.filter(({ status }) => status === 'fulfilled').length)
        visits.forEach(({ leaves }, i) => {
          if (!leaves) expect(settled[i]).toEqual({ status: 'fulfilled', value: `${i}` })
        })
        expect(queue.waiting).toBe(0)
      },
    ),
    { numRuns: 50 },
  ))
