import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { sessionId } from '../domain/ids.ts'
import { formatToken, hashToken, matches, newSecret, parseToken } from './tokens.ts'

const id = sessionId('01890a5d-ac96-774b-bcce-b302099a8057')

test('a secret has 256 bits and is a new one each time', () => {
  const secrets = Array.from({ length: 100 }, newSecret)
  expect(new Set(secrets).size).toBe(100)
  for (const secret of secrets) expect(Buffer.from(secret, 'base64url')).toHaveLength(32)
})

test('a token is read as it was written', () => {
  const secret = newSecret()
  expect(parseToken(formatToken(id, secret))).toEqual({ sessionId: id, secret })
})

const secret = 'A'.repeat(43)
test.each([
  '',
  secret,
  id,
  `${id}.`,
  `${id}.${secret}A`,
  `${id}.${secret.slice(1)}`,
  `${id}.${secret.slice(1)}=`,
  ` ${id}.${secret}`,
  `${id}.${secret}\n`,
  `${id.toUpperCase()}.${secret}`,
  `${id.replace('session', 'user')}.${secret}`,
  `${id}:${secret}`,
])('%j is no token', (text) => expect(parseToken(text)).toBeUndefined())

test('the stored hash is the SHA-256 of the secret and matches nothing else', () => {
  const mine = newSecret()
  expect(hashToken(mine)).toBe(createHash('sha256').update(mine).digest('base64url'))
  expect(matches(mine, hashToken(mine))).toBe(true)
  expect(matches(newSecret(), hashToken(mine))).toBe(false)
  expect(matches(mine, mine)).toBe(false)
  expect(matches(mine, '')).toBe(false)
  expect(matches(mine, `${hashToken(mine)}A`)).toBe(false)
})
