// What this node tells the log of people's devices, and when.

import { expect, onTestFinished, test, vi } from 'vitest'
import { ada, bob } from '../../../test/fixtures/people.ts'
import { type UserId, userId } from '../../domain/ids.ts'
import { type Attendance, attendanceOf, type Report } from '../../domain/presence.ts'
import { TimerWheel } from '../../http/timerWheel.ts'
import { Devices } from './devices.ts'

const node = '80000000-0000-4000-8000-000000000001'

function watching({ graceMs = 60, awayAfterMs = 60_000 } = {}) {
  const told: { readonly user: UserId; readonly seen: Attendance; readonly report: Report }[] = []
  const wheel = new TimerWheel({ tickMs: 5 })
  onTestFinished(() => wheel.close())
  const answer = { kind: 'done' as 'done' | 'refused', waits: Promise.resolve() }
  const devices = new Devices({
    node,
    wheel,
    now: Date.now,
    times: { graceMs, awayAfterMs },
    report: async (user, report) => {
      await answer.waits
      if (answer.kind === 'done') told.push({ user, seen: attendanceOf(report.devices), report })
      return { kind: answer.kind }
    },
  })
  const said = (user: UserId = ada) => told.filter((one) => one.user === user).map(({ seen }) => seen)
  return { devices, told, said, answer }
}

const soon = (check: () => void) => vi.waitFor(check, { timeout: 10_000, interval: 5 })
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

test('the first connection is told of, the second is not, and going only after the grace', async () => {
  const { devices, said, told } = watching()
  const laptop = devices.connected(ada, 'laptop')
  const phone = devices.connected(ada, 'phone')
  await soon(() => expect(said()).toEqual(['active']))
  laptop[Symbol.dispose]()
  await pause(150)
  expect(said()).toEqual(['active'])
  const before = Date.now()
  phone[Symbol.dispose]()
  phone[Symbol.dispose]()
  await soon(() => expect(said()).toEqual(['active', 'none']))
  // When the connection went, not when the grace was over.
  expect(Date.parse(told[1]?.report.at ?? '')).toBeLessThan(before + 50)
})

test('a storm of 3,000 reconnects within the grace tells nothing', async () => {
  const { devices, told } = watching({ graceMs: 1_000 })
  const people = Array.from({ length: 1_000 }, (_, n) => userId(`a0000000-0000-4000-8000-${`${n}`.padStart(12, '0')}`))
  let open = people.map((user) => devices.connected(user, 'first'))
  await soon(() => expect(told).toHaveLength(1_000))
  for (let round = 0; round < 3; round++) {
    for (const connection of open) connection[Symbol.dispose]()
    open = people.map((user) => devices.connected(user, `again ${round}`))
  }
  await pause(1_500)
  expect(told).toHaveLength(1_000)
})

test('a connection that is told of twice lasts until both have let it go', async () => {
  const { devices, said } = watching()
  const one = devices.connected(ada, 'socket')
  const two = devices.connected(ada, 'socket')
  await soon(() => expect(said()).toEqual(['active']))
  one[Symbol.dispose]()
  await pause(150)
  expect(said()).toEqual(['active'])
  two[Symbol.dispose]()
  await soon(() => expect(said()).toEqual(['active', 'none']))
})

test('somebody is away when nothing was asked for some time, and back with the next question', async () => {
  const { devices, said } = watching({ awayAfterMs: 500 })
  using _laptop = devices.connected(ada, 'laptop')
  using _phone = devices.connected(ada, 'phone')
  for (let round = 0; round < 5; round++) {
    await pause(120)
    devices.active(ada, 'phone')
  }
  expect(said()).toEqual(['active'])
  await soon(() => expect(said()).toEqual(['active', 'away']))
  // Over plain HTTP, which is none of the devices.
  devices.active(ada, 'request')
  await soon(() => expect(said()).toEqual(['active', 'away', 'active']))
  devices.active(bob, 'request')
  expect(said(bob)).toEqual([])
})

test('what came and went while the log was being told is told too', async () => {
  const { devices, said, answer } = watching({ graceMs: 0 })
  const { promise, resolve } = Promise.withResolvers<void>()
  answer.waits = promise
  devices.connected(ada, 'laptop')[Symbol.dispose]()
  const again = devices.connected(ada, 'laptop')
  again[Symbol.dispose]()
  resolve()
  await soon(() => expect(said().at(-1)).toBe('none'))
})

test('what the log did not take is told again', async () => {
  const { devices, said, answer } = watching()
  answer.kind = 'refused'
  using _laptop = devices.connected(ada, 'laptop')
  await pause(50)
  answer.kind = 'done'
  await soon(() => expect(said()).toEqual(['active']))
})

test('a node that stops tells at once that nobody is there', async () => {
  const { devices, said } = watching({ graceMs: 60_000 })
  const laptop = devices.connected(ada, 'laptop')
  devices.connected(bob, 'phone')[Symbol.dispose]()
  await soon(() => expect(said()).toEqual(['active']))
  await devices.close()
  expect(said()).toEqual(['active', 'none'])
  expect(['none', undefined]).toContain(said(bob).at(-1))
  laptop[Symbol.dispose]()
  devices.connected(ada, 'late')[Symbol.dispose]()
  await pause(50)
  expect(said()).toEqual(['active', 'none'])
})
