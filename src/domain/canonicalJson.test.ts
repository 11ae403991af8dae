import fc from 'fast-check'
import { expect, test } from 'vitest'
import { canonicalJson } from './canonicalJson.ts'

/** The same value with the keys of every object put in the other order. */
function reordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reordered)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, member]) => [key, reordered(member)]),
  )
}

test('keys are sorted at every depth, lists keep their order', () =>
  expect(canonicalJson({ b: [{ z: 1, a: null }, 2, 1], a: 'é', 10: true, 9: false })).toBe(
    '{"10":true,"9":false,"a":"é","b":[{"a":null,"z":1},2,1]}',
  ))

test('what is undefined is left out of an object, and null in a list', () => {
  expect(canonicalJson({ a: undefined, b: [undefined] })).toBe('{"b":[null]}')
  expect(canonicalJson(undefined)).toBe('null')
})

test('toJSON is honoured', () =>
  expect(canonicalJson({ at: new Date(0), own: { toJSON: () => ({ b: 1, a: 2 }) } })).toBe(
    '{"at":"1970-01-01T00:00:00.000Z","own":{"a":2,"b":1}}',
  ))

test('a key called __proto__ is a key like any other', () =>
  expect(canonicalJson(JSON.parse('{"a":1,"__proto__":{"b":2}}'))).toBe('{"__proto__":{"b":2},"a":1}'))

test('the order of the keys does not matter', () =>
  fc.assert(fc.property(fc.jsonValue(), (value) => canonicalJson(reordered(value)) === canonicalJson(value))))

test('it says the same as the value, and writing it again changes nothing', () =>
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = canonicalJson(value)
      expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)))
      expect(canonicalJson(JSON.parse(text))).toBe(text)
    }),
  ))

test('it accepts what JSON.stringify accepts', () =>
  fc.assert(
    fc.property(fc.anything(), (value) => {
      fc.pre(accepts(value))
      expect(() => JSON.parse(canonicalJson(value))).not.toThrow()
    }),
  ))

function accepts(value: unknown): boolean {
  try {
    JSON.stringify(value)
    return true
  } catch {
    return false
  }
}
