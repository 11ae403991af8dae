import fc from 'fast-check'
import { expect, test } from 'vitest'
import { checkDisplayName, checkUsername } from '../domain/names.ts'
import { guestName, guestNameBytes } from './guestNames.ts'

const bytes = fc.uint8Array({ minLength: guestNameBytes, maxLength: guestNameBytes })

test('the same bytes give the same name', () =>
  expect(guestName(Uint8Array.of(0, 255, 0, 0, 14, 229))).toEqual({
    username: 'able-wren-4813',
    displayName: 'Able Wren',
  }))

test('every name is a username and a display name that are accepted', () =>
  fc.assert(
    fc.property(bytes, (random) => {
      const { username, displayName } = guestName(random)
      expect(username).toMatch(/^[a-z]+-[a-z]+-[1-9]\d{3}$/)
      expect(checkUsername(username).ok).toBe(true)
      expect(checkDisplayName(displayName)).toEqual({ ok: true, value: displayName })
    }),
  ))

test('there are 64 adjectives and 64 animals, all different', () => {
  const names = Array.from({ length: 64 }, (_, i) => guestName(Uint8Array.of(i, i, 0, 0, 0, 0)).displayName.split(' '))
  expect(new Set(names.map(([adjective]) => adjective)).size).toBe(64)
  expect(new Set(names.map(([, animal]) => animal)).size).toBe(64)
  expect(guestName(Uint8Array.of(64, 64, 0, 0, 0, 0))).toEqual(guestName(new Uint8Array(6)))
})

test('too few bytes are an error', () =>
  expect(() => guestName(new Uint8Array(guestNameBytes - 1))).toThrow(RangeError))
