import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  at,
  ownerClaimed,
  slugClaimed,
  slugReleased,
  usernameClaimed,
  usernameReleased,
} from '../../test/fixtures/events.ts'
import { ada, bob, clock, garden, general } from '../../test/fixtures/people.ts'
import { storiesOf } from '../../test/support/given.ts'
import { seeded } from '../../test/support/seeded.ts'
import type { ReservationEvent } from './events.ts'
import * as reservation from './reservation.ts'
import { claimOwner, claimSlug, claimUsername, type Reservation, releaseSlug, releaseUsername } from './reservation.ts'

const given = storiesOf(reservation)

const claimedByAda = at(clock(0), usernameClaimed(ada))
const claimedByGeneral = at(clock(0), slugClaimed(general))

test('a free name is claimed, a released one again', () => {
  given()
    .when(claimUsername, { owner: ada, now: clock(0), holderExists: false })
    .happened(usernameClaimed(ada))
  given(claimedByAda, usernameReleased(ada))
    .when(claimUsername, { owner: bob, now: clock(1), holderExists: false })
    .happened(usernameClaimed(bob))
  given()
    .when(claimSlug, { owner: general, now: clock(0), holderExists: false })
    .happened(slugClaimed(general))
  given(claimedByGeneral, slugReleased(general))
    .when(claimSlug, { owner: garden, now: clock(1), holderExists: false })
    .happened(slugClaimed(garden))
})

test('claiming what one has already changes nothing', () => {
  given(claimedByAda)
    .when(claimUsername, { owner: ada, now: clock(600), holderExists: false })
    .nothing()
  given(claimedByGeneral)
    .when(claimSlug, { owner: general, now: clock(600), holderExists: false })
    .nothing()
})

test('a name whose owner is there is never taken over', () => {
  given(claimedByAda)
    .when(claimUsername, { owner: bob, now: clock(600), holderExists: true })
    .refused('CONFLICT', 'username')
  given(claimedByGeneral)
    .when(claimSlug, { owner: garden, now: clock(600), holderExists: true })
    .refused('CONFLICT', 'slug')
})

test('a claim whose owner has not come may be taken over after 60 s, not before', () => {
  given(claimedByAda)
    .when(claimUsername, { owner: bob, now: clock(59.999), holderExists: false })
    .refused('CONFLICT')
  given(claimedByAda)
    .when(claimUsername, { owner: bob, now: clock(60), holderExists: false })
    .happened(usernameClaimed(bob))
  given(claimedByGeneral)
    .when(claimSlug, { owner: garden, now: clock(59.999), holderExists: false })
    .refused('CONFLICT')
  given(claimedByGeneral)
    .when(claimSlug, { owner: garden, now: clock(60), holderExists: false })
    .happened(slugClaimed(garden))
})

test('the server is claimed once, and taken over only from those who never came', () => {
  const claimed = at(clock(0), ownerClaimed(ada))
  const asked = { owner: bob, now: clock(600), holderExists: false }
  given()
    .when(claimOwner, { ...asked, now: clock(0) })
    .happened(ownerClaimed(bob))
  given(claimed)
    .when(claimOwner, { ...asked, owner: ada })
    .nothing()
  given(claimed)
    .when(claimOwner, { ...asked, now: clock(59.999) })
    .refused('CONFLICT')
  given(claimed).when(claimOwner, asked).happened(ownerClaimed(bob))
  given(claimed)
    .when(claimOwner, { ...asked, holderExists: true })
    .refused('CONFLICT')
})

test('one frees only what one has', () => {
  given(claimedByAda).when(releaseUsername, { owner: ada }).happened(usernameReleased(ada))
  given(claimedByAda).when(releaseUsername, { owner: bob }).nothing()
  given().when(releaseUsername, { owner: ada }).nothing()
  given(claimedByGeneral).when(releaseSlug, { owner: general }).happened(slugReleased(general))
  given(claimedByGeneral).when(releaseSlug, { owner: garden }).nothing()
  given().when(releaseSlug, { owner: general }).nothing()
})

test('a name that was ever claimed is known to have been', () => {
  expect(given().state).toEqual({ status: 'free', everClaimed: false })
  expect(given(claimedByAda, usernameReleased(ada)).state).toEqual({ status: 'free', everClaimed: true })
})

test('the fold takes any events in any order; done twice, every command yields nothing the second time', () => {
  const people = fc.constantFrom(ada, bob)
  const rooms = fc.constantFrom(general, garden)
  const claim = { now: fc.nat(300).map(clock), holderExists: fc.boolean() }
  const anything: fc.Arbitrary<ReservationEvent> = fc.oneof(
    people.map(usernameClaimed),
    people.map(usernameReleased),
    people.map(ownerClaimed),
    rooms.map(slugClaimed),
    rooms.map(slugReleased),
  )
  const asked = fc.oneof(
    fc.record({ owner: people, ...claim }).map((wanted) => (state: Reservation) => claimUsername(state, wanted)),
    fc.record({ owner: people, ...claim }).map((wanted) => (state: Reservation) => claimOwner(state, wanted)),
    fc.record({ owner: rooms, ...claim }).map((wanted) => (state: Reservation) => claimSlug(state, wanted)),
    people.map((owner) => (state: Reservation) => releaseUsername(state, { owner })),
    rooms.map((owner) => (state: Reservation) => releaseSlug(state, { owner })),
  )
  fc.assert(
    fc.property(fc.array(anything, { maxLength: 8 }), asked, (events, command) => {
      const first = given(...events).when(command)
      if (first.decision.kind === 'refused') expect(first.state).toEqual(given(...events).state)
      else expect(command(first.state)).toEqual({ kind: 'happened', events: [] })
    }),
    seeded(),
  )
})
