import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isCommonPassword } from './commonPasswords.ts'
import { commonBases, commonPasswords } from './commonPasswordWords.ts'

test.each([
  'password',
  'PassWord',
  'password1',
  'Password123!',
  'P@ssw0rd2024',
  'iloveyou',
  'Sunshine!!',
  'summer2026',
  'welcome@123',
  'letmein_1',
  '12345678',
  '0987654321',
  'qwertyuiop',
  'poiuytrewq',
  'abcdefghij',
  'aaaaaaaaaaaa',
  'abababab',
  'testtest',
  'abcabcabc',
  '1q2w3e4r5t',
  'correcthorsebatterystaple',
])('%s is common', (password) => expect(isCommonPassword(password)).toBe(true))

test.each([
  'otter teapot 9',
  'vivid-lantern',
  'kFq2_x9Lw',
  'sunshine on monday',
  'passwordless chair',
  '19840713tk',
  '東京タワー夜景観光',
])('%s is not', (password) => expect(isCommonPassword(password)).toBe(false))

test('the lists are in lower case and long enough to matter', () => {
  for (const text of [...commonBases, ...commonPasswords]) expect(text).toBe(text.toLowerCase())
  for (const text of commonPasswords) expect(text.length).toBeGreaterThanOrEqual(8)
  for (const base of commonBases) expect(base.length).toBeGreaterThanOrEqual(3)
  expect(commonPasswords.size).toBeGreaterThan(700)
  // Each base stands for thousands of passwords with what is added to it.
  expect(commonBases.size).toBeGreaterThan(400)
})

test('every common word is common in any case and with a year behind it', () =>
  fc.assert(
    fc.property(fc.constantFrom(...commonBases), fc.integer({ min: 1950, max: 2030 }), (base, year) => {
      expect(isCommonPassword(`${base.toUpperCase()}${year}`)).toBe(true)
    }),
  ))

test('random passwords of the shortest length are not common', () =>
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 8, maxLength: 8 }), (bytes) => {
      fc.pre(new Set(bytes).size > 6)
      expect(isCommonPassword(Buffer.from(bytes).toString('hex'))).toBe(false)
    }),
  ))
