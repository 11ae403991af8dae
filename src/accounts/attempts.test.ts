import fc from 'fast-check'
import { expect, test } from 'vitest'
import { LoginAttempts } from './attempts.ts'

function setUp(options: { enabled?: boolean; remembered?: number } = {}) {
  const clock = { ms: 1_000_000 }
  const attempts = new LoginAttempts({ now: () => clock.ms, enabled: true, ...options })
  /** The seconds to wait; 0 where the login was admitted and ended as said. */
  const login = (username: string, address: string, outcome: 'wrong' | 'right' | 'unchecked' = 'wrong'): number => {
    const admission = attempts.begin(username, address)
    if (!admission.allowed) return admission.retryAfterSeconds
    using attempt = admission.attempt
    if (outcome === 'wrong') attempt.failed()
    if (outcome === 'right') attempt.succeeded()
    return 0
  }
  return { clock, attempts, login }
}

const addresses = (n: number) => Array.from({ length: n }, (_, i) => `192.0.2.${i}`)

test('each failure doubles the delay of the account, up to a minute, whatever the address and the case', () => {
  const { clock, login } = setUp()
  const delays = addresses(9).map((address, i) => {
    expect(login(i % 2 ? 'ADA' : 'ada', address)).toBe(0)
    const delay = login('Ada', '198.51.100.1')
    clock.ms += delay * 1000
    // This address has its turn now; it uses it without a check, so that the next one is not let in by it.
    expect(login('ada', '198.51.100.1', 'unchecked')).toBe(0)
    return delay
  })
  expect(delays).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60])
})

test('the right password after the wait is accepted and resets the account', () => {
  const { clock, login } = setUp()
  for (const address of addresses(5)) {
    login('ada', address)
    clock.ms += 60_000
  }
  expect(login('ada', '192.0.2.9', 'right')).toBe(0)
  expect(login('ada', '192.0.2.9')).toBe(0)
  expect(login('ada', '192.0.2.10')).toBe(1)
})

test('whoever waits as long as told gets a turn, though others fail all the time', () => {
  const { clock, login } = setUp()
  for (const address of addresses(20)) {
    login('ada', address)
    clock.ms += 60_000
  }
  login('ada', '203.0.113.1')
  const wait = login('ada', '198.51.100.7', 'right')
  expect(wait).toBe(60)
  for (let second = 0; second < wait; second++) {
    login('ada', `203.0.113.${second}`)
    clock.ms += 1000
  }
  login('ada', '203.0.113.200')
  expect(login('ada', '198.51.100.7', 'right')).toBe(0)
})

test('asking again while waiting neither lengthens nor shortens the wait', () => {
  const { clock, login } = setUp()
  for (const address of addresses(4)) {
    login('ada', address)
    clock.ms += 8_000
  }
  login('ada', '192.0.2.99')
  expect(login('ada', '198.51.100.7')).toBe(16)
  clock.ms += 10_000
  expect(login('ada', '198.51.100.7')).toBe(6)
})

test('an address has some failures without delay, then waits for all accounts; a /64 is one address', () => {
  const { clock, login } = setUp()
  for (let i = 0; i < 5; i++) expect(login(`name${i}`, `2001:db8::${i}`)).toBe(0)
  expect(login('another', '2001:db8::ffff')).toBe(1)
  expect(login('another', '2001:db8:0:1::1')).toBe(0)
  clock.ms += 1000
  expect(login('yet-another', '2001:db8::ffff')).toBe(0)
  expect(login('and-another', '2001:db8::ffff')).toBe(2)
})

test('a success does not pardon the address: an own account must not help to guess others', () => {
  const { clock, login } = setUp()
  for (let i = 0; i < 4; i++) login(`name${i}`, '192.0.2.1')
  login('mallory', '192.0.2.1', 'right')
  login('name5', '192.0.2.1')
  expect(login('mallory', '192.0.2.1', 'right')).toBe(1)
  clock.ms += 1000
  expect(login('mallory', '192.0.2.1', 'right')).toBe(0)
})

test('failures are forgotten one by one', () => {
  const { clock, login } = setUp()
  for (const address of addresses(3)) {
    login('ada', address)
    clock.ms += 4_000
  }
  clock.ms += 120_000 * 2
  login('ada', '192.0.2.50')
  expect(login('ada', '192.0.2.51')).toBe(2)
  clock.ms += 120_000 * 5
  login('ada', '192.0.2.52')
  expect(login('ada', '192.0.2.53')).toBe(1)
})

test('nobody guesses in parallel: a few logins at once, and after a failure one', () => {
  const { clock, attempts, login } = setUp()
  const under = addresses(6).map((address) => attempts.begin('ada', address))
  expect(under.map((admission) => admission.allowed)).toEqual([true, true, true, true, true, false])
  for (const admission of under) if (admission.allowed) admission.attempt.failed()
  clock.ms += 60_000
  const next = [attempts.begin('ada', '198.51.100.1'), attempts.begin('ada', '198.51.100.2')]
  expect(next).toMatchObject([{ allowed: true }, { allowed: false, retryAfterSeconds: 1 }])
  for (const admission of next) if (admission.allowed) admission.attempt.succeeded()
  expect(login('ada', '198.51.100.3')).toBe(0)
})

test('what was never checked counts for nothing, and an outcome counts once', () => {
  const { attempts, login } = setUp()
  for (let i = 0; i < 200; i++) expect(login('ada', '192.0.2.1', 'unchecked')).toBe(0)
  const admission = attempts.begin('ada', '192.0.2.1')
  if (!admission.allowed) throw new Error('expected to be admitted')
  admission.attempt.failed()
  admission.attempt.failed()
  admission.attempt.succeeded()
  expect(login('ada', '192.0.2.2')).toBe(1)
})

test('nobody ever waits for longer than a minute, and the wait that is told is enough for the account', () =>
  fc.assert(
    fc.property(
      fc.array(fc.record({ pause: fc.nat({ max: 90_000 }), from: fc.nat({ max: 250 }) }), { maxLength: 80 }),
      (steps) => {
        const { clock, login } = setUp()
        for (const { pause, from } of steps) {
          clock.ms += pause
          expect(login('ada', `192.0.2.${from}`)).toBeLessThanOrEqual(60)
        }
        clock.ms += login('ada', '198.51.100.1', 'right') * 1000
        expect(login('ada', '198.51.100.1', 'right')).toBe(0)
      },
    ),
  ))

test('a clock that is set back by an hour makes nobody wait for an hour', () => {
  const { clock, login } = setUp()
  for (const address of addresses(3)) {
    login('ada', address)
    clock.ms += 4_000
  }
  login('ada', '192.0.2.60')
  clock.ms -= 3_600_000
  expect(login('ada', '192.0.2.61')).toBeLessThanOrEqual(60)
})

test('memory is bounded: what was not seen for longest is forgotten', () => {
  const { login } = setUp({ remembered: 2 })
  login('ada', '192.0.2.1')
  expect(login('ada', '192.0.2.2')).toBe(1)
  login('bob', '192.0.2.3')
  login('eve', '192.0.2.4')
  expect(login('ada', '192.0.2.5')).toBe(0)
})

test('switched off, nothing waits', () => {
  const { login } = setUp({ enabled: false })
  for (let i = 0; i < 100; i++) expect(login('ada', '192.0.2.1')).toBe(0)
})
