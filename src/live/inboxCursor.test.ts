import { expect, test } from 'vitest'
import { type Position, start } from '../eventstore/port.ts'
import { BadInput } from '../queries/page.ts'
import { encodeServerCursor } from './cursor.ts'
import { decodeInboxCursor, encodeInboxCursor } from './inboxCursor.ts'

const isPosition = (text: string): text is Position => /^[0-9a-f]{14}$/.test(text)
/** As an engine would give them. */
const position = (text: string): Position => text as Position
const place = {
  position: position('0000000000002a'),
  anchor: { position: position('00000000000029'), id: '0123456789abcdef' },
}

test('a cursor is read back as it was written', () => {
  for (const where of [place, { position: start, anchor: undefined }, { ...place, anchor: undefined }])
    expect(decodeInboxCursor(encodeInboxCursor(where), isPosition)).toEqual(where)
})

test('a cursor from a log that was kept by another engine is known for what it is', () => {
  const elsewhere = encodeInboxCursor({ ...place, position: position('123456/123456') })
  expect(decodeInboxCursor(elsewhere, isPosition)).toBe('of another log')
  const anchored = encodeInboxCursor({ ...place, anchor: { ...place.anchor, position: position('1@2') } })
  expect(decodeInboxCursor(anchored, isPosition)).toBe('of another log')
})

test('a cursor that is damaged, or of another feed, is BAD_INPUT', () => {
  const cursor = encodeInboxCursor(place)
  const others = ['', cursor.slice(1), `${cursor}A`, cursor.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'))]
  for (const other of [...others, encodeServerCursor({ revision: 1, anchor: place.anchor.id })])
    expect(() => decodeInboxCursor(other, isPosition), other).toThrow(BadInput)
})
