import { expect, test } from 'vitest'
import { ada, general, laptop } from '../../test/fixtures/people.ts'
import { type DirectId, rawId } from './ids.ts'
import {
  categoryOf,
  conversationOf,
  conversationStream,
  keepsOnlyNewest,
  readStream,
  sessionStream,
  slugStream,
  usernameStream,
  userStream,
} from './streams.ts'

const raw = rawId(general)
// The type of a direct conversation's id is a brand on this very text.
const direct = `dm_${raw}` as DirectId

test('streams are named after what they hold', () => {
  expect(conversationStream(general)).toBe(`room-${raw}`)
  expect(conversationStream(direct)).toBe(`dm-${raw}`)
  expect(userStream(ada)).toBe(`user-${rawId(ada)}`)
  expect(sessionStream(laptop)).toBe(`session-${rawId(laptop)}`)
  expect(usernameStream('ada')).toBe('username-ada')
  expect(slugStream('general')).toBe('roomslug-general')
  expect(readStream(ada, general)).toBe(`read-${rawId(ada)}-${general}`)
})

test('a conversation is found again from its stream, and from no other', () => {
  expect(conversationOf(conversationStream(general))).toBe(general)
  expect(conversationOf(conversationStream(direct))).toBe(direct)
  for (const stream of [slugStream('room-1'), userStream(ada), readStream(ada, general), 'owner', 'roomslug-dm-1'])
    expect(conversationOf(stream)).toBeUndefined()
})

test('only read markers, drafts and presence keep nothing but their newest event', () => {
  const keeping = [readStream(ada, general), `draft-${rawId(ada)}-${general}`, `presence-${rawId(ada)}`]
  const whole = [general, ada, laptop]
    .map((id) => id.replace('_', '-'))
    .concat('username-read-x', 'owner', 'roomslug-draft')
  expect(keeping.filter(keepsOnlyNewest)).toEqual(keeping)
  expect(whole.filter(keepsOnlyNewest)).toEqual([])
  expect(categoryOf('owner')).toBe('owner')
  expect(categoryOf('username-read-x')).toBe('username')
})
