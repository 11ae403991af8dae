import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ada, bob, general, hello, laptop } from '../../test/fixtures/people.ts'
import { seeded } from '../../test/support/seeded.ts'
import {
  consequenceId,
  derivedUuid,
  keyedMessageId,
  keyedRoomId,
  membershipId,
  messageId,
  parseId,
  rawId,
  roomId,
  sessionId,
  userId,
} from './ids.ts'

const direct = `dm_${rawId(general)}`

test('every public id is read back for what it is', () => {
  fc.assert(
    fc.property(fc.uuid(), (raw) => {
      expect(parseId(userId(raw))).toEqual({ type: 'user', id: userId(raw), raw })
      expect(parseId(roomId(raw))).toEqual({ type: 'room', id: roomId(raw), raw })
      expect(parseId(messageId(raw))).toEqual({ type: 'message', id: messageId(raw), raw })
      expect(parseId(sessionId(raw))).toEqual({ type: 'session', id: sessionId(raw), raw })
      expect(parseId(`dm_${raw}`)).toEqual({ type: 'dm', id: `dm_${raw}`, raw })
      expect(rawId(userId(raw))).toBe(raw)
    }),
    seeded(),
  )
})

test('a membership names its conversation and its person', () =>
  expect(parseId(membershipId(general, ada))).toEqual({
    type: 'membership',
    id: membershipId(general, ada),
    conversationId: general,
    userId: ada,
  }))

test.each([
  ['nothing', ''],
  ['a raw id', rawId(ada)],
  ['an unknown type', `pin_${rawId(ada)}`],
  ['capital letters', ada.toUpperCase()],
  ['something before', ` ${ada}`],
  ['something after', `${ada}\n`],
  ['too few characters', ada.slice(0, -1)],
  ['a membership of nobody', `membership_${general}`],
  ['a membership of a person', `membership_${ada}_${rawId(bob)}`],
])('%s is no id', (_, text) => expect(parseId(text)).toBeUndefined())

test('derived ids never change: they are stored', () => {
  expect(derivedUuid('a')).toBe('9aa9b7bf-e9a7-52f5-a11c-789131146c4e')
  expect(keyedMessageId(general, ada, 'key-1')).toBe('message_aff431f9-17c4-539d-a430-3defef98e860')
  expect(keyedRoomId(ada, 'key-1')).toBe('room_53946401-1b32-5a3e-a918-dcbc1d6278bd')
  expect(consequenceId(rawId(hello), 'MessageDeleted')).toBe('1e26fd2f-c9d8-57d8-b953-925402ae08d7')
})

test('another conversation, author or key is another message', () => {
  const other = parseId(direct)
  if (other?.type !== 'dm') throw new Error('It is the id of a direct conversation.')
  const ids = [
    keyedMessageId(general, ada, 'key'),
    keyedMessageId(other.id, ada, 'key'),
    keyedMessageId(general, bob, 'key'),
    keyedMessageId(general, ada, 'KEY'),
    keyedRoomId(ada, 'key'),
  ]
  expect(new Set(ids.map(rawId)).size).toBe(ids.length)
  expect(rawId(laptop)).not.toContain('_')
})

test('they are those of RFC 9562, however long the name and whatever it is written in', () => {
  const namespace = Buffer.from('6f1f9c2e5a0d4c359d0e7b0b0d1f3a77', 'hex')
  const asTold = (name: string): string => {
    const bytes = createHash('sha1').update(namespace).update(name).digest()
    bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x50
    bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
    return bytes.toString('hex', 0, 16).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
  }
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 2_000, size: 'max' }), (name) => {
      expect(derivedUuid(name)).toBe(asTold(name))
      expect(derivedUuid(name.slice(0, 1))).toBe(asTold(name.slice(0, 1)))
    }),
    seeded(),
  )
})
