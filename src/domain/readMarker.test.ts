import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readMarkerAdvanced } from '../../test/fixtures/events.ts'
import { hello } from '../../test/fixtures/people.ts'
import { storiesOf } from '../../test/support/given.ts'
import { seeded } from '../../test/support/seeded.ts'
import * as readMarker from './readMarker.ts'
import { advance } from './readMarker.ts'

const given = storiesOf(readMarker)

test('a marker moves forward', () => {
  given().when(advance, { number: 1, messageId: hello }).happened(readMarkerAdvanced(1))
  given(readMarkerAdvanced(1)).when(advance, { number: 7, messageId: hello }).happened(readMarkerAdvanced(7))
})

test('it never moves back, and twice to the same place is once', () => {
  given(readMarkerAdvanced(7)).when(advance, { number: 6, messageId: hello }).nothing()
  given(readMarkerAdvanced(7)).when(advance, { number: 7, messageId: hello }).nothing()
  given().when(advance, { number: 0, messageId: hello }).nothing()
})

test('whatever is read in whatever order, the marker stands at the highest, from the newest event alone', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(50), { maxLength: 20 }), (numbers) => {
      let state = readMarker.initial
      for (const number of numbers) {
        const decision = advance(state, { number, messageId: hello })
        // The newest event says the whole state: older ones are not kept.
        if (decision.kind === 'happened')
          for (const event of decision.events) state = readMarker.evolve(readMarker.initial, event)
        expect(advance(state, { number, messageId: hello })).toEqual({ kind: 'happened', events: [] })
      }
      expect(state.number).toBe(Math.max(0, ...numbers))
    }),
    seeded(),
  )
})
