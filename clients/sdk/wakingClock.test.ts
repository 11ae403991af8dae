import { afterEach, expect, test } from 'vitest'
import { systemClock } from './clock.ts'
import { wakeWhenOnline, wakingClock } from './wakingClock.ts'

const long = 600_000

test('what sleeps goes on when it is woken, and what sleeps later waits again', async () => {
  const clock = wakingClock(systemClock)
  const first = clock.sleep(long)
  const second = clock.sleep(long, new AbortController().signal)
  clock.wake()
  await Promise.all([first, second])
  const aborting = new AbortController()
  const later = clock.sleep(long, aborting.signal).then(() => 'over')
  expect(await Promise.race([later, systemClock.sleep(20).then(() => 'waits')])).toBe('waits')
  aborting.abort()
  expect(await later).toBe('over')
})

const windowForTests = new EventTarget()
afterEach(() => Reflect.deleteProperty(globalThis, 'addEventListener'))

test('a browser that comes online wakes what sleeps, until the client is closed', async () => {
  // As in a browser, where it insists on its own window.
  Object.assign(globalThis, {
    addEventListener(this: unknown, ...args: Parameters<EventTarget['addEventListener']>) {
      if (this !== globalThis) throw new TypeError('Illegal invocation')
      windowForTests.addEventListener(...args)
    },
  })
  const clock = wakingClock(systemClock)
  const closing = new AbortController()
  wakeWhenOnline(clock, closing.signal)
  const first = clock.sleep(long)
  windowForTests.dispatchEvent(new Event('online'))
  await first
  closing.abort()
  const later = clock.sleep(long).then(() => 'over')
  windowForTests.dispatchEvent(new Event('online'))
  expect(await Promise.race([later, systemClock.sleep(20).then(() => 'waits')])).toBe('waits')
  clock.wake()
})
