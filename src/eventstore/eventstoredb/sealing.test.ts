import { randomBytes, randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { seal, unseal } from './sealing.ts'

const id = randomUUID()
const key = randomBytes(32)

test('what was sealed comes back, whatever its length', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 9_000, size: 'max' }), (text) => {
      const json = JSON.stringify({ text })
      expect(unseal(seal(json, id, key), id, key)).toEqual({ kind: 'json', json })
    }),
    { numRuns: 50 },
  )
})

test('sealed twice it is not the same, and shows nothing of the text', () => {
  const json = JSON.stringify({ text: 'a secret of which nobody must know' })
  const [one, two] = [seal(json, id, key), seal(json, id, key)]
  expect(one).not.toBe(two)
  expect(Buffer.from(one, 'base64').includes('secret')).toBe(false)
})

test('with another key it is forgotten, not damaged', () => {
  expect(unseal(seal('{}', id, key), id, randomBytes(32))).toEqual({ kind: 'forgotten' })
})

test('moved to another event, cut or changed, it is damaged', () => {
  const sealed = seal('{"text":"a"}', id, key)
  expect(unseal(sealed, randomUUID(), key)).toEqual({ kind: 'damaged' })
  expect(unseal(sealed.slice(0, 20), id, key)).toEqual({ kind: 'damaged' })
  expect(unseal('not base64 at all', id, key)).toEqual({ kind: 'damaged' })
  const bytes = Buffer.from(sealed, 'base64')
  for (const index of [10, bytes.length - 1, bytes.length - 20]) {
    const changed = Buffer.from(bytes)
    changed[index] = (changed[index] ?? 0) ^ 1
    expect(unseal(changed.toString('base64'), id, key)).toEqual({ kind: 'damaged' })
  }
})

test('a long body of ordinary text is stored in less than it is long', () => {
  const json = JSON.stringify({ text: 'the quick brown fox '.repeat(1_000) })
  expect(seal(json, id, key).length).toBeLessThan(json.length / 2)
})
