import { expect, test } from 'vitest'
import { parseLog } from './parse.ts'

/** One line of a log, without its place. */
function parsed(text: string): object {
  const [first, ...others] = parseLog(`${text}\n`)
  if (first === undefined || others.length > 0) throw new Error('One line was expected.')
  const { line, minute, ...said } = first
  expect(line).toBe(1)
  expect(minute).toBeLessThan(24 * 60)
  return said
}

test.each([
  ['[12:18] <|trey|> usual, quite stable though  :)', '|trey|', 'usual, quite stable though  :)'],
  ['[12:20] <brad[] > Hi', 'brad[]', 'Hi'],
  ['[12:20] <robrt`> a', 'robrt`', 'a'],
  ['[12:20] <\\9> a', '\\9', 'a'],
  ['[12:20] <Steve^> a', 'Steve^', 'a'],
  ['[12:20] <f>  two spaces, the second is text ', 'f', ' two spaces, the second is text '],
  ['[12:20] <a> <b> [12:21] <c> quoted', 'a', '<b> [12:21] <c> quoted'],
  ['[12:20] <a> === b is now known as c', 'a', '=== b is now known as c'],
  ['[12:20] <a> \ttab \b and \u2028 kept', 'a', '\ttab \b and \u2028 kept'],
  ['[12:20] <a> привет 你好', 'a', 'привет 你好'],
])('a message: %j', (line, nick, text) => expect(parsed(line)).toEqual({ kind: 'message', nick, text }))

test.each([
  ['=== |trey| shuts up', '|trey|', 'shuts up'],
  ['=== f is away (BRB a sec...)', 'f', 'is away (BRB a sec...)'],
  ["[11:27]  * Panarchy's` says Hi", "Panarchy's`", 'says Hi'],
  ['[11:27]  * [[x]] says * Hi', '[[x]]', 'says * Hi'],
])('an action: %j', (line, nick, text) => expect(parsed(line)).toEqual({ kind: 'action', nick, text }))

test.each([
  ['=== brad[] [n=brad@10.0.0.1]  has joined #ubuntu', 'join', 'brad[]'],
  ['=== a [~a@[2001:db8::1] ]  has joined #UBUNTU', 'join', 'a'],
  ['=== a` [i=a@x.example]  has left #ubuntu []', 'leave', 'a`'],
  ['=== a [i=a@x.example]  has left #ubuntu ["mlaut]', 'leave', 'a'],
  ['=== a [i=a@x.example]  has left #ubuntu [""Buy a [big] one"]', 'leave', 'a'],
])('coming and going: %j', (line, kind, nick) => expect(parsed(line)).toEqual({ kind, nick }))

test('a new nick', () =>
  expect(parsed('=== Who[ares is now known as |Who|')).toEqual({ kind: 'rename', nick: 'Who[ares', to: '|Who|' }))

test.each([
  '=== mode/#ubuntu [-bb *!*@10.0.0.1 *!*@10.0.0.2]  by Seveas',
  '=== ..[topic/#ubuntu:Seveas] : Official help channel',
  '',
  'no log at all',
  '[9:15] <a> a time that is none',
])('of no one: %j', (line) => expect(parsed(line)).toEqual({ kind: 'notice' }))

test.each(['[12:15] <opteron>', '[12:15] <opteron> ', '[12:15] <opteron>  \t', '[07:09]  * homejoe'])(
  'nothing said: %j',
  (line) => expect(parsed(line)).toEqual({ kind: 'empty' }),
)

test('lines are numbered from 1 and have a time, also over midnight and where none is written', () => {
  const log = [
    '=== a [h]  has joined #c',
    '[23:58] <a> 1',
    '=== b [h]  has joined #c',
    '[00:01] <a> 2',
    '[00:00] <a> 3',
    '[00:02] <a> 4',
  ].join('\r\n')
  expect(parseLog(log).map(({ line, minute }) => [line, minute])).toEqual([
    [1, 1438],
    [2, 1438],
    [3, 1438],
    [4, 1441],
    [5, 1441],
    [6, 1442],
  ])
  expect(parseLog('')).toEqual([])
})
