// Whoever left a room and came back for hours made a document that grew without end, written anew each time.

import { expect, test } from 'vitest'
import { stays } from '../../projections/stays.ts'
import { membershipId } from '../../src/domain/ids.ts'
import { by, roomCreated, userJoined, userLeft } from '../fixtures/events.ts'
import { ada, bob, general } from '../fixtures/people.ts'
import { folded, logged } from '../support/folded.ts'

test('BOUND: stays that ended before all that a feed is continued over are kept no longer', () => {
  const coming = Array.from({ length: 6_000 }, () => [userJoined(bob), userLeft(bob)]).flat()
  const documents = folded(stays, logged([by(ada, roomCreated()), by(ada, userJoined(ada, 'OWNER')), ...coming]))
  const { stays: kept = [] } = documents.get(membershipId(general, bob)) ?? {}
  expect(kept.at(-1)).toEqual({ from: 12_000, to: 12_001 })
  // The last one began at 12,000: whoever stands at 2,000 or later can go on, and stood in this one.
  expect(kept[0]).toEqual({ from: 2_000, to: 2_001 })
  expect(kept).toHaveLength(5_001)
})
