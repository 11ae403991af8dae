import fc from 'fast-check'
import { expect, test } from 'vitest'
import { hostUsername, nickKey, nickOf, usernameOf } from './nicks.ts'

test.each([
  ['ada', 'ada'],
  ['Ada_-9', 'ada_-9'],
  ['brad[]', 'brad.5b.5d'],
  ['|trey|', '.7ctrey.7c'],
  ['\\9', '.5c9'],
  ['Steve^', 'steve.5e'],
  ['f', '.66'],
  ['Here', '.68ere'],
  ['system', '.73ystem'],
  ['__', '.5f_'],
  ['_^', '_.5e'],
  ['a.b', 'a.2eb'],
  ['né', 'n.c3.a9'],
])('%s is the user %s', (nick, username) => {
  expect(usernameOf(nick)).toBe(username)
  expect(nickOf(username)).toBe(nickKey(nick))
})

test('a nick that gets too long is a hash, which no other nick is', () => {
  const username = usernameOf('^'.repeat(20))
  expect(username).toMatch(/^\.\.[0-9a-f]{30}$/)
  expect(usernameOf('^'.repeat(21))).not.toBe(username)
  expect(nickOf(username)).toBeUndefined()
})

const odd = fc.string({ unit: fc.constantFrom(...'aAz09_-.|^`[]{}\\é你'), minLength: 1, maxLength: 40 })

test('every nick is a valid username, and leads back to the nick', () => {
  fc.assert(
    fc.property(odd, (nick) => {
      const username = usernameOf(nick)
      expect(username).toMatch(/^[a-z0-9_.-]{2,32}$/)
      expect(username).toMatch(/[a-z0-9]/)
      expect(['here', 'all', 'room', 'everyone', 'system', hostUsername]).not.toContain(username)
      if (!username.startsWith('..')) expect(nickOf(username)).toBe(nickKey(nick))
    }),
    { numRuns: 500, ...(process.env.SEED === undefined ? {} : { seed: Number(process.env.SEED) }) },
  )
})

test('the host is nobody in a log', () => expect(nickOf(hostUsername)).toBeUndefined())
