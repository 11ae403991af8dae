import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { checkMessageText, codePoints, contentHash, mentionsIn } from './text.ts'

const candidates = (text: string) => mentionsIn(text).mentions.map((mention) => mention.candidates)
const refusal = (text: string, max = 10) => {
  const checked = checkMessageText(text, max)
  return checked.ok ? undefined : checked.code
}

test('lengths count code points', () => {
  expect(codePoints('añ😀')).toBe(3)
  expect(codePoints('')).toBe(0)
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => codePoints(text) === [...text].length))
})

test('a text is kept as it was sent', () =>
  expect(checkMessageText('  hi\n', 10)).toEqual({ ok: true, value: '  hi\n' }))

test('a text of the greatest length is accepted, one more is too large', () => {
  expect(refusal('😀'.repeat(10))).toBeUndefined()
  expect(refusal('😀'.repeat(11))).toBe('TOO_LARGE')
})

test('NUL, halves of surrogate pairs and nothing but white space are refused', () => {
  expect(refusal('a\0b')).toBe('BAD_INPUT')
  expect(refusal('a\ud83d')).toBe('BAD_INPUT')
  expect(refusal(' \n\t\u3000')).toBe('BAD_INPUT')
  expect(refusal('')).toBe('BAD_INPUT')
})

test('an accepted text survives UTF-8', () =>
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const checked = checkMessageText(text, 1000)
      if (checked.ok) expect(Buffer.from(checked.value).toString()).toBe(text)
    }),
  ))

test.each([
  ['@ada', [['ada']]],
  ['hello (@Ada), and @bob_1', [['ada'], ['bob_1', 'bob']]],
  ['thanks @ada.', [['ada.', 'ada']]],
  ["@ada's", [['ada']]],
  ['@ada-lovelace', [['ada-lovelace', 'ada']]],
  ['@a.b-cd', [['a.b-cd', 'a.b']]],
  ['@ada........', [['ada........', 'ada.......', 'ada......', 'ada.....', 'ada']]],
  ['@ada @ADA', [['ada']]],
  ['@@ada', [['ada']]],
  ['ada@example.org', []],
  ['zoé@example.org', []],
  ['你好@ada你好', [['ada']]],
  ['@', []],
  ['@a', []],
  ['`@ada`', []],
  ['```\n@ada\n```\n@bob', [['bob']]],
  [`@${'a'.repeat(33)}`, []],
  [`@${'a'.repeat(32)}.`, [['a'.repeat(32)]]],
])('%j mentions %j', (text, expected) => expect(candidates(text)).toEqual(expected))

test.each(['@room', 'hey @ALL!', '@here.', '@everyone, look', '@everyone--'])('%j mentions the room', (text) =>
  expect(mentionsIn(text)).toEqual({ mentions: [], mentionsRoom: true }),
)

test.each(['@rooms', 'me@room', '`@all`', 'everyone', '@all-hands'])('%j does not mention the room', (text) =>
  expect(mentionsIn(text).mentionsRoom).toBe(false),
)

test('of many mentions the first fifty count, and the room is found behind them', () => {
  const names = Array.from({ length: 80 }, (_, i) => `name${i}`)
  const { mentions, mentionsRoom } = mentionsIn(`${names.map((name) => `@${name}`).join(' ')} @room`)
  expect(mentions.map((mention) => mention.candidates[0])).toEqual(names.slice(0, 50))
  expect(mentionsRoom).toBe(true)
})

const chatty = fc.string({
  unit: fc.constantFrom('@', 'a', 'B', '7', '.', '-', '_', ' ', '`', '\n', 'é', '人'),
  maxLength: 80,
})

test('every candidate stands in the text behind an @, longest first, a few of each', () =>
  fc.assert(
    fc.property(chatty, (text) => {
      for (const { candidates: names } of mentionsIn(text).mentions) {
        expect(names.length).toBeGreaterThan(0)
        expect(names.length).toBeLessThanOrEqual(5)
        expect(names).toEqual([...new Set(names)].sort((a, b) => b.length - a.length))
        for (const name of names) expect(text.toLowerCase()).toContain(`@${name}`)
      }
    }),
  ))

const username = fc
  .stringMatching(/^[a-z0-9][a-z0-9_.-]{0,20}[a-z0-9]$/)
  .filter((name) => !/^(room|all|here|everyone)$/.test(name))

test('a username that is mentioned is the first candidate, or the second before a full stop', () =>
  fc.assert(
    fc.property(username, (name) => {
      expect(candidates(`so @${name}!`)[0]?.[0]).toBe(name)
      expect(candidates(`so @${name}.`)[0]?.slice(0, 2)).toEqual([`${name}.`, name])
    }),
  ))

test('a long text is read in time that grows with its length', () => {
  const started = performance.now()
  mentionsIn('@a.'.repeat(100_000))
  mentionsIn(`@${'-'.repeat(300_000)}a`)
  mentionsIn(`@a ${Array.from({ length: 700 }, (_, i) => '`'.repeat(i + 1)).join(' ')}`)
  mentionsIn(`@a ${'`b` '.repeat(100_000)}`)
  // Anything quadratic takes minutes here.
  expect(performance.now() - started).toBeLessThan(5_000)
})

test('the hash is that of the sorted JSON, without what is absent', () => {
  const sha = (text: string) => createHash('sha256').update(text).digest('base64url')
  expect(contentHash({ text: 'hi' })).toBe(sha('{"text":"hi"}'))
  expect(contentHash({ text: 'hi', replyToId: 'message_1', attachmentIds: ['b', 'a'] })).toBe(
    sha('{"attachmentIds":["b","a"],"replyToId":"message_1","text":"hi"}'),
  )
  expect(contentHash({ text: 'hi', replyToId: undefined, attachmentIds: [] })).toBe(contentHash({ text: 'hi' }))
})

test('other content has another hash', () => {
  const hashes = [
    contentHash({ text: 'hi' }),
    contentHash({ text: 'hi ' }),
    contentHash({ text: 'hi', replyToId: 'message_1' }),
    contentHash({ text: 'hi', threadRootId: 'message_1' }),
    contentHash({ text: 'hi', attachmentIds: ['a', 'b'] }),
    contentHash({ text: 'hi', attachmentIds: ['b', 'a'] }),
    contentHash({ text: 'hi', poll: { question: '?', options: ['a', 'b'] } }),
  ]
  expect(new Set(hashes).size).toBe(hashes.length)
})
