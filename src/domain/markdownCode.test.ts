import fc from 'fast-check'
import { expect, test } from 'vitest'
import { withoutCode } from './markdownCode.ts'

const kept = (text: string) => withoutCode(text).replace(/\s+/g, ' ').trim()

test.each([
  ['a `b` c', 'a c'],
  ['a ``b ` c`` d', 'a d'],
  ['a `b\nc` d', 'a d'],
  ['a `b', 'a `b'],
  ['a `` b ` c', 'a `` b ` c'],
  ['a `b\n\nc` d', 'a `b c` d'],
  ['a\n```js\nb\n```\nc', 'a c'],
  ['a\n~~~\nb\n```\nc\n~~~\nd', 'a d'],
  ['a\n````\nb\n```\nc\n````\nd', 'a d'],
  ['a\n```\nb', 'a'],
  ['a ```b``` c', 'a c'],
  ['a\n    ```\nb', 'a ``` b'],
])('%j leaves %j', (text, left) => expect(kept(text)).toBe(left))

test('what is not code stays where it was', () =>
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('`', '~', '\n', ' ', 'a', '😀'), maxLength: 60 }), (text) => {
      const left = withoutCode(text)
      expect(left).toHaveLength(text.length)
      for (let i = 0; i < text.length; i++) expect([text[i], ' ']).toContain(left[i])
    }),
  ))

test('a text without a backtick or a fence is the same text', () =>
  fc.assert(
    fc.property(
      fc.string().filter((text) => !/[`~]/.test(text)),
      (text) => withoutCode(text) === text,
    ),
  ))
