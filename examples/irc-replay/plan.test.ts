import { expect, test } from 'vitest'
import { parseLog } from './parse.ts'
import { planOf } from './plan.ts'

/** The steps of a log in short: `+ada`, `-ada`, `ada=Ada` for a name, `ada: text`. */
const steps = (...lines: readonly string[]): readonly string[] =>
  planOf(parseLog(lines.join('\n')), 'log').steps.map((step) => {
    switch (step.kind) {
      case 'join':
        return `+${step.person}`
      case 'leave':
        return `-${step.person}`
      case 'name':
        return `${step.person}=${step.nick}`
      default:
        return `${step.person}: ${step.text}`
    }
  })

test('who speaks without having joined was there before, and joins first', () =>
  expect(steps('[10:00] <Ada> hi', '[10:00] <Ada> again')).toEqual(['ada=Ada', '+ada', 'ada: hi', 'ada: again']))

test('joining twice is being there once; after leaving, one can come again', () =>
  expect(
    steps('=== a [h]  has joined #c', '=== a [h]  has joined #c', '=== a [h]  has left #c []', '[10:00] <a> back'),
  ).toEqual(['a=a', '+a', '-a', '+a', 'a: back']))

test('the same person goes on under another nick, and back', () =>
  expect(
    steps('[10:00] <a> 1', '=== a is now known as B', '[10:00] <b> 2', '=== B is now known as a', '[10:00] <a> 3'),
  ).toEqual(['a=a', '+a', 'a: 1', 'a=B', 'a=b', 'a: 2', 'a=B', 'a=a', 'a: 3']))

test('a nick that was left can be taken by its own person only, who comes again', () =>
  expect(
    steps('[10:00] <a> 1', '=== a is now known as b', '[10:00] <a> 2', '[10:00] <b> 3', '=== b is now known as a'),
  ).toEqual(['a=a', '+a', 'a: 1', 'a=b', 'a=a', 'a: 2', 'b=b', '+b', 'b: 3', 'b=a']))

test('actions are messages, notices and silence are counted, and each message has a key', () => {
  const plan = planOf(
    parseLog('=== a waves\n=== mode/#c [-b x]  by y\n[10:00] <a>\n[23:59] <b> :)\n[00:01] <b> late'),
    '2004',
  )
  expect(plan.steps.filter((step) => step.kind === 'message')).toEqual([
    { kind: 'message', line: 1, person: 'a', nick: 'a', text: '/me waves', clientMessageId: '2004:1' },
    { kind: 'message', line: 4, person: 'b', nick: 'b', text: ':)', clientMessageId: '2004:4' },
    { kind: 'message', line: 5, person: 'b', nick: 'b', text: 'late', clientMessageId: '2004:5' },
  ])
  expect(plan.counts).toEqual({ lines: 5, renames: 0, notices: 1, silent: 1 })
  expect(plan.minutes).toBe(14 * 60 + 1)
  expect([...plan.people]).toEqual([
    ['a', 'a'],
    ['b', 'b'],
  ])
})
