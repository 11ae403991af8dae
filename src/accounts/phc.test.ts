import fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatPhc, parsePhc } from './phc.ts'

const [salt, tag] = ['A'.repeat(22), 'A'.repeat(43)]

test('it is read as it was written', () =>
  fc.assert(
    fc.property(
      fc.record({
        memory: fc.integer({ min: 32, max: 65_536 }),
        passes: fc.integer({ min: 1, max: 10 }),
        parallelism: fc.integer({ min: 1, max: 4 }),
        salt: fc.uint8Array({ minLength: 8, maxLength: 64 }).map((bytes) => Buffer.from(bytes)),
        tag: fc.uint8Array({ minLength: 16, maxLength: 64 }).map((bytes) => Buffer.from(bytes)),
      }),
      (hash) => {
        expect(parsePhc(formatPhc(hash))).toEqual(hash)
      },
    ),
  ))

test.each([
  '',
  'secret',
  `$argon2i$v=19$m=19456,t=2,p=1$${salt}$${tag}`,
  `$argon2id$v=16$m=19456,t=2,p=1$${salt}$${tag}`,
  `$argon2id$v=19$m=65537,t=2,p=1$${salt}$${tag}`,
  `$argon2id$v=19$m=19456,t=11,p=1$${salt}$${tag}`,
  `$argon2id$v=19$m=19456,t=2,p=5$${salt}$${tag}`,
  `$argon2id$v=19$m=8,t=2,p=2$${salt}$${tag}`,
  `$argon2id$v=19$m=0,t=2,p=1$${salt}$${tag}`,
  `$argon2id$v=19$m=19456,t=2,p=1$AAAA$${tag}`,
  `$argon2id$v=19$m=19456,t=2,p=1$${salt}$AAAA`,
  `$argon2id$v=19$m=19456,t=2,p=1$${salt}$${tag}=`,
  `$argon2id$v=19$m=19456,t=2,p=1$${salt}$${'A'.repeat(87)}`,
])('%j is refused without being repeated', (text) => {
  expect(() => parsePhc(text)).toThrow(
    /^The stored password hash cannot be read: it is no Argon2id hash, or one beyond the accepted size\.$/,
  )
})
