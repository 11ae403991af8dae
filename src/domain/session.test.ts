import fc from 'fast-check'
import { expect, test } from 'vitest'
import { at, sessionEnded, sessionStarted, sessionUsed } from '../../test/fixtures/events.ts'
import { ada, bob, clock } from '../../test/fixtures/people.ts'
import { storiesOf } from '../../test/support/given.ts'
import { seeded } from '../../test/support/seeded.ts'
import type { SessionEvent } from './events.ts'
import * as session from './session.ts'
import { begin, end, type Session, use } from './session.ts'

const given = storiesOf(session)
const day = 86_400
const started = at(clock(0), sessionStarted(ada))
const beginning = { ...sessionStarted(ada).data, userAgent: 'A browser' }

test('a session begins once', () => {
  given().when(begin, beginning).happened(sessionStarted(ada))
  given(started).when(begin, beginning).nothing()
  given(started)
    .when(begin, { ...beginning, tokenHash: 'another' })
    .refused('CONFLICT')
})

test('a session of an unknown program says nothing about it', () => {
  const { body: _agent, ...bare } = sessionStarted(ada)
  given().when(begin, bare.data).happened(bare)
})

test('its use is noted once a day, and no more after its end', () => {
  given(started)
    .when(use, { now: clock(day - 1) })
    .nothing()
  given(started)
    .when(use, { now: clock(day) })
    .happened(sessionUsed)
  given(started, at(clock(day), sessionUsed))
    .when(use, { now: clock(2 * day - 1) })
    .nothing()
  given(started, at(clock(day), sessionUsed))
    .when(use, { now: clock(2 * day) })
    .happened(sessionUsed)
  given(started, sessionEnded)
    .when(use, { now: clock(2 * day) })
    .nothing()
  given()
    .when(use, { now: clock(2 * day) })
    .nothing()
})

test('it ends once', () => {
  given(started).when(end).happened(sessionEnded)
  given(started, sessionEnded).when(end).nothing()
  given().when(end).refused('NOT_FOUND')
})

test('what it is known by stays, what it was used for last moves on', () => {
  expect(given(started, at(clock(day), sessionUsed), sessionEnded).state).toEqual({
    status: 'ended',
    userId: ada,
    userRevision: 0,
    tokenHash: 'hash-of-the-secret',
    startedAt: clock(0),
    lastUsedAt: clock(day),
    expiresAt: clock(360 * day),
  })
})

const anything = fc.array(
  fc.oneof(
    fc.constantFrom<SessionEvent>(sessionStarted(ada), sessionStarted(bob, { tokenHash: 'another' }), sessionEnded),
    fc.nat(3 * day).map((seconds) => at(clock(seconds), sessionUsed)),
  ),
  { maxLength: 8 },
)

test('the fold takes any events in any order; done twice, every command yields nothing the second time', () => {
  const asked = fc.oneof(
    fc
      .constantFrom('hash-of-the-secret', 'another')
      .map((tokenHash) => (state: Session) => begin(state, { ...beginning, tokenHash })),
    // The second time is not earlier than what has happened; else the same moment could be noted twice.
    fc
      .integer({ min: 3 * day, max: 5 * day })
      .map((seconds) => (state: Session) => use(state, { now: clock(seconds) })),
    fc.constant(end),
  )
  fc.assert(
    fc.property(anything, asked, (events, command) => {
      const { state } = given(...events)
      const decision = command(state)
      if (decision.kind === 'refused') return
      // Stored at the moment that was asked about, as a mailbox does.
      const after = decision.events.reduce<Session>(
        (before, event) => session.evolve(before, { ...event, occurredAt: clock(5 * day) }),
        state,
      )
      expect(command(after)).toEqual({ kind: 'happened', events: [] })
    }),
    seeded(),
  )
})
