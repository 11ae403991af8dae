import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { TimerWheel } from './timerWheel.ts'

test('timers ring in order, never early, and not once they are called off', async () => {
  const wheel = new TimerWheel({ tickMs: 2 })
  const startedAt = performance.now()
  const rung: [number, number][] = []
  // 300 ms is more than once around.
  for (const ms of [300, 20, 150, 0]) wheel.after(ms, () => rung.push([ms, performance.now() - startedAt]))
  wheel.after(50, () => rung.push([-1, 0]))[Symbol.dispose]()
  await sleep(400)
  wheel.close()
  expect(rung.map(([ms]) => ms)).toEqual([0, 20, 150, 300])
  for (const [ms, after] of rung) expect(after).toBeGreaterThanOrEqual(ms)
})

test('a timer may set itself again', async () => {
  const wheel = new TimerWheel({ tickMs: 1 })
  let rung = 0
  const again = (): void => {
    rung += 1
    if (rung < 5) wheel.after(5, again)
  }
  wheel.after(5, again)
  await expect.poll(() => rung).toBe(5)
  wheel.close()
})

test('after the loop has stood still, everything that is due rings', async () => {
  const wheel = new TimerWheel({ tickMs: 1 })
  let rung = 0
  for (let ms = 0; ms < 200; ms += 10) wheel.after(ms, () => (rung += 1))
  await sleep(1)
  const until = performance.now() + 250
  while (performance.now() < until);
  await expect.poll(() => rung).toBe(20)
  wheel.close()
})
