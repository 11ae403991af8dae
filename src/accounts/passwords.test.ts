import { argon2Sync } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { TooBusy } from './hashQueue.ts'
import { checkPassword, needsRehash, Passwords } from './passwords.ts'
import { formatPhc } from './phc.ts'

const address = '192.0.2.1'
const good = 'vivid lantern 9'

describe('hashing', () => {
  test('a hash is a PHC string with the cost, a new salt each time, and is not made again', async () => {
    const passwords = new Passwords()
    const [one, other] = await Promise.all([passwords.hash(good, { address }), passwords.hash(good, { address })])
    expect(one).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/)
    expect(one).not.toBe(other)
    expect(needsRehash(one)).toBe(false)
  })

  test('the password is found right, another one wrong, and letters keep their case', async () => {
    const passwords = new Passwords()
    const phc = await passwords.hash(good, { address })
    expect(await passwords.verify(good, phc, { address })).toBe(true)
    expect(await passwords.verify(`${good} `, phc, { address })).toBe(false)
    expect(await passwords.verify(good.toUpperCase(), phc, { address })).toBe(false)
  })

  test('the same characters in another form of Unicode, and other spaces, are the same password', async () => {
    const passwords = new Passwords()
    const phc = await passwords.hash('cafe\u0301 no\u00ebl', { address })
    expect(await passwords.verify('caf\u00e9\u00a0noe\u0308l', phc, { address })).toBe(true)
    expect(await passwords.verify('cafe noel', phc, { address })).toBe(false)
  })

  test('a hash of another cost is checked with that cost, and should be made again', async () => {
    const [memory, passes, parallelism, salt] = [64, 3, 2, Buffer.alloc(16, 1)]
    const tag = argon2Sync('argon2id', { message: good, nonce: salt, memory, passes, parallelism, tagLength: 32 })
    const phc = formatPhc({ memory, passes, parallelism, salt, tag })
    const passwords = new Passwords()
    expect(await passwords.verify(good, phc, { address })).toBe(true)
    expect(await passwords.verify('another one', phc, { address })).toBe(false)
    expect(needsRehash(phc)).toBe(true)
  })

  test('nothing is the password of an unknown user', async () =>
    expect(await new Passwords().verify(good, undefined, { address })).toBe(false))

  test('an unknown user, and a text that can be no password, cost as much as a wrong password', async () => {
    const passwords = new Passwords({ atOnce: 1 })
    const phc = await passwords.hash(good, { address })
    const cases = [
      ['wrong', 'not the one', phc],
      ['unknown', 'not the one', undefined],
      ['too long', 'x'.repeat(1_000_000), phc],
    ] as const
    const fastest: Record<string, number> = {}
    for (let round = 0; round < 5; round++)
      for (const [name, password, stored] of cases) {
        const started = performance.now()
        await passwords.verify(password, stored, { address })
        fastest[name] = Math.min(fastest[name] ?? Number.POSITIVE_INFINITY, performance.now() - started)
      }
    // Without the same work they would take less than a hundredth.
    const { wrong = 0, unknown = 0, 'too long': tooLong = 0 } = fastest
    for (const time of [unknown, tooLong]) expect(time).toBeGreaterThan(wrong / 3)
  })

  test('halves of surrogate pairs do not match the sign that UTF-8 puts in their place', async () => {
    const passwords = new Passwords()
    const phc = await passwords.hash('lantern \ufffd 42', { address })
    expect(await passwords.verify('lantern \ud800 42', phc, { address })).toBe(false)
  })

  test('a stored text that is no hash is an error, which does not repeat it', async () => {
    const result = new Passwords().verify(good, 'plain secret', { address })
    await expect(result).rejects.toThrow('The stored password hash cannot be read')
    await expect(result).rejects.not.toThrow('plain secret')
  })

  test('where too many wait, more are refused at once; a /64 waits as one address', async () => {
    const passwords = new Passwords({ atOnce: 1, waitingPerAddress: 1 })
    const running = passwords.hash(good, { address })
    const waiting = passwords.hash(good, { address: '2001:db8::1' })
    expect(passwords.waiting).toBe(1)
    const refused = passwords.verify(good, undefined, { address: '2001:db8::2' })
    await expect(refused).rejects.toBeInstanceOf(TooBusy)
    await expect(refused).rejects.toMatchObject({ retryAfterSeconds: 1 })
    await Promise.all([running, waiting])
    expect(passwords.waiting).toBe(0)
  })

  test('whoever goes away while waiting is not hashed for', async () => {
    const passwords = new Passwords({ atOnce: 1 })
    const running = passwords.hash(good, { address })
    const control = new AbortController()
    const waiting = passwords.hash(good, { address, signal: control.signal })
    control.abort(new Error('gone'))
    await expect(waiting).rejects.toThrow('gone')
    await running
  })
})

describe('the rule', () => {
  test.each([good, 'x7#kQm2z', '😀🦦🌧🌲äöüß'])('accepts %j', (password) =>
    expect(checkPassword(password, 'ada')).toBeUndefined(),
  )

  test.each([
    ['short', 'shorter than 8'],
    ['e\u0301'.repeat(7), 'shorter than 8'],
    ['vivid\0lantern', 'NUL'],
    ['vivid\ud800lantern', 'surrogate'],
    ['Password1!', 'tried first'],
    ['ada.LOVELACE', 'same as the username'],
  ])('refuses %j: %s', (password, reason) => {
    const sentence = checkPassword(password, 'Ada.Lovelace')
    expect(sentence).toContain(reason)
    expect(sentence).toMatch(/ Choose .+\.$/)
  })

  test('counts what is hashed: an accent typed apart is part of its letter', () => {
    expect(checkPassword('e\u0301a\u0301x\u0302y\u0302'.repeat(32), 'ada')).toContain('longer than 128')
    expect(checkPassword('e\u0301a\u0301u\u0302o\u0302'.repeat(32), 'ada')).toBeUndefined()
    expect(checkPassword('e\u0301a\u0301u\u0302o\u0302'.repeat(33), 'ada')).toContain('longer than 128')
  })

  test('does not read through what is far too long', () =>
    expect(checkPassword('x'.repeat(10_000_000), 'ada')).toContain('longer than 128'))
})
