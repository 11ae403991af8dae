import { describe, expect, test } from 'vitest'
import { compareHistory, compareLog, compareReading } from './compare.ts'
import { parseLog } from './parse.ts'
import { planOf } from './plan.ts'
import type { Reading } from './readers.ts'
import { expectedEvents, type RoomEvent } from './roomLog.ts'

const plan = planOf(parseLog('[10:00] <Ada> hello world\n[10:01] <Ada> bye\n=== Ada [h]  has left #tea []'), 'tea')
const expected = expectedEvents(plan)

test('what a log makes of a room', () =>
  expect(expected).toEqual([
    'RoomCreated replay.host',
    'UserJoined replay.host',
    'UserJoined ada',
    'MessageSent ada tea:1 hello world',
    'MessageSent ada tea:2 bye',
    'UserLeft ada',
  ]))

describe('the history', () => {
  const author = { username: 'ada', displayName: 'Ada' }
  const hello = { number: 1, clientMessageId: 'tea:1', text: 'hello world', author }
  const bye = { number: 2, clientMessageId: 'tea:2', text: 'bye', author }
  const differences = (...history: Parameters<typeof compareHistory>[1]) => compareHistory(plan, history).length

  test('that says what the file says', () => expect(differences(hello, bye)).toBe(0))
  test.each([
    ['misses a message', [hello]],
    ['has one that nobody sent', [hello, bye, { ...bye, number: 3 }]],
    ['has another text', [{ ...hello, text: 'hello  world' }, bye]],
    ['has another author', [hello, { ...bye, author: { username: 'bob', displayName: 'Ada' } }]],
    ['shows another nick', [hello, { ...bye, author: { username: 'ada', displayName: 'bob' } }]],
    ['numbers otherwise', [hello, { ...bye, number: 3 }]],
  ])('that %s', (_, history) => expect(differences(...history)).toBe(1))
  test('in another order', () => expect(differences(bye, hello)).toBe(2))
})

describe('the log', () => {
  const event = (revision: number, __typename: string, username: string, message?: readonly [string, string]) =>
    ({
      ...{ revision, __typename, cursor: `${revision}`, actor: { username } },
      ...(message ? { message: { id: `m${revision}`, clientMessageId: message[0], text: message[1] } } : {}),
    }) satisfies RoomEvent
  const log = [
    event(0, 'RoomCreated', 'replay.host'),
    event(1, 'UserJoined', 'replay.host'),
    event(2, 'UserJoined', 'ada'),
    event(3, 'MessageSent', 'ada', ['tea:1', 'hello world']),
    event(4, 'MessageSent', 'ada', ['tea:2', 'bye']),
    event(5, 'UserLeft', 'ada'),
  ]

  test('that is what the file makes it', () => expect(compareLog(expected, log)).toEqual([]))
  test('that ends early', () => expect(compareLog(expected, log.slice(0, 4))).toHaveLength(2))
  test('that goes on', () => expect(compareLog(expected, [...log, event(6, 'UserJoined', 'eve')])).toHaveLength(1))
  test('with a hole', () =>
    expect(compareLog(expected, log.with(5, event(6, 'UserLeft', 'ada')))).toEqual([
      'log: expected [5,"UserLeft ada"], found [6,"UserLeft ada"]',
    ]))
})

describe('a reader', () => {
  const differences = (received: readonly (readonly [number, string])[], disorder: readonly number[] = []) => {
    const counts = { events: 0, frames: 0, drops: 0, resumes: 0, pauses: 0 }
    const reading: Reading = { manner: 'steady', received: new Map(received), disorder, ...counts }
    return compareReading(expected, reading)
  }
  const all = expected.slice(1).map((event, index) => [index + 1, event] as const)

  test('who received everything once', () => expect(differences(all)).toEqual([]))
  test('whose live event came without its message', () =>
    expect(differences(all.with(2, [3, 'MessageSent ada']))).toEqual([]))
  test('whose message was cut', () =>
    expect(differences(all.with(2, [3, 'MessageSent ada tea:1 hello']))).toHaveLength(1))
  test('who missed one', () => expect(differences(all.toSpliced(2, 1))).toHaveLength(1))
  test('who received one twice', () =>
    expect(differences(all, [2])).toEqual(['The steady reader received revision 2 out of order']))
  test('who received more than there is', () => expect(differences([...all, [6, 'UserJoined eve']])).toHaveLength(1))
})
