import { expect, test } from 'vitest'
import { ConnectionLost, failureOf, Late, passes, sentenceFor } from './failure.ts'

const error = (fields: object, message = 'what the client said') => Object.assign(new Error(message), fields)

test.each([
  ['a bare error of gRPC, as the first call after the server died gets', error({ code: 14 }), 'unreachable'],
  ['an error of the client', error({ type: 'unavailable', code: 14 }), 'unreachable'],
  ['a call that the server ended', error({ code: 1 }), 'unreachable'],
  ['our own timer', new Late(), 'late'],
  ["the client's deadline", error({ type: 'deadline-exceeded', code: 4 }), 'late'],
  ['a lost connection', new ConnectionLost(), 'unreachable'],
  ['a type beats a code', error({ type: 'wrong-expected-version', code: 9 }), 'wrong-revision'],
  ['a type that is new', error({ type: 'something-new', code: 7 }), 'denied'],
  ['a code of Node', error({ code: 'ECONNRESET' }), 'other'],
  ['no error at all', 'Impossible situation', 'other'],
])('%s is known', (_, thrown, failure) => {
  expect(failureOf(thrown)).toBe(failure)
})

test('only what may pass by itself is tried again', () => {
  expect(['unreachable', 'late', 'not-leader', 'other'].map((one) => passes(one as 'late'))).toEqual(
    Array(4).fill(true),
  )
  expect(['denied', 'wrong-revision', 'refused'].map((one) => passes(one as 'late'))).toEqual(Array(3).fill(false))
})

test.each([
  ['self-signed certificate in certificate chain', 'tlsCAFile'],
  ['unable to verify the first certificate', 'tlsCAFile'],
  ['certificate has expired', 'Renew'],
  ['write EPROTO ... wrong version number', 'tls=false'],
  ['getaddrinfo ENOTFOUND db', 'DNS'],
  ['connect ECONNREFUSED', 'Check that it runs'],
])('"%s" leads to advice: %s', (said, advice) => {
  const sentence = sentenceFor(error({ code: 14 }, said), 'db:2113')
  expect(sentence).toContain('db:2113')
  expect(sentence).toContain(advice)
})
