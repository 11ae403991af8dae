import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  checkDisplayName,
  checkIdempotencyKey,
  checkRoomName,
  checkSlug,
  checkStatusText,
  checkTopic,
  checkUsername,
  slugOf,
  usernameKey,
} from './names.ts'
import type { Checked } from './text.ts'

/** The accepted value, or the code of the refusal. */
const outcome = (checked: Checked) => (checked.ok ? checked.value : checked.code)

describe('a username', () => {
  test.each(['ab', 'Ada.Lovelace', 'x_1-2', 'a'.repeat(32), '42', 'Roomy'])('may be %j, kept as written', (name) =>
    expect(checkUsername(name)).toEqual({ ok: true, value: name }),
  )
  test.each([
    '',
    'a',
    'ada lovelace',
    ' ada',
    'zoë',
    'ada\n',
    '..',
    '-_',
    'аda',
    'here',
    'ALL',
    'Room',
    'everyone',
    'System',
  ])('cannot be %j', (name) => expect(outcome(checkUsername(name))).toBe('BAD_INPUT'))
  test('cannot be longer than 32', () => expect(outcome(checkUsername('a'.repeat(33)))).toBe('TOO_LARGE'))
  test('is compared without case', () => expect(usernameKey('Ada.L')).toBe(usernameKey('aDA.l')))
})

describe.each([
  ['display name', checkDisplayName, 64],
  ['room name', checkRoomName, 80],
  ['topic', checkTopic, 500],
  ['status text', checkStatusText, 100],
] as const)('a %s', (_, check, max) => {
  test('loses the white space around it', () => expect(outcome(check(' \u3000Zoë 👩‍🚀\n'))).toBe('Zoë 👩‍🚀'))
  test('counts code points', () => {
    expect(outcome(check('😀'.repeat(max)))).toBe('😀'.repeat(max))
    expect(outcome(check('😀'.repeat(max + 1)))).toBe('TOO_LARGE')
  })
  test.each(['a\0b', 'a\nb', 'a\tb', 'a\u0085b', 'a\u2028b', 'a\u202eb', 'a\u2066b', 'a\ud800'])(
    'cannot be %j',
    (text) => expect(outcome(check(text))).toBe('BAD_INPUT'),
  )
  test.each(['\u200b\u200b', '\u3164', '\u2060', '\u2800', '\u00ad \u200d'])(
    'cannot be %j, which nobody sees',
    (text) => expect(outcome(check(text))).toBe('BAD_INPUT'),
  )
  test('may be written from right to left', () => expect(outcome(check('שלום'))).toBe('שלום'))
  test('is the same when it is checked again', () =>
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 100 }), (text) => {
        const once = check(text)
        if (once.ok) expect(check(once.value)).toEqual(once)
      }),
    ))
})

test('a name cannot be empty, a topic can', () => {
  expect(outcome(checkDisplayName(' '))).toBe('BAD_INPUT')
  expect(outcome(checkRoomName(''))).toBe('BAD_INPUT')
  expect(checkTopic(' \n')).toEqual({ ok: true, value: '' })
  expect(checkStatusText(' ')).toEqual({ ok: true, value: '' })
})

describe('a slug', () => {
  test.each(['a', 'general', 'team-7', '0', 'a'.repeat(64)])('may be %j', (slug) =>
    expect(outcome(checkSlug(slug))).toBe(slug),
  )
  test.each(['', '-', '--', '-a', 'a-', 'General', 'a b', 'é', 'a_b', 'a\n'])('cannot be %j', (slug) =>
    expect(outcome(checkSlug(slug))).toBe('BAD_INPUT'),
  )
  test('cannot be longer than 64', () => expect(outcome(checkSlug('a'.repeat(65)))).toBe('TOO_LARGE'))
})

test.each([
  ['General', 'general'],
  ['Crème brûlée & Käse', 'creme-brulee-kase'],
  ['Straße nach Łódź', 'strasse-nach-lodz'],
  ['İstanbul ﬁlm ①', 'istanbul-film-1'],
  ['  -- a -- ', 'a'],
  ['東京', 'fallback'],
  ['', 'fallback'],
])('the slug of %j is %j', (name, slug) => expect(slugOf(name, 'fallback')).toBe(slug))

test('every made slug is a slug, and its own slug', () =>
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (name) => {
      const slug = slugOf(name, 'fallback')
      expect(outcome(checkSlug(slug))).toBe(slug)
      expect(slugOf(slug, 'other')).toBe(slug)
    }),
  ))

test('a slug cut at a hyphen loses it', () => expect(slugOf(`${'a'.repeat(63)} b`, 'x')).toBe('a'.repeat(63)))

test('an idempotency key has 1 to 64 characters and is kept as it is', () => {
  expect(outcome(checkIdempotencyKey(' K\n'))).toBe(' K\n')
  expect(outcome(checkIdempotencyKey('😀'.repeat(64)))).toBe('😀'.repeat(64))
  expect(outcome(checkIdempotencyKey('😀'.repeat(65)))).toBe('TOO_LARGE')
  for (const key of ['', '\ud800', 'a\0']) expect(outcome(checkIdempotencyKey(key))).toBe('BAD_INPUT')
})

test('every refusal says what to do', () => {
  const refusals = [
    checkUsername(''),
    checkUsername('room'),
    checkDisplayName('\u202e'),
    checkSlug('-'),
    checkIdempotencyKey(''),
  ]
  for (const refusal of refusals)
    expect(refusal).toMatchObject({ ok: false, detail: expect.stringMatching(/^The .+\. .+\.$|, and needs /) })
})
