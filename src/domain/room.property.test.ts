import fc from 'fast-check'
import { expect, test } from 'vitest'
import { controls } from '../../test/fixtures/events.ts'
import { ada, bob, eve } from '../../test/fixtures/people.ts'
import { asStored } from '../../test/support/given.ts'
import {
  command,
  commanded,
  directBeginning,
  directCommand,
  directed,
  eventful,
  played,
  taken,
} from '../../test/support/roomHistory.ts'
import { seeded } from '../../test/support/seeded.ts'
import { mayRead } from './access.ts'
import * as conversation from './conversation.ts'
import type { ConversationEvent } from './events.ts'

const owners = (state: conversation.OpenConversation): number =>
  [...state.members.values()].filter(({ role }) => role === 'OWNER').length

test('done twice, every command yields nothing the second time', () => {
  let repeated = 0
  fc.assert(
    fc.property(eventful(), command, (steps, step) => {
      const history = played(steps)
      const { decision, after } = taken(history, step)
      if (decision.kind === 'refused') return
      repeated++
      const again = step.decide(after)
      // Who left a private room by it is not even told that it is there.
      const sees = mayRead(after.state, step.by)
      if (again.kind === 'refused' && !sees) expect(again.code).toBe('NOT_FOUND')
      else expect(again).toEqual({ kind: 'happened', events: [] })
    }),
    seeded({ numRuns: 2_000 }),
  )
  expect(repeated).toBeGreaterThan(200)
})

test('done twice, every command of a direct conversation yields nothing the second time', () => {
  let repeated = 0
  fc.assert(
    fc.property(directed(), directCommand, (steps, step) => {
      const { decision, after } = taken(played(steps, directBeginning), step)
      if (decision.kind === 'refused') return
      repeated++
      expect(step.decide(after)).toEqual({ kind: 'happened', events: [] })
    }),
    seeded({ numRuns: 500 }),
  )
  expect(repeated).toBeGreaterThan(100)
})

test('a private room has no slug, a public one has one and shows its whole history', () => {
  fc.assert(
    fc.property(commanded(), (steps) => {
      const { state } = played(steps)
      if (state.status === 'none' || state.kind !== 'ROOM') return
      expect(state.slug === undefined).toBe(state.visibility === 'PRIVATE')
      if (state.visibility === 'PUBLIC') expect(state.historyVisibility).toBe('ALL')
    }),
    seeded({ numRuns: 300 }),
  )
})

test('into a private room nobody comes without an invitation that they have not declined', () => {
  fc.assert(
    fc.property(commanded(), (steps) => {
      let history = played([])
      for (const step of steps) {
        const { decision, after } = taken(history, step)
        const { state, declined } = history
        if (decision.kind === 'happened' && state.status === 'exists' && state.visibility === 'PRIVATE')
          for (const { type, data } of decision.events)
            if (type === 'UserJoined')
              expect(state.invited.get(data.userId)).toBeGreaterThan(declined.get(data.userId) ?? -1)
        history = after
      }
    }),
    seeded({ numRuns: 300 }),
  )
})

test('ORDER: numbers of messages are 1, 2, 3 … without holes, and the state knows the last', () => {
  fc.assert(
    fc.property(eventful(), (steps) => {
      const { events, state } = played(steps)
      const numbers = events.flatMap((event) => (event.type === 'MessageSent' ? [event.data.number] : []))
      expect(numbers).toEqual(numbers.map((_, index) => index + 1))
      expect(state.status === 'exists' && state.lastNumber).toBe(numbers.length)
    }),
    seeded({ numRuns: 300 }),
  )
})

test('the number of owners is that of the members who are owners, and commands leave no one without an owner', () => {
  fc.assert(
    fc.property(eventful(), commanded(), (anyhow, byCommands) => {
      const { state: any } = played(anyhow)
      if (any.status === 'exists') expect(any.owners).toBe(owners(any))
      const { state } = played(byCommands)
      if (state.status === 'exists')
        expect(state.owners > 0 || state.members.size === 0 || wasEmpty(byCommands)).toBe(true)
    }),
    seeded({ numRuns: 300 }),
  )
})

/** Whoever joins a room that all have left does not own it, and a server's owner may remove its last one. */
const wasEmpty = (steps: Parameters<typeof played>[0]): boolean =>
  steps.some((_, index) => {
    const { state } = played(steps.slice(0, index + 1))
    return state.status === 'exists' && state.members.size === 0
  })

test('nobody who is banned is a member, and nobody is invited who is one', () => {
  fc.assert(
    fc.property(commanded(), (steps) => {
      const { state } = played(steps)
      if (state.status === 'none') return
      for (const user of state.members.keys()) expect(state.bans.has(user) || state.invited.has(user)).toBe(false)
    }),
    seeded({ numRuns: 200 }),
  )
})

const roomTypes: ReadonlySet<string> = new Set(
  Object.keys(controls).filter((type) => /^(Room|Member|Message|DM)|^User(Joined|Left|Invited)$/.test(type)),
)

const whole: fc.Arbitrary<ConversationEvent> = fc.oneof(
  fc.constantFrom<ConversationEvent>(
    ...Object.values(controls).filter((event): event is ConversationEvent => roomTypes.has(event.type)),
  ),
  fc
    .tuple(fc.constantFrom(ada, bob, eve), fc.constantFrom('OWNER' as const, 'MODERATOR' as const, 'MEMBER' as const))
    .map(([userId, role]) => ({ type: 'UserJoined' as const, data: { userId, role, atNumber: 0 } })),
)

test('the fold takes any events in any order, and still counts its owners', () => {
  fc.assert(
    fc.property(fc.array(whole, { maxLength: 40 }), (events) => {
      const state = events.reduce<conversation.Conversation>(
        (before, event, index) => conversation.evolve(before, asStored(event, index)),
        conversation.initial,
      )
      if (state.status === 'exists') expect(state.owners).toBe(owners(state))
      else expect(events.some(({ type }) => type === 'RoomCreated')).toBe(false)
    }),
    seeded({ numRuns: 300 }),
  )
})
