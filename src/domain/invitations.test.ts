import fc from 'fast-check'
import { expect, test } from 'vitest'
import { invitationDeclined, invitationReceived } from '../../test/fixtures/events.ts'
import { ada, garden, general } from '../../test/fixtures/people.ts'
import { storiesOf } from '../../test/support/given.ts'
import { seeded } from '../../test/support/seeded.ts'
import type { InvitationEvent } from './events.ts'
import * as invitations from './invitations.ts'
import { accept, decline, declinedRevision, receive, withdraw } from './invitations.ts'

const given = storiesOf(invitations)
const eventId = '70000000-0000-4000-8000-000000000001'
const accepted = (revision: number): InvitationEvent => ({
  type: 'InvitationAccepted',
  data: { roomId: general, revision },
})

test('an invitation is received once, a newer one again', () => {
  given()
    .when(receive, { roomId: general, revision: 5, invitedBy: ada, eventId })
    .happened({ ...invitationReceived(5, general, ada), id: eventId })
  given(invitationReceived(5)).when(receive, { roomId: general, revision: 5, eventId }).nothing()
  given(invitationReceived(5), invitationDeclined(5)).when(receive, { roomId: general, revision: 5, eventId }).nothing()
  given(invitationReceived(5), invitationDeclined(5))
    .when(receive, { roomId: general, revision: 9, eventId })
    .happened({ ...invitationReceived(9), id: eventId })
})

test('one that comes late, after a newer one, is no news', () =>
  given(invitationReceived(9)).when(receive, { roomId: general, revision: 5, eventId }).nothing())

test('joining accepts what was received before it, once', () => {
  given(invitationReceived(5))
    .when(accept, { roomId: general, joined: 7, eventId })
    .happened({ ...accepted(5), id: eventId })
  given(invitationReceived(5), accepted(5)).when(accept, { roomId: general, joined: 7, eventId }).nothing()
  given(invitationReceived(9)).when(accept, { roomId: general, joined: 7, eventId }).nothing()
  given(invitationReceived(5), invitationDeclined(5)).when(accept, { roomId: general, joined: 7, eventId }).nothing()
  given().when(accept, { roomId: general, joined: 7, eventId }).nothing()
})

test('a ban takes what was received before it away, once', () => {
  given(invitationReceived(5))
    .when(withdraw, { roomId: general, banned: 7, eventId })
    .happened({ ...invitationDeclined(5), id: eventId })
  given(invitationReceived(5), invitationDeclined(5)).when(withdraw, { roomId: general, banned: 7, eventId }).nothing()
  given(invitationReceived(5), accepted(5)).when(withdraw, { roomId: general, banned: 7, eventId }).nothing()
  given(invitationReceived(9)).when(withdraw, { roomId: general, banned: 7, eventId }).nothing()
})

test('declining twice declines once; what was never there or was accepted cannot be declined', () => {
  given(invitationReceived(5)).when(decline, { roomId: general }).happened(invitationDeclined(5))
  given(invitationReceived(5), invitationDeclined(5)).when(decline, { roomId: general }).nothing()
  given(invitationReceived(5), accepted(5)).when(decline, { roomId: general }).refused('NOT_FOUND', 'roomId')
  given(invitationReceived(5)).when(decline, { roomId: garden }).refused('NOT_FOUND', 'roomId')
})

test('the room learns which invitation was declined, until there is a newer one', () => {
  const declined = given(invitationReceived(5), invitationDeclined(5)).state
  expect(declinedRevision(declined, general)).toBe(5)
  expect(declinedRevision(declined, garden)).toBeUndefined()
  const again = given(invitationReceived(5), invitationDeclined(5), invitationReceived(9)).state
  expect(declinedRevision(again, general)).toBeUndefined()
})

test('done twice, every command yields nothing the second time', () => {
  const roomId = fc.constantFrom(general, garden)
  const at = fc.nat(12)
  const asked = fc.oneof(
    fc
      .record({ roomId, revision: at })
      .map((one) => (state: invitations.Invitations) => receive(state, { ...one, eventId })),
    fc
      .record({ roomId, joined: at })
      .map((one) => (state: invitations.Invitations) => accept(state, { ...one, eventId })),
    fc
      .record({ roomId, banned: at })
      .map((one) => (state: invitations.Invitations) => withdraw(state, { ...one, eventId })),
    fc.record({ roomId }).map((one) => (state: invitations.Invitations) => decline(state, one)),
  )
  fc.assert(
    fc.property(fc.array(asked, { maxLength: 20 }), (commands) => {
      commands.reduce((state, command) => {
        const decision = command(state)
        if (decision.kind === 'refused') return state
        const after = decision.events.reduce(invitations.evolve, state)
        expect(command(after)).toEqual({ kind: 'happened', events: [] })
        return after
      }, invitations.initial)
    }),
    seeded({ numRuns: 300 }),
  )
})
