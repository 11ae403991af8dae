import { expect, test } from 'vitest'
import { CannotOpen } from '../port.ts'
import { addressOf } from './address.ts'

test.each([
  ['esdb://localhost', 'localhost'],
  ['esdb://localhost:2113?tls=false', 'localhost:2113'],
  ['esdb://127.0.0.1:2113?tls=false', '127.0.0.1:2113'],
  ['esdb://a:1,b:2,c', 'a:1,b:2,c'],
  ['esdb+discover://cluster.example:2113/', 'cluster.example:2113'],
  ['esdb://ada:p%40ss%3Aword@db:2113', 'db:2113'],
  ['esdb://ada:secret@db?tls=true&nodePreference=leader', 'db'],
])('%s is an address', (text, shown) => {
  expect(addressOf(text).shown).toBe(shown)
})

test.each([
  ['postgres://localhost', 'esdb://'],
  ['localhost:2113', 'esdb://'],
  ['', 'esdb://'],
  ['esdb://', 'cannot be read'],
  ['esdb://:2113', 'names no host'],
  ['esdb://host:21x3', '"21x3"'],
  ['esdb://host:70000', '"70000"'],
  ['esdb://host:2113/path', '"2113/path"'],
  ['esdb://[::1]:2113', 'IPv6'],
  ['esdb://::1', 'IPv6'],
  ['esdb://127.0.0.1:2113', 'tls=false'],
  ['esdb://db,10.0.0.7', 'host names only'],
  ['esdb+discover://a,b', 'several hosts'],
  ['esdb://ada:secret@host?tls=false', 'would not be sent'],
  ['esdb://ada@host', 'a user and a password'],
  ['esdb://ada:se:cret@host', '%3A'],
  ['esdb://ada:100%@host', '%25'],
  ['esdb://ada:p@ss@host', '%40'],
  ['esdb://host?tls=no', 'true or false'],
  ['esdb://host?tsl=false', '"tsl"'],
  ['esdb://host?tlsVerifyCert=false', 'tlsCAFile'],
  ['esdb://host?throwOnAppendFailure=false', 'leave it out'],
  ['esdb://host?gossipTimeout=soon', 'a whole number'],
  ['esdb://host?tlsCAFile=/there/is/no/such.crt', 'is not there'],
  ['esdb://host?userCertFile=/etc/hostname', 'together'],
  ['esdb://host?tls=false&tlsCAFile=/etc/hostname', 'Leave out'],
  ['esdb://host?tls', 'no value'],
])('%s is refused: %s', (text, sentence) => {
  expect(() => addressOf(text)).toThrow(CannotOpen)
  expect(() => addressOf(text)).toThrow(sentence)
})

test('no sentence holds the password', () => {
  for (const text of [
    'esdb://ada:geheim@host?tls=false',
    'esdb://ada:geheim:x@h',
    'esdb://a:geheim@x@h',
    'x://a:geheim@h',
  ]) {
    expect(() => addressOf(text)).toThrow(expect.not.objectContaining({ message: expect.stringContaining('geheim') }))
  }
})
