import fc from 'fast-check'
import { expect, test } from 'vitest'
import { commandRate, guestRate, RateLimits, registerRate } from './rates.ts'

function limits(options: { enabled?: boolean; remembered?: number } = {}) {
  const clock = { ms: 1_000_000 }
  const rates = new RateLimits({ now: () => clock.ms, enabled: true, ...options })
  const allowed = (key: string, rate = registerRate) => rates.take(rate, key).allowed
  return { clock, rates, allowed }
}

test('the burst is allowed at once, then one each time one is given back', () => {
  const { clock, rates, allowed } = limits()
  for (let i = 0; i < 20; i++) expect(allowed('192.0.2.1')).toBe(true)
  expect(rates.take(registerRate, '192.0.2.1')).toEqual({ allowed: false, retryAfterSeconds: 6 })
  clock.ms += 5_999
  expect(rates.take(registerRate, '192.0.2.1')).toEqual({ allowed: false, retryAfterSeconds: 1 })
  clock.ms += 1
  expect(allowed('192.0.2.1')).toBe(true)
  expect(allowed('192.0.2.1')).toBe(false)
})

test('after a long pause the burst is there again, and no more', () => {
  const { clock, allowed } = limits()
  const many = () => Array.from({ length: 300 }, () => allowed('user_1', commandRate)).filter(Boolean).length
  expect(many()).toBe(200)
  clock.ms += 3_600_000
  expect(many()).toBe(200)
})

test('whoever waits as long as told is let in', () =>
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 3_000 }), { maxLength: 60 }), (pauses) => {
      const { clock, rates, allowed } = limits()
      for (const pause of pauses) {
        clock.ms += pause
        const allowance = rates.take(guestRate, '192.0.2.1')
        if (allowance.allowed) continue
        clock.ms += allowance.retryAfterSeconds * 1000
        expect(allowed('192.0.2.1', guestRate)).toBe(true)
      }
    }),
  ))

test('each rate and each key counts for itself; a /64 is one address', () => {
  const { allowed } = limits()
  for (let i = 0; i < 20; i++) allowed(`2001:db8::${i}`)
  expect(allowed('2001:db8::ffff')).toBe(false)
  expect(allowed('2001:db8:0:1::1')).toBe(true)
  expect(allowed('2001:db8::1', guestRate)).toBe(true)
})

test('a clock that is set back takes nothing away', () => {
  const { clock, allowed } = limits()
  expect(allowed('192.0.2.1')).toBe(true)
  clock.ms -= 3_600_000
  expect(allowed('192.0.2.1')).toBe(true)
})

test('what is not used for long is forgotten, so that memory is bounded', () => {
  const { allowed } = limits({ remembered: 2 })
  for (let i = 0; i < 21; i++) allowed('192.0.2.1')
  expect(allowed('192.0.2.1')).toBe(false)
  allowed('192.0.2.2')
  allowed('192.0.2.3')
  expect(allowed('192.0.2.1')).toBe(true)
})

test('switched off, everything is allowed', () => {
  const { allowed } = limits({ enabled: false })
  for (let i = 0; i < 1000; i++) expect(allowed('192.0.2.1')).toBe(true)
})
