// Stories about one aggregate: given what has happened, when somebody asks for something, then this happens.
//
//   const given = storiesOf(room)
//   given(roomCreated(), userJoined(ada), memberBanned(ada)).when(join, { user: ada }).refused('FORBIDDEN')

import { expect } from 'vitest'
import type { Decision, Refusal, RefusalCode } from '../../src/domain/decision.ts'
import type { Envelope, EventOf, EventType, ParleyEvent } from '../../src/domain/events.ts'
import type { Told } from '../fixtures/events.ts'
import { clock } from '../fixtures/people.ts'

/** What the log says of an event besides what a rule decided. */
export type Context = Pick<Envelope, 'id' | 'revision' | 'occurredAt' | 'actor'>

/** The two things of an aggregate that a story needs. */
interface Rules<State, Seen extends { readonly type: EventType }> {
  readonly initial: State
  /** `Seen`: an event of the aggregate with what the fold wants of its context. */
  evolve(state: State, event: Seen): State
}

/** A raw id for the event of this revision, unlike every id in the fixtures. */
const idOf = (revision: number): string => `f0000000-0000-4000-8000-${revision.toString(16).padStart(12, '0')}`

/** An event as the fold sees it: the `revision`-th of its stream; a second passes between two events. */
export const asStored = <E extends ParleyEvent>(event: E & Told, revision: number): E & Context => ({
  ...event,
  id: event.id ?? idOf(revision),
  revision,
  occurredAt: event.occurredAt ?? clock(revision),
})

export interface Outcome<State> {
  readonly decision: Decision<ParleyEvent>
  /** The state after what happened, if anything did. */
  readonly state: State
  /** Exactly these events happened, at least one. */
  happened(...events: readonly ParleyEvent[]): void
  /** It was refused with this code, with a sentence for people. */
  refused(code: RefusalCode, field?: string): Refusal
  /** It had taken effect before: no event, no refusal. */
  nothing(): void
}

export interface Given<State> {
  readonly state: State
  when<A extends readonly unknown[]>(
    command: (state: State, ...asked: A) => Decision<ParleyEvent>,
    ...asked: A
  ): Outcome<State>
}

/** @returns `given`, for stories about this aggregate */
export function storiesOf<State, Seen extends { readonly type: EventType }>({ initial, evolve }: Rules<State, Seen>) {
  type E = EventOf<Seen['type']>
  const fold = (state: State, events: readonly (E & Told)[], from: number): State =>
    // What is stored has the whole context, so whatever part of it the fold wants.
    events.reduce((before, event, index) => evolve(before, asStored(event, from + index) as unknown as Seen), state)

  return (...events: readonly (E & Told)[]): Given<State> => {
    const state = fold(initial, events, 0)
    return {
      state,
      when(command, ...asked) {
        const decision = command(state, ...asked)
        return {
          decision,
          // A command of this aggregate decides events of this aggregate.
          state:
            decision.kind === 'happened' ? fold(state, decision.events as readonly (E & Told)[], events.length) : state,
          happened: (...expected) => expect(decision).toEqual({ kind: 'happened', events: expected }),
          refused(code, field) {
            expect(decision).toMatchObject({ kind: 'refused', code, ...(field === undefined ? undefined : { field }) })
            if (decision.kind !== 'refused') throw new Error('It was not refused.')
            expect(decision.detail).toMatch(/^[A-Z].*[.]$/)
            return decision
          },
          nothing: () => expect(decision).toEqual({ kind: 'happened', events: [] }),
        }
      },
    }
  }
}
