import fc from 'fast-check'
import { expect, test } from 'vitest'
import { garden, general } from '../../test/fixtures/people.ts'
import { seeded } from '../../test/support/seeded.ts'
import { type ConversationId, parseId, roomId } from '../domain/ids.ts'
import { BadInput } from '../queries/page.ts'
import { anchorOf, beforeFirst, decodeCursor, decodeServerCursor, encodeCursor, encodeServerCursor } from './cursor.ts'

const direct = (raw: string): ConversationId => {
  const parsed = parseId(`dm_${raw}`)
  if (parsed?.type !== 'dm') throw new Error(`dm_${raw} is no id.`)
  return parsed.id
}

const conversation = fc.tuple(fc.uuid(), fc.boolean()).map(([raw, isRoom]) => (isRoom ? roomId(raw) : direct(raw)))
const place = fc.record({ revision: fc.integer({ min: -1, max: 2 ** 47 }), anchor: fc.uuid().map(anchorOf) })

test('a cursor is read back as it was written', () => {
  fc.assert(
    fc.property(conversation, place, (id, where) => {
      const cursor = encodeCursor(id, where)
      expect(cursor).toMatch(/^[A-Za-z0-9_-]{47}$/)
      expect(decodeCursor(id, cursor)).toEqual(where)
    }),
    seeded(),
  )
  expect(decodeCursor(general, encodeCursor(general, beforeFirst))).toEqual(beforeFirst)
})

test('a cursor in which anything was altered is BAD_INPUT', () => {
  fc.assert(
    fc.property(
      conversation,
      place,
      fc.nat(46),
      fc.string({ minLength: 1, maxLength: 1 }),
      (id, where, index, other) => {
        const cursor = encodeCursor(id, where)
        fc.pre(cursor[index] !== other)
        const altered = cursor.slice(0, index) + other + cursor.slice(index + 1)
        expect(() => decodeCursor(id, altered)).toThrow(BadInput)
      },
    ),
    seeded({ numRuns: 2_000 }),
  )
})

test('each of its bits counts', () => {
  const cursor = Buffer.from(encodeCursor(general, { revision: 41, anchor: '0123456789abcdef' }), 'base64url')
  for (let bit = 0; bit < cursor.length * 8; bit++) {
    const altered = Buffer.from(cursor)
    altered[bit >> 3] = (altered[bit >> 3] ?? 0) ^ (1 << (bit & 7))
    expect(() => decodeCursor(general, altered.toString('base64url'))).toThrow(BadInput)
  }
})

test.each([
  ['an empty one', ''],
  ['a longer one', `${encodeCursor(general, beforeFirst)}A`],
  ['a shorter one', encodeCursor(general, beforeFirst).slice(0, -1)],
  ['one with padding', `${encodeCursor(general, beforeFirst)}=`],
  ['one of another conversation', encodeCursor(garden, beforeFirst)],
  ['one of the server', encodeServerCursor(beforeFirst)],
  ['one of a direct conversation with the same raw id', encodeCursor(direct(general.slice(5)), beforeFirst)],
])('%s is BAD_INPUT', (_, cursor) => expect(() => decodeCursor(general, cursor)).toThrow(BadInput))

test('a cursor of the server is read back as it was written, and one of a conversation is none', () => {
  fc.assert(
    fc.property(conversation, place, (id, where) => {
      expect(decodeServerCursor(encodeServerCursor(where))).toEqual(where)
      expect(() => decodeServerCursor(encodeCursor(id, where))).toThrow(BadInput)
    }),
    seeded(),
  )
  expect(() => decodeServerCursor('nonsense')).toThrow(BadInput)
})
